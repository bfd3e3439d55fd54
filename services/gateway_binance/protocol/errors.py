"""What the venue's answer proves about a new order: rejected, not executed, or unknown.

1. A 4xx with a code of the venue is a refusal, also with a code that nobody has listed: the
   request was at fault (Binance docs, general info, HTTP return codes). Only the codes that are
   listed as UNKNOWN leave the outcome open, and so does every other answer.
2. A duplicate client id means that an order of that id rests now: look it up, never reject it.
3. The code decides before the HTTP status, the status before the text; but HTTP 408 is a timeout
   whatever comes with it.
4. The reason says what a refusal is about: ACCOUNT and AUTH the whole account, others the order.
"""

import re

from msgspec import Struct

from tandem.domain.execution import OutcomeKind
from tandem.domain.order import RejectReason


class Verdict(Struct, frozen=True):
    """How a request ended: `reason` matters when it was refused, `is_throttle` asks to wait."""

    kind: OutcomeKind
    reason: RejectReason = RejectReason.OTHER
    is_throttle: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """A refusal as received: HTTP status (or its twin on the WebSocket API), code, text."""

    status: int
    code: int | None = None
    text: str = ""

    @property
    def words(self) -> str:
        """The refusal as one line for people."""
        code = "" if self.code is None else f" {self.code}"
        return f"HTTP {self.status}{code} {self.text}".rstrip()


def _rejected(reason: RejectReason) -> Verdict:
    return Verdict(OutcomeKind.REJECTED, reason)


UNKNOWN = Verdict(OutcomeKind.UNKNOWN)

_INVALID = _rejected(RejectReason.INVALID)
_SIZE = _rejected(RejectReason.SIZE)
_NO_MATCH = _rejected(RejectReason.NO_MATCH)
_MARGIN = _rejected(RejectReason.MARGIN)
_REDUCE = _rejected(RejectReason.REDUCE_ONLY)
_STATE = _rejected(RejectReason.MARKET_STATE)
_AUTH = _rejected(RejectReason.AUTH)
_ACCOUNT = _rejected(RejectReason.ACCOUNT)
_OTHER = _rejected(RejectReason.OTHER)
_CLOCK = Verdict(OutcomeKind.NOT_EXECUTED, RejectReason.CLOCK)
_THROTTLED = Verdict(OutcomeKind.NOT_EXECUTED, RejectReason.RATE_LIMIT, is_throttle=True)
_BANNED = Verdict(OutcomeKind.NOT_EXECUTED, RejectReason.AUTH, is_throttle=True)

