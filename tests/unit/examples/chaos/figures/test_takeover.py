"""From a blow on the sender to the next order that the venue parsed from another one."""

from examples.chaos.figures.takeover import Struck, Takeover, sends_again_ms
from examples.walkthrough.venue_books import Request

MS = 1_000_000
SEEN = Takeover(Struck("gateway-binance", "kill", 7, 100 * MS), 1_500 * MS, has_standby=True)


def parsed(*at_ms: int) -> list[Request]:
    return [Request(f"c{ms}", ms * MS, "accepted") for ms in at_ms]


def test_what_the_dead_sender_left_on_the_wire_does_not_count() -> None:
    assert sends_again_ms(SEEN, parsed(99, 101, 1_620, 1_640)) == 1_520


def test_no_order_since_is_no_takeover_time() -> None:
    assert sends_again_ms(SEEN, parsed(99, 101)) is None


def test_the_lease_is_taken_before_the_next_order() -> None:
    assert SEEN.lease_ms == 1_400
