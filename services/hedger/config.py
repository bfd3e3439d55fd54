"""Which rules this copy implements: the defaults, or what its environment sets."""

from decimal import Decimal, InvalidOperation

from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules
from tandem.domain.errors import ConfigurationError
from tandem.messages.rules import is_plain
from tandem.runtime.config import Environment, Variable

BANDS = Variable("TANDEM_HEDGE_BANDS_BP", "taker bands by attempt, basis points", "5,10,20,40")
HARD_CAP = Variable("TANDEM_HEDGE_HARD_CAP_BP", "band that no taker exceeds, basis points", "50")
CLIP = Variable("TANDEM_HEDGE_CLIP_NOTIONAL", "largest notional of one taker; empty: the venue's")
SOFT_CAP = Variable(
    "TANDEM_HEDGE_SOFT_CAP_NOTIONAL", "naked notional from which nothing is delayed", "10000"
)
HOLD = Variable("TANDEM_HEDGE_HOLD_MS", "first wait of a held bucket, milliseconds", "5000")
STRANGER_HOLD = Variable(
    "TANDEM_HEDGE_STRANGER_HOLD_MS",
    "how long after somebody else's trade no maker is quoted that hedges there, milliseconds",
    "60000",
)
VARIABLES = (BANDS, HARD_CAP, CLIP, SOFT_CAP, HOLD, STRANGER_HOLD)


def hedge_rules(env: Environment) -> HedgeRules:
    """Read the rules; the log decides whether they are the ones in force."""
    default_bands = tuple(BANDS.default.split(","))
    bands = tuple(_positive(BANDS.name, word) for word in env.words(BANDS.name, default_bands))
    clip = env.optional(CLIP.name)
    return HedgeRules(
        bands_bp=bands,
        hard_cap_bp=_positive(HARD_CAP.name, env.text(HARD_CAP.name, HARD_CAP.default)),
        clip_notional=_positive(CLIP.name, clip) if clip is not None else None,
        soft_cap_notional=_positive(SOFT_CAP.name, env.text(SOFT_CAP.name, SOFT_CAP.default)),
        hold_ms=env.integer(HOLD.name, DEFAULT_RULES.hold_ms, least=1),
        system_hold_ms=env.integer(STRANGER_HOLD.name, DEFAULT_RULES.system_hold_ms, least=1),
    )


def _positive(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ConfigurationError(name, text, "a decimal") from error
    if not (is_plain(value) and value > 0):
        raise ConfigurationError(name, text, "a positive finite decimal")
    return value
