"""Each text of the venue's catalogue and what it proves."""

import pytest

from services.gateway_hyperliquid.protocol.errors import (
    is_gone,
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


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Price must be divisible by tick size. asset=1", REJECTED, RejectReason.INVALID),
        ("Order must have minimum value of $10. asset=1", REJECTED, RejectReason.SIZE),
        ("Insufficient margin to place order. asset=1", REJECTED, RejectReason.MARGIN),
        ("Reduce only order would increase position.", REJECTED, RejectReason.REDUCE_ONLY),
        (
            "Order could not immediately match against any resting orders. asset=1",
            REJECTED,
            RejectReason.NO_MATCH,
        ),
        (
            "Order price cannot be more than 95% away from the reference price",
            REJECTED,
            RejectReason.NO_MATCH,
        ),
        (
            "Order would increase open interest while open interest is capped",
            REJECTED,
            RejectReason.MARKET_STATE,
        ),
        ("Order value too large. Max is $5000000.", REJECTED, RejectReason.SIZE),
        ("Invalid nonce: nonce too low 1 < 2", NOT_EXECUTED, RejectReason.CLOCK),
        ("Action already expired", NOT_EXECUTED, RejectReason.CLOCK),
        ("User or API Wallet 0x1 does not exist.", REJECTED, RejectReason.AUTH),
        ("L1 error: User or API Wallet 0x1 does not exist.", REJECTED, RejectReason.AUTH),
        ("Must deposit before performing actions. User: 0x1", REJECTED, RejectReason.AUTH),
        ("too many pending post requests id=4", NOT_EXECUTED, RejectReason.RATE_LIMIT),
    ],
)
def test_a_listed_text_is_proof(text: str, kind: OutcomeKind, reason: RejectReason) -> None:
    verdict = of_text(text)

    assert (verdict.kind, verdict.reason, verdict.text) == (kind, reason, text)


@pytest.mark.parametrize(
    "text",
    [
        "Invalid nonce: duplicate nonce 1764221206959",
        "Order with this cloid is already open. asset=0",
        "Something nobody has seen",
        "",
    ],
)
def test_any_other_text_proves_nothing(text: str) -> None:
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
