"""What an error text of the venue proves (Hyperliquid docs, Error responses).

1. What answers an action, as the error of one order or of the whole request, is a refusal, also in
   words that nobody has listed: the venue's success has another form.
2. It leaves the outcome open where it says that *something* was admitted (a duplicate nonce, a
   client id in use), or that the venue does not know either: UNKNOWN.
3. A text that is no answer to an action proves nothing unless it is listed.
4. The reason says what a refusal is about: ACCOUNT and AUTH the whole account, others the order.
"""

import re
from dataclasses import dataclass
from typing import Final

from tandem.domain.execution import OutcomeKind
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.port.decoding import printable, shown

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
    ("Action disabled when unified account is active", REJECTED, RejectReason.ACCOUNT),
    ("Builder fee has not been approved", REJECTED, RejectReason.ACCOUNT),
    ("Only post-only orders allowed", REJECTED, RejectReason.MARKET_STATE),
    ("Trading is halted", REJECTED, RejectReason.MARKET_STATE),
    ("Too many open orders", REJECTED, RejectReason.OTHER),
    ("Error parsing JSON into valid websocket request", REJECTED, RejectReason.INVALID),
    ("Failed to parse the request body as JSON", REJECTED, RejectReason.INVALID),
    ("Failed to deserialize the JSON body", REJECTED, RejectReason.INVALID),
    ("Expected request with", REJECTED, RejectReason.INVALID),
)
# Words of a refusal that is none of this request. The text for a client id in use is not
# documented: whatever speaks of one, or of something that is there already, is looked up.
_OPEN: Final = re.compile(
    r"duplicate|already|cloid|client (?:order )?id|unknown|internal|time(?:d |-| )?out",
    re.IGNORECASE,
)
_GONE: Final = "Order was never placed, already canceled, or filled"
MAX_WORDS: Final = 300
REFUSING: Final = frozenset({400, 415, 422})
_HTTP_STATUS: Final = re.compile(r"\D{0,12}([1-5]\d\d)\b")
_LAYER_PREFIX: Final = "L1 error: "


def of_action(text: str) -> Verdict:
    """Judge the error that answers one order, or a whole action."""
    listed = _listed(text)
    if listed is not None:
        return listed
    kind = REJECTED if text.strip() and _OPEN.search(text) is None else UNKNOWN
    return Verdict(kind, RejectReason.OTHER, _words(text))


def of_text(text: str) -> Verdict:
    """Judge a text that may have nothing to do with an action."""
    return _listed(text) or Verdict(UNKNOWN, RejectReason.OTHER, _words(text))


def _listed(text: str) -> Verdict | None:
    plain = text.removeprefix(_LAYER_PREFIX)
    for start, kind, reason in _TEXTS:
        if plain.startswith(start):
            return Verdict(kind, reason, _words(text))
    return None


def _words(text: str) -> str:
    """Return the venue's words as one line; an echo of what was sent is none of them."""
    said, _, _ = text.partition("{")
    return printable((said.rstrip(": ") or text)[:MAX_WORDS])


def of_http_status(status: int, text: str) -> Verdict:
    """Judge an HTTP answer other than 200: the venue's 4xx was refused unread, 5xx proves nothing.

    Another 4xx is no answer that the venue is known to give: it may be a proxy's.
    """
    said = printable(f"HTTP {status} {text}".strip()[:MAX_WORDS])
    if status == 429:
        return Verdict(NOT_EXECUTED, RejectReason.RATE_LIMIT, said)
    if status in REFUSING:
        return Verdict(REJECTED, RejectReason.INVALID, said)
    return Verdict(UNKNOWN, RejectReason.OTHER, said)


def of_post_error(text: str) -> Verdict:
    """Judge a `post` error, whose text mirrors an HTTP status and its description."""
    match = _HTTP_STATUS.match(text)
    return of_http_status(int(match[1]), text) if match else of_text(text)


def is_gone(text: str) -> bool:
    """Tell whether a cancel's answer says that the order is not open: to be asked about."""
    return text.startswith(_GONE)


ENDS: Final[dict[str, RejectReason | None]] = {
    "canceled": None,  # on the owner's request
    "marginCanceled": RejectReason.MARGIN,
    "vaultWithdrawalCanceled": RejectReason.ACCOUNT,
    "openInterestCapCanceled": RejectReason.MARKET_STATE,
    "selfTradeCanceled": RejectReason.OTHER,
    "reduceOnlyCanceled": RejectReason.REDUCE_ONLY,
    "siblingFilledCanceled": RejectReason.OTHER,
    "delistedCanceled": RejectReason.MARKET_STATE,
    "liquidatedCanceled": RejectReason.ACCOUNT,
    "outcomeSettledCanceled": RejectReason.MARKET_STATE,
    "scheduledCancel": RejectReason.OTHER,
    "internalCancel": RejectReason.OTHER,
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
REMAINDER: Final = "remainder of an IOC order"


def why(word: str, status: OrderStatus) -> tuple[RejectReason | None, str]:
    """Return why an order ended as it did, in a class and in the venue's word.

    The venue calls an IOC `filled` whose rest ended unfilled.
    """
    if status is OrderStatus.FILLED or not status.is_terminal:
        return None, ""
    if word == "filled":
        return RejectReason.NO_MATCH, REMAINDER
    reason = ENDS.get(word, RejectReason.OTHER)
    return reason, "" if reason is None else shown(word)
