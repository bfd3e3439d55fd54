"""Which settings enter a number, and the hash by which the log names them (pure).

1. Every copy folds with the rules that the log made active last, never with its own; only a copy
   whose own rules are the active ones proposes. So deltas and timers are the same everywhere.
2. The hash covers the version of the fold: a build that decides differently has other rules.
"""

import hashlib
from decimal import Decimal

import msgspec
from msgspec.structs import astuple

from tandem.messages.hedges import Rules
from tandem.messages.rules import is_plain

FOLD_VERSION = "hedger-13"
MOST_MS = 10**12  # some thirty years


class HedgeRules(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of sizing, price bands and pace. Times in ms, prices in basis points.

    bands_bp: how far from its reference a taker may trade, by attempt; then hard_cap_bp.
    backoff_ms: the delay before the n-th quick try; the last one repeats.
    rate_limit_ms, hold_ms: the delay after a rate limit, and the first of a hold.
    table_ms: how long a try waits for the instrument table that its refusal has called for.
    clip_notional: largest notional of one taker (None: only the venue's maximum).
    soft_cap_notional: naked notional from which coalescing no longer delays.
    doubt_window_ms: two takers that fall in doubt within it make their account sick.
    session_ms: how long a gateway's word about its session holds.
    system_hold_ms: how long after somebody else's trade no maker is quoted that hedges there.
    settle_ms: how long a cancelled maker whose final quantity the venue has not proven counts
        as unfinished in its hedge's state (its fills are hedged whenever they come).
    keep_ms: how long a finished hedge stays on its page; watch_ms: how long late facts about a
        finished order are still understood (the retention).
    """

    bands_bp: tuple[Decimal, ...] = (Decimal(5), Decimal(10), Decimal(20), Decimal(40))
    hard_cap_bp: Decimal = Decimal(50)
    backoff_ms: tuple[int, ...] = (0, 50, 100, 250, 500)
    rate_limit_ms: int = 1_000
    hold_ms: int = 5_000
    table_ms: int = 1_000
    clip_notional: Decimal | None = None
    soft_cap_notional: Decimal = Decimal(10_000)
    doubt_window_ms: int = 3_000
    session_ms: int = 90_000
    system_hold_ms: int = 60_000
    settle_ms: int = 2_000
    keep_ms: int = 600_000
    watch_ms: int = 172_800_000


DEFAULT_RULES = HedgeRules()

_encoder = msgspec.json.Encoder(decimal_format="string", order="deterministic")
_decoder = msgspec.json.Decoder(HedgeRules)


def settings_text(rules: HedgeRules) -> str:
    return _encoder.encode(rules).decode()


def rules_hash(settings: str) -> str:
    """Return the name of these settings under this version of the fold."""
    text = f"{FOLD_VERSION}\0{settings}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def to_fact(rules: HedgeRules, ordinal: int = 1) -> Rules:
    settings = settings_text(rules)
    return Rules(rules=rules_hash(settings), settings=settings, ordinal=ordinal)


def from_fact(fact: Rules) -> HedgeRules | None:
    """Return the logged settings, or None where this build does not implement them."""
    if rules_hash(fact.settings) != fact.rules:
        return None
    try:
        rules = _decoder.decode(fact.settings)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return rules if _is_sound(rules) else None


def _is_sound(rules: HedgeRules) -> bool:
    """Tell whether a fold can decide by these settings; a hash proves no sense."""
    numbers = (*rules.bands_bp, rules.hard_cap_bp, rules.soft_cap_notional)
    clip = rules.clip_notional if rules.clip_notional is not None else Decimal(1)
    whole = [one for one in astuple(rules) if isinstance(one, int)]
    return (
        all(is_plain(one) and one >= 0 for one in numbers)
        and is_plain(clip)
        and clip > 0
        and bool(rules.backoff_ms)
        and all(0 <= one <= MOST_MS for one in (*whole, *rules.backoff_ms))
    )
