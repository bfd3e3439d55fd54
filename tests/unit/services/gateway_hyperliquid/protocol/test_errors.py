"""Each text of the venue's catalogue and what it proves."""

import pytest

from services.gateway_hyperliquid.protocol import errors
from services.gateway_hyperliquid.protocol.errors import (
    is_gone,
    of_action,
    of_http_status,
    of_post_error,
    of_text,
)
from tandem.domain.execution import OutcomeKind
from tandem.domain.order import RejectReason

REJECTED, NOT_EXECUTED, UNKNOWN = (
    OutcomeKind.REJECTED,
    OutcomeKind.NOT_EXECUTED,
    OutcomeKind.UNKNOWN,
)


INVALID, SIZE, MARGIN = RejectReason.INVALID, RejectReason.SIZE, RejectReason.MARGIN
NO_MATCH, STATE, AUTH = RejectReason.NO_MATCH, RejectReason.MARKET_STATE, RejectReason.AUTH
ACCOUNT = RejectReason.ACCOUNT

# Hyperliquid docs, Error responses, and the whole-request refusals that clients report.
LISTED = [
    ("Price must be divisible by tick size. asset=1", REJECTED, INVALID),
    ("Order must have minimum value of $10. asset=1", REJECTED, SIZE),
    ("Order must have minimum value of 10 USDC. asset=10000", REJECTED, SIZE),
    ("Insufficient margin to place order. asset=1", REJECTED, MARGIN),
    ("Reduce only order would increase position. asset=1", REJECTED, RejectReason.REDUCE_ONLY),
    (
        "Post only order would have immediately matched, bbo was 2440.1@2440.2. asset=1",
        REJECTED,
        RejectReason.POST_ONLY,
    ),
    (
        "Order could not immediately match against any resting orders. asset=1",
        REJECTED,
        NO_MATCH,
    ),
    ("Invalid TP/SL price. asset=1", REJECTED, INVALID),
    ("No liquidity available for market order. asset=1", REJECTED, NO_MATCH),
    ("Order would increase open interest while open interest is capped", REJECTED, STATE),
    ("Order would increase open interest too quickly", REJECTED, STATE),
    (
        "Order rejected due to price more aggressive than oracle while at open interest cap",
        REJECTED,
        STATE,
    ),
    ("Order price too far from oracle. asset=1", REJECTED, NO_MATCH),
    ("Price too far from oracle", REJECTED, NO_MATCH),
    (
        "Order would cause position to exceed margin tier limit at current leverage",
        REJECTED,
        MARGIN,
    ),
    ("Insufficient spot balance asset=10000", REJECTED, MARGIN),
    ("Order has invalid price.", REJECTED, INVALID),
    ("Order has invalid size.", REJECTED, SIZE),
    ("Order has zero size.", REJECTED, SIZE),
    ("Orders are empty.", REJECTED, INVALID),
    ("Order price cannot be more than 95% away from the reference price", REJECTED, NO_MATCH),
    ("Order price cannot be more than 80% away from the reference price", REJECTED, NO_MATCH),
    ("Order value too large. Max is $5000000.", REJECTED, SIZE),
    ("Unexpected number of trigger orders", REJECTED, INVALID),
    ("Invalid nonce: duplicate nonce 1764221206959", UNKNOWN, RejectReason.OTHER),
    ("Invalid nonce: nonce too low 1 < 2", NOT_EXECUTED, RejectReason.CLOCK),
    ("Invalid nonce: nonce too high 2 > 1", NOT_EXECUTED, RejectReason.CLOCK),
    ("Action already expired", NOT_EXECUTED, RejectReason.CLOCK),
    (
        "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92. "
        "Place taker orders to free up 1 request per USDC traded.",
        NOT_EXECUTED,
        RejectReason.RATE_LIMIT,
    ),
    ("too many pending post requests id=4", NOT_EXECUTED, RejectReason.RATE_LIMIT),
    ("User or API Wallet 0x1 does not exist.", REJECTED, AUTH),
    ("L1 error: User or API Wallet 0x1 does not exist.", REJECTED, AUTH),
    ("Must deposit before performing actions. User: 0x1", REJECTED, AUTH),
    ("Unable to recover signer.", REJECTED, AUTH),
    ("Vault not registered: 0x1", REJECTED, AUTH),
    ("Mainnet and testnet require different signature.", REJECTED, AUTH),
    ("Multi-sig required", REJECTED, AUTH),
    ("Nonce mismatch.", REJECTED, INVALID),
    ("Action disabled when unified account is active", REJECTED, ACCOUNT),
    ("Builder fee has not been approved.", REJECTED, ACCOUNT),
    ("Only post-only orders allowed immediately after a network upgrade", REJECTED, STATE),
    ("Trading is halted.", REJECTED, STATE),
    ("Too many open orders. asset=1", REJECTED, RejectReason.OTHER),
    ("Failed to parse the request body as JSON", REJECTED, INVALID),
    ("Failed to deserialize the JSON body into the target type", REJECTED, INVALID),
    ("Expected request with `Content-Type: application/json`", REJECTED, INVALID),
    ("Error parsing JSON into valid websocket request", REJECTED, INVALID),
]


