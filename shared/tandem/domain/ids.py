"""Which names things go by: distinct types, and ids that are functions of their cause.

1. An id that we invent for a consequence is derived from the fact that caused it, so a replay
   or a second copy produces the same id and the log refuses the duplicate.
2. A venue order of ours carries a tag in its client id: `cause_of` reads it back, so that an
   order whose decision was lost can still be adopted into its bucket.
3. Canonical client ids are 32 lower-case hex digits. Both venues accept them: Hyperliquid as
   `0x…` 128-bit cloids, Binance as plain text (36 characters at most).
"""

import hashlib
import re
from typing import NamedTuple, NewType

Exc = NewType("Exc", str)
Ticker = NewType("Ticker", str)
Strategy = NewType("Strategy", str)
Pool = NewType("Pool", str)
HedgeId = NewType("HedgeId", str)
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
ExecId = NewType("ExecId", str)
Token = NewType("Token", str)

TAKER_TAG = "7a4d"
MAKER_TAG = "7a4e"
STRATEGY_TAG = "7a4f"
CLOID_HEX_DIGITS = 32
REQUOTE_DIGITS = 4
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CALL_TOKEN = re.compile(r"[A-Za-z0-9_]{1,64}")


# How Hyperliquid's trades were named until their time was left out of it: time, order, trade.
_FORMER_EXEC_ID = re.compile(r"\d{1,19}-(?P<oid>\d{1,19})-(?P<tid>[1-9]\d{0,18})")


def exec_key(exec_id: ExecId) -> ExecId:
    """Return the one identity of an execution, of what a log may hold under a former one too.

    A trade that was told again with another time was another one under the former identity.
    """
    former = _FORMER_EXEC_ID.fullmatch(exec_id)
    return ExecId(f"{former['oid']}-{former['tid']}") if former else exec_id


def _digest(text: str, digits: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()[:digits]


def bucket_hash(exc: Exc, ticker: Ticker, pool: Pool) -> str:
    """Return the 12 hex digits by which a taker's client id names its bucket."""
    return _digest(f"{exc}\0{ticker}\0{pool}", 12)


def maker_cloid(hedge_id: HedgeId, requote: int = 0) -> ClientOrderId:
    """Return the client id of a hedge's maker order (`requote` counts re-quotes)."""
    return ClientOrderId(f"0x{MAKER_TAG}{_digest(f'{hedge_id}', 24)}{requote:0{REQUOTE_DIGITS}x}")


def taker_cloid(bucket: str, epoch: int, ordinal: int, index: int) -> ClientOrderId:
    """Return a taker's client id: tag, bucket hash, epoch, ordinal, index; readable, not hashed.

    Raises:
        ValueError: epoch, ordinal or index that its digits cannot hold.
    """
    if not (0 <= epoch < 2**16 and 0 <= ordinal < 2**32 and 0 <= index < 2**16):
        raise ValueError(f"epoch={epoch} ordinal={ordinal} index={index} do not fit a client id")
    return ClientOrderId(f"0x{TAKER_TAG}{bucket}{epoch:04x}{ordinal:08x}{index:04x}")


def is_taker_cloid(cloid: str) -> bool:
    return cloid.startswith(f"0x{TAKER_TAG}") and len(cloid) == CLOID_HEX_DIGITS + 2


def is_maker_cloid(cloid: str) -> bool:
    return cloid.startswith(f"0x{MAKER_TAG}") and len(cloid) == CLOID_HEX_DIGITS + 2


class TakerName(NamedTuple):
    """What a taker's client id says."""

    bucket: str
    epoch: int
    ordinal: int
    nth: int


def taker_name(cloid: str) -> TakerName | None:
    """Read a taker's client id back; None: it is none, or not spelled as `taker_cloid` does."""
    if not is_taker_cloid(cloid):
        return None
    try:
        numbers = (int(cloid[18:22], 16), int(cloid[22:30], 16), int(cloid[30:], 16))
    except ValueError:
        return None
    name = TakerName(cloid[6:18], *numbers)
    return name if cloid == taker_cloid(*name) else None


def is_ours(cloid: str) -> bool:
    """Tell whether a client id has the shape that this system gives to its own orders."""
    return len(cloid) == CLOID_HEX_DIGITS + 2 and cloid.startswith("0x")


def is_reserved(cloid: str) -> bool:
    """Tell whether a client id has the form of a hedge's own maker or taker orders."""
    return is_ours(cloid) and cloid[2:6] in {MAKER_TAG, TAKER_TAG}


def is_made_here(cloid: str) -> bool:
    """Tell whether a client id has a form that only this system makes: hedges' or a strategy's."""
    name = cloid.lower()
    return is_reserved(name) or (is_ours(name) and name[2:6] == STRATEGY_TAG)


def is_plain_name(text: str) -> bool:
    """Tell whether a name is one token as it stands: letters, digits, `_` and `-`, at most 64."""
    return _PLAIN_NAME.fullmatch(text) is not None


def is_call_token(text: str) -> bool:
    """Tell whether a token may name a strategy's call; those with a dash name what Tandem does."""
    return _CALL_TOKEN.fullmatch(text) is not None
