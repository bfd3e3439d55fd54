"""A decision is held while nobody sends for its account, and never for good."""

from services.hedger.fold.senders import (
    MOST_HELD_NS,
    MOST_UNHEARD_NS,
    SILENT_NS,
    Senders,
)
from tandem.domain.ids import Exc

EXC = Exc("binance")
OTHER = Exc("hyperliquid")
AT = 1_000_000_000_000


def heard(at_ns: int = AT) -> Senders:
    senders = Senders()
    senders.listen(EXC, at_ns)
    senders.hear(EXC, at_ns)
    return senders


def test_e6_what_a_silent_sender_could_only_look_up_is_decided_later() -> None:
    senders = heard()
    assert not senders.holds(EXC, AT + SILENT_NS)
    assert senders.holds(EXC, AT + SILENT_NS + 1)


def test_e6_a_sender_that_is_back_releases_what_was_held() -> None:
    senders = heard()
    assert senders.hear(EXC, AT + SILENT_NS + 1), "it was silent: what was held goes now"
    assert not senders.holds(EXC, AT + SILENT_NS + 2)
    assert not senders.hear(EXC, AT + SILENT_NS + 3), "it was not: nothing was held"


def test_e6_silence_holds_for_a_while_and_not_for_good() -> None:
    senders = heard()
    assert senders.holds(EXC, AT + MOST_HELD_NS - 1)
    assert not senders.holds(EXC, AT + MOST_HELD_NS)


def test_e6_a_gateway_that_never_says_that_it_sends_stops_no_hedge() -> None:
    senders = Senders()
    senders.listen(EXC, AT)
    assert senders.holds(EXC, AT + 1)
    assert not senders.holds(EXC, AT + MOST_UNHEARD_NS)
    assert MOST_UNHEARD_NS < MOST_HELD_NS


def test_nothing_is_held_before_anybody_could_be_heard() -> None:
    senders = Senders()
    assert not senders.listens(EXC)
    assert not senders.holds(EXC, AT)


def test_each_account_has_its_own_sender() -> None:
    senders = heard()
    senders.listen(OTHER, AT)
    senders.hear(OTHER, AT + MOST_HELD_NS - 1)
    assert senders.holds(EXC, AT + MOST_HELD_NS - 1)
    assert not senders.holds(OTHER, AT + MOST_HELD_NS - 1)