@pytest.mark.parametrize(("text", "kind", "reason"), LISTED)
def test_c3_every_listed_text_becomes(text: str, kind: OutcomeKind, reason: RejectReason) -> None:
    verdict = of_text(text)

    assert (verdict.kind, verdict.reason, verdict.text) == (kind, reason, text)
    assert of_action(text) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "Something nobody has seen. asset=3",
        "Cannot place orders in this market",
        "Unsupported",
        # Listed for actions that are no new order.
        "Cannot modify canceled or filled order",
        "Attempted to modify to invalid new order",
        "Error placing new order during modify: Insufficient margin to place order.",
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000.",
        "Cannot switch leverage type with open position.",
        "Position does not use isolated margin.",
    ],
)
def test_c3_an_unlisted_answer_to_an_action_is_a_refusal_in_its_own_words(text: str) -> None:
    verdict = of_action(text)

    assert (verdict.kind, verdict.reason, verdict.text) == (REJECTED, RejectReason.OTHER, text)


@pytest.mark.parametrize(
    "text",
    [
        "Order with this cloid is already open. asset=0",
        "Duplicate client order id",
        "Order exists already",
        "Order was never placed, already canceled, or filled. asset=0",
        "Internal error",
        "Unknown state of the order",
        "Request timed out",
        "Timeout",
        "",
    ],
)
def test_c3_an_answer_that_says_something_is_there_or_unknown_stays_open(text: str) -> None:
    verdict = of_action(text)

    assert (verdict.kind, verdict.text) == (UNKNOWN, text)


def test_c3_words_are_one_bounded_line_without_an_echo_of_the_request() -> None:
    echo = 'Error parsing JSON into valid websocket request: {"method":"post","id":77}'

    assert of_text(echo).text == "Error parsing JSON into valid websocket request"
    assert of_text('{"method":"post"}').text == '{"method":"post"}'
    assert of_action("a\nb" * 500).text == ("a?b" * 500)[:300]


def test_every_listed_text_is_tested() -> None:
    untested = [
        start
        for start, _, _ in errors._TEXTS
        if not any(text.startswith(start) for text, *_ in LISTED)
    ]
    assert untested == []


@pytest.mark.parametrize(
    "text",
    [
        "Invalid nonce: duplicate nonce 1764221206959",
        "Order with this cloid is already open. asset=0",
        "Something nobody has seen",
        "",
    ],
)
def test_a_text_that_answers_no_action_proves_nothing(text: str) -> None:
    assert of_text(text).kind is UNKNOWN


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (429, NOT_EXECUTED, RejectReason.RATE_LIMIT),
        (422, REJECTED, RejectReason.INVALID),
        (400, REJECTED, RejectReason.INVALID),
        (415, REJECTED, RejectReason.INVALID),
        (404, UNKNOWN, RejectReason.OTHER),
        (500, UNKNOWN, RejectReason.OTHER),
        (502, UNKNOWN, RejectReason.OTHER),
    ],
)
def test_http_statuses(status: int, kind: OutcomeKind, reason: RejectReason) -> None:
    verdict = of_http_status(status, "null")

    assert (verdict.kind, verdict.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("429 Too Many Requests", NOT_EXECUTED),
        ("HTTP status 500: internal", UNKNOWN),
        ("Failed to deserialize the JSON body into the target type", REJECTED),
        ("no number here, order 422", UNKNOWN),
    ],
)
def test_post_errors_mirror_http(text: str, kind: OutcomeKind) -> None:
    assert of_post_error(text).kind is kind


def test_a_cancel_of_a_gone_order_is_known_by_its_text() -> None:
    assert is_gone("Order was never placed, already canceled, or filled. asset=0")
    assert not is_gone("Order has invalid size.")
