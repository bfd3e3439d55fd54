"""What counts as up: a copy from its start to its end, an exchange while no fault is on."""

from examples.chaos.figures.uptime import Spell, Uptime, begin, service_of


class WallTime:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.ms = 0

    def ns(self) -> int:
        return self.ms * 1_000_000


def test_a_copy_is_up_from_its_start_to_its_end() -> None:
    time = WallTime()
    uptime = Uptime(time.ns)
    begin(uptime, ["hedger", "hedger-2"], ["nats"])
    time.ms = 5
    uptime.down("hedger-2")
    time.ms = 9
    uptime.up("hedger-2", "hedger")
    assert set(uptime.all()) == {
        Spell("hedger", "hedger-2", 0, 5),
        Spell("hedger", "hedger-2", 9),
        Spell("hedger", "hedger", 0),
        Spell("nats", "nats", 0),
    }


def test_what_is_down_already_goes_down_no_further() -> None:
    uptime = Uptime(lambda: 0)
    uptime.down("hedger")
    assert uptime.all() == ()


def test_an_exchange_is_up_again_when_its_last_fault_is_over() -> None:
    time = WallTime()
    uptime = Uptime(time.ns)
    begin(uptime, [], ["paper-binance"])
    for ms, tell in ((1, uptime.fault), (2, uptime.fault), (3, uptime.healed), (4, uptime.healed)):
        time.ms = ms
        tell("paper-binance")
    spells = [(spell.from_ms, spell.until_ms) for spell in uptime.all()]
    assert spells == [(0, 1), (4, None)]


def test_copies_of_one_service_share_its_name() -> None:
    assert service_of("gateway-binance-2") == service_of("gateway-binance") == "gateway-binance"
