"""A request in doubt whose nonce can be used up: what that proves, and when nobody asks for it."""

from tandem.domain.execution import OutcomeKind
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core.effects import Kill
from tandem.gateway.core.pending_order import Phase
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import Stamp
from tests.unit.tandem.gateway.sending import (
    CLOID,
    MS,
    TIMEOUT_MS,
    WINDOW_MS,
    at,
    fill_report,
    outcome,
    reports,
    ticket_of,
    write,
)

STAMP = Stamp(1, 0, 0, WINDOW_MS)


def doubtful(valid_for_ms: int = 5_000) -> Sender:
    """A sender at a venue with nonces, whose one order has had no answer."""
    sender = Sender(WINDOW_MS, TIMEOUT_MS, kills_nonces=True)
    sender.backfilled_seq = 0
    sender.pass_fence(at(0))
    sender.take(ticket_of(valid_for_ms=valid_for_ms))
    write(sender, 1, 0)
    return sender


def kills(sender: Sender, ms: int) -> list[Kill]:
    return [effect for effect in sender.tick(at(ms)) if isinstance(effect, Kill)]


def test_doubt_asks_once_to_use_up_the_nonce_of_its_request() -> None:
    sender = doubtful()
    assert kills(sender, TIMEOUT_MS) == [Kill(CLOID, STAMP)]
    assert kills(sender, TIMEOUT_MS + 1) == []


def test_free_nonce_proves_that_the_order_may_be_sent_again() -> None:
    sender = doubtful()
    sender.tick(at(TIMEOUT_MS))
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 5)) == ()
    assert sender.ready(urgent=False, mono_ns=TIMEOUT_MS * MS) is sender.get(CLOID)


def test_free_nonce_of_an_order_no_longer_valid_ends_it_as_not_sent() -> None:
    sender = doubtful(valid_for_ms=TIMEOUT_MS)
    sender.tick(at(TIMEOUT_MS))
    ended = reports(sender.killed(CLOID, 1, at(TIMEOUT_MS + 5)))
    assert [(one.order_status, one.reason) for one in ended] == [
        (OrderStatus.REJECTED, RejectReason.NOT_SENT)
    ]


def test_free_nonce_of_an_earlier_request_proves_nothing_of_a_later_one() -> None:
    sender = doubtful()
    sender.tick(at(TIMEOUT_MS))
    sender.killed(CLOID, 1, at(TIMEOUT_MS))
    write(sender, 2, TIMEOUT_MS)
    sender.answered(2, outcome(OutcomeKind.UNKNOWN), at(TIMEOUT_MS + 1))
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 2)) == ()
    assert sender.count(Phase.DOUBT) == 1


def test_answer_after_the_right_was_lost_proves_nothing() -> None:
    sender = doubtful()
    sender.tick(at(TIMEOUT_MS))
    sender.hold()
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 5)) == ()
    sender.pass_fence(at(TIMEOUT_MS + 6))
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 7)) == ()
    assert sender.count(Phase.DOUBT) == 1


def test_order_that_a_fill_shows_is_not_sent_again() -> None:
    sender = doubtful()
    sender.tick(at(TIMEOUT_MS))
    sender.take_fact(fill_report())
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 5)) == ()
    assert sender.count(Phase.DOUBT) == 1


def test_order_that_ended_meanwhile_stays_ended() -> None:
    sender = doubtful()
    sender.tick(at(TIMEOUT_MS))
    sender.reported(CLOID)
    assert sender.killed(CLOID, 1, at(TIMEOUT_MS + 5)) == ()


def test_nobody_asks_without_the_right_to_send_or_where_there_are_no_nonces() -> None:
    held, plain = doubtful(), doubtful()
    held.hold()
    plain._kills_nonces = False
    assert kills(held, TIMEOUT_MS) == kills(plain, TIMEOUT_MS) == []