CODES: dict[int, Verdict] = {
    -1000: UNKNOWN,  # an unknown error occurred
    -1001: UNKNOWN,  # internal error: documented as a failure, looked up all the same
    -1002: _AUTH,  # not authorized for this request
    -1003: _THROTTLED,  # too many requests, or address banned
    -1006: UNKNOWN,  # unexpected response from the message bus
    -1007: UNKNOWN,  # timeout waiting for the backend
    -1008: _THROTTLED,  # system-level protection
    -1011: _AUTH,  # address without access to this route
    -1013: _INVALID,  # message
    -1014: _INVALID,  # combination of an order's parameters
    -1015: _THROTTLED,  # too many new orders
    -1016: _OTHER,  # service no longer available
    -1020: _INVALID,  # operation not supported
    -1021: _CLOCK,  # outside recvWindow, or ahead of the server
    -1022: _AUTH,  # signature
    -1099: _AUTH,  # not found, unauthenticated or unauthorized
    -1100: _INVALID,  # illegal characters
    -1101: _INVALID,  # too many parameters
    -1102: _INVALID,  # mandatory parameter
    -1103: _INVALID,  # unknown parameter
    -1104: _INVALID,  # parameters that were not read
    -1105: _INVALID,  # empty parameter
    -1106: _INVALID,  # parameter sent when not required
    -1108: _INVALID,  # asset
    -1109: _ACCOUNT,  # invalid account
    -1110: _INVALID,  # symbol type
    -1111: _SIZE,  # precision over the maximum
    -1112: _NO_MATCH,  # no orders in the book
    -1114: _INVALID,  # timeInForce sent when not required
    -1115: _INVALID,  # timeInForce
    -1116: _INVALID,  # order type
    -1117: _INVALID,  # side
    -1118: _INVALID,  # empty client order id
    -1119: _INVALID,  # empty original client order id
    -1121: _INVALID,  # symbol
    -1122: _STATE,  # symbol status
    -1125: _OTHER,  # listen key
    -1126: _INVALID,  # asset not supported
    -1128: _INVALID,  # combination of optional parameters
    -1130: _INVALID,  # data of a parameter
    -1136: _INVALID,  # newOrderRespType
    -2010: _OTHER,  # new order rejected; see DUPLICATE_TEXT
    -2011: UNKNOWN,  # unknown order: no answer to a new one
    -2013: UNKNOWN,  # order does not exist: evidence of absence, not proof
    -2014: _AUTH,  # API-key format
    -2015: _AUTH,  # API-key, address or permission
    -2016: _STATE,  # no trading window
    -2017: _AUTH,  # API keys locked
    -2018: _MARGIN,  # balance
    -2019: _MARGIN,  # margin
    -2020: _NO_MATCH,  # unable to fill
    -2021: _OTHER,  # would immediately trigger
    -2022: _REDUCE,  # reduce-only rejected
    -2023: _ACCOUNT,  # in liquidation
    -2024: _REDUCE,  # position not sufficient
    -2025: _OTHER,  # open orders of the symbol
    -2026: _REDUCE,  # type does not support reduce-only
    -2027: _MARGIN,  # position cap of the leverage
    -2028: _MARGIN,  # leverage too small for the margin
    -4001: _INVALID,  # price less than 0
    -4002: _INVALID,  # price over the maximum
    -4003: _SIZE,  # quantity rounded to 0
    -4004: _SIZE,  # quantity under the minimum
    -4005: _SIZE,  # quantity over the maximum
    -4013: _INVALID,  # price under the minimum
    -4014: _INVALID,  # tick
    -4015: _INVALID,  # client order id
    -4016: _NO_MATCH,  # over the mark price cap
    -4023: _SIZE,  # step
    -4024: _NO_MATCH,  # under the mark price floor
    -4050: _MARGIN,  # cross balance
    -4051: _MARGIN,  # isolated balance
    -4056: _AUTH,  # type of the API key
    -4057: _AUTH,  # public key
    -4060: _INVALID,  # position side
    -4061: _ACCOUNT,  # position side differs from the account's mode
    -4062: _REDUCE,  # improper reduceOnly
    -4084: _STATE,  # method not allowed yet
    -4087: _ACCOUNT,  # reduce-only account
    -4088: _ACCOUNT,  # no permission to place orders
    -4109: _ACCOUNT,  # inactive account
    -4116: UNKNOWN,  # the client id is open: that order is looked up and taken over
    -4117: UNKNOWN,  # conditional order mid-trigger
    -4118: _REDUCE,  # resting reduce-only orders already cover the position
    -4120: _INVALID,  # type belongs to the algo endpoint
    -4131: _NO_MATCH,  # PERCENT_PRICE of a market order
    -4140: _STATE,  # symbol may not open positions
    -4141: _STATE,  # symbol closed
    -4142: _OTHER,  # would trigger at once
    -4164: _SIZE,  # minimum notional
    -4183: _NO_MATCH,  # price cap
    -4184: _NO_MATCH,  # price floor
    -4192: _ACCOUNT,  # cooling-off period
    -4202: _STATE,  # leverage: verification needed
    -4203: _STATE,  # leverage: account too young
    -4205: _STATE,  # leverage: account too young
    -4206: _STATE,  # leverage: country
    -4208: _STATE,  # leverage: position limit of the symbol
    -4209: _STATE,  # leverage: symbol
    -4400: _ACCOUNT,  # quantitative rules: reduce-only for a while
    -4401: _STATE,  # large position in the symbol
    -4402: _STATE,  # symbol not available for compliance
    -4403: _STATE,  # leverage: compliance
    -4531: _ACCOUNT,  # position mode kept in step with another account
    -4028: _INVALID,  # leverage
    -4046: _OTHER,  # margin type is already as wanted
    -4059: _OTHER,  # position mode is already as wanted
    -4067: _STATE,  # position mode: open orders exist
    -4068: _STATE,  # position mode: a position exists
    -5021: _NO_MATCH,  # FOK not fillable: nothing recorded
    -5022: _rejected(RejectReason.POST_ONLY),  # would have taken: nothing recorded
    -5024: _STATE,  # amend: symbol not trading
    -5025: _INVALID,  # amend: limit orders only
    -5026: _OTHER,  # amend: too many of one order
    -5027: _OTHER,  # amend: nothing changed
    -5028: _CLOCK,  # the engine's own recvWindow
    -5029: _SIZE,  # amend: minimum notional
    -5037: _INVALID,  # price match
    -5038: _INVALID,  # price match with this type
    -5039: _INVALID,  # self-trade prevention mode
    -5040: _INVALID,  # goodTillDate
    -5041: _NO_MATCH,  # no such level for the price match
    -5043: _OTHER,  # amend: another one is in flight
    -5047: _REDUCE,  # amend: the order is not reduce-only
}

