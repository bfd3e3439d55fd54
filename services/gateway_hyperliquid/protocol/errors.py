"""What an error text of the venue proves (Hyperliquid docs, Error responses).

1. Only a text listed here proves that nothing was executed; any other leaves the outcome UNKNOWN,
   and the order is looked up.
2. A duplicate nonce and a client id in use say that *something* was admitted: UNKNOWN.
"""

import re
from dataclasses import dataclass
from typing import Final

from tandem.domain.execution import OutcomeKind
from tandem.domain.order import RejectReason

REJECTED: Final = OutcomeKind.REJECTED
NOT_EXECUTED: Final = OutcomeKind.NOT_EXECUTED
UNKNOWN: Final = OutcomeKind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a request ended, why, and the venue's own words."""

    kind: OutcomeKind
    reason: RejectReason
    text: str = ""


# Texts by how they begin. One order's text ends in " asset=N"; it may answer a whole batch too.
_TEXTS: Final[tuple[tuple[str, OutcomeKind, RejectReason], ...]] = (
    ("Price must be divisible by tick size", REJECTED, RejectReason.INVALID),
    ("Order must have minimum value of", REJECTED, RejectReason.SIZE),
    ("Insufficient margin to place order", REJECTED, RejectReason.MARGIN),
    ("Reduce only order would increase position", REJECTED, RejectReason.REDUCE_ONLY),
    ("Post only order would have immediately matched", REJECTED, RejectReason.POST_ONLY),
    ("Order could not immediately match", REJECTED, RejectReason.NO_MATCH),
    ("Invalid TP/SL price", REJECTED, RejectReason.INVALID),
    ("No liquidity available for market order", REJECTED, RejectReason.NO_MATCH),
    ("Order would increase open interest", REJECTED, RejectReason.MARKET_STATE),
    ("Order rejected due to price more aggressive", REJECTED, RejectReason.MARKET_STATE),
    ("Order price too far from oracle", REJECTED, RejectReason.NO_MATCH),
    ("Price too far from oracle", REJECTED, RejectReason.NO_MATCH),
    ("Order would cause position to exceed margin tier", REJECTED, RejectReason.MARGIN),
    ("Insufficient spot balance", REJECTED, RejectReason.MARGIN),
    ("Order has invalid price", REJECTED, RejectReason.INVALID),
    ("Order has invalid size", REJECTED, RejectReason.SIZE),
    ("Order has zero size", REJECTED, RejectReason.SIZE),
    ("Orders are empty", REJECTED, RejectReason.INVALID),
    ("Order price cannot be more than", REJECTED, RejectReason.NO_MATCH),
    ("Order value too large", REJECTED, RejectReason.SIZE),
    ("Unexpected number of trigger orders", REJECTED, RejectReason.INVALID),
    ("Invalid nonce: duplicate nonce", UNKNOWN, RejectReason.OTHER),
    ("Invalid nonce: nonce too", NOT_EXECUTED, RejectReason.CLOCK),
    ("Action already expired", NOT_EXECUTED, RejectReason.CLOCK),
    ("Too many cumulative requests sent", NOT_EXECUTED, RejectReason.RATE_LIMIT),
    ("too many pending post requests", NOT_EXECUTED, RejectReason.RATE_LIMIT),
    ("User or API Wallet", REJECTED, RejectReason.AUTH),
    ("Must deposit before performing actions", REJECTED, RejectReason.AUTH),
    ("Unable to recover signer", REJECTED, RejectReason.AUTH),
    ("Vault not registered", REJECTED, RejectReason.AUTH),
    ("Mainnet and testnet require different signature", REJECTED, RejectReason.AUTH),
    ("Multi-sig required", REJECTED, RejectReason.AUTH),
    ("Nonce mismatch", REJECTED, RejectReason.INVALID),
    ("Action disabled when unified account is active", REJECTED, RejectReason.MARKET_STATE),
    ("Failed to parse the request body as JSON", REJECTED, RejectReason.INVALID),
    ("Failed to deserialize the JSON body", REJECTED, RejectReason.INVALID),
    ("Expected request with", REJECTED, RejectReason.INVALID),
)
_GONE: Final = "Order was never placed, already canceled, or filled"
_HTTP_STATUS: Final = re.compile(r"\D{0,12}([1-5]\d\d)\b")
_LAYER_PREFIX: Final = "L1 error: "


def of_text(text: str) -> Verdict:
    """Judge the text that answers one order or a whole request."""
    plain = text.removeprefix(_LAYER_PREFIX)
    for start, kind, reason in _TEXTS:
        if plain.startswith(start):
            return Verdict(kind, reason, text)
    return Verdict(UNKNOWN, RejectReason.OTHER, text)


def of_http_status(status: int, text: str) -> Verdict:
    """Judge an HTTP answer other than 200: 4xx was refused unread, 5xx proves nothing."""
    said = f"HTTP {status} {text}".strip()
    if status == 429:
        return Verdict(NOT_EXECUTED, RejectReason.RATE_LIMIT, said)
    if status in {400, 415, 422}:
        return Verdict(REJECTED, RejectReason.INVALID, said)
    return Verdict(UNKNOWN, RejectReason.OTHER, said)


def of_post_error(text: str) -> Verdict:
    """Judge a `post` error, whose text mirrors an HTTP status and its description."""
    match = _HTTP_STATUS.match(text)
    return of_http_status(int(match[1]), text) if match else of_text(text)


def is_gone(text: str) -> bool:
    """Tell whether a cancel's answer says that the order is not open: to be asked about."""
    return text.startswith(_GONE)


REJECTED_STATUSES: Final[dict[str, RejectReason]] = {
    "rejected": RejectReason.OTHER,
    "tickRejected": RejectReason.INVALID,
    "minTradeNtlRejected": RejectReason.SIZE,
    "perpMarginRejected": RejectReason.MARGIN,
    "reduceOnlyRejected": RejectReason.REDUCE_ONLY,
    "badAloPxRejected": RejectReason.POST_ONLY,
    "iocCancelRejected": RejectReason.NO_MATCH,
    "badTriggerPxRejected": RejectReason.INVALID,
    "marketOrderNoLiquidityRejected": RejectReason.NO_MATCH,
    "positionIncreaseAtOpenInterestCapRejected": RejectReason.MARKET_STATE,
    "positionFlipAtOpenInterestCapRejected": RejectReason.MARKET_STATE,
    "tooAggressiveAtOpenInterestCapRejected": RejectReason.MARKET_STATE,
    "openInterestIncreaseRejected": RejectReason.MARKET_STATE,
    "insufficientSpotBalanceRejected": RejectReason.MARGIN,
    "oracleRejected": RejectReason.NO_MATCH,
    "perpMaxPositionRejected": RejectReason.MARGIN,
    "tooManyOpenOrdersRejected": RejectReason.OTHER,
}