STATUSES: dict[int, Verdict] = {
    403: _AUTH,  # web application firewall
    418: _BANNED,
    429: _THROTTLED,
}

TEXTS: dict[tuple[int, str], Verdict] = {
    (503, "service unavailable"): _THROTTLED,
    (503, "request throttled by system-level protection"): _THROTTLED,
}

TIMED_OUT = 408
REQUEST_CODES = range(-1199, -1099)  # 11xx: issues of the request
DUPLICATE_TEXT = "duplicate order sent"
NO_SUCH_ORDER = -2013
UNKNOWN_ORDER_SENT = -2011
LISTEN_KEY_GONE = -1125
_ORDER_REJECTED = -2010
_BANNED_UNTIL = re.compile(r"banned until (?P<ms>\d{10,16})")


def judge_order(answer: Answer) -> Verdict:
    """Return what a refusal proves about a new order."""
    text = answer.text.lower()
    if answer.status == 418:
        return _BANNED
    if answer.status == TIMED_OUT:
        return UNKNOWN
    if answer.code == _ORDER_REJECTED and DUPLICATE_TEXT in text:
        return UNKNOWN
    if answer.code in CODES:
        return CODES[answer.code]
    if answer.status in STATUSES:
        return STATUSES[answer.status]
    return _unlisted(answer) or _by_text(answer.status, text)


def _unlisted(answer: Answer) -> Verdict | None:
    """Return what a code that nobody has listed says: under a 4xx it is a refusal all the same."""
    if answer.code is None or answer.code >= 0 or not 400 <= answer.status < 500:
        return None
    if answer.status == 401:
        return _AUTH
    return _INVALID if answer.code in REQUEST_CODES else _OTHER


def _by_text(status: int, text: str) -> Verdict:
    for (listed, start), verdict in TEXTS.items():
        if status == listed and text.startswith(start):
            return verdict
    return UNKNOWN


def is_not_open(answer: Answer) -> bool:
    """Tell whether a cancel was refused because no such order is open: only a query tells why."""
    return answer.code in {UNKNOWN_ORDER_SENT, NO_SUCH_ORDER}


def is_absent(answer: Answer) -> bool:
    """Tell whether a query answered "no such order": evidence of absence, not yet proof."""
    return answer.code == NO_SUCH_ORDER


def banned_until_ms(text: str) -> int | None:
    """Return the end of an address ban as the -1003 text gives it, None when it does not."""
    match = _BANNED_UNTIL.search(text)
    return int(match["ms"]) if match else None
