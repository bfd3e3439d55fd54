import pytest

from services.paper_exchange.market.channels import Channel, Silences
from services.paper_exchange.shell.conditions import Conditions, FaultRequest, Mute
from services.paper_exchange.shell.outage import Down, Outage
from services.paper_exchange.shell.venue_clock import Skew, VenueClock


class StillClock:
    """A clock that stands at one second."""

    def wall_ns(self) -> int:
        return 1_000_000_000

    def monotonic_ns(self) -> int:
        return 1_000_000_000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps, least of all {seconds} s")


class Sockets:
    """Connections that remember what was dropped."""

    def __init__(self) -> None:
        self.cuts: list[Channel] = []

    def cut(self, channel: Channel) -> None:
        self.cuts.append(channel)


class Room:
    """Conditions with everything they act on."""

    def __init__(self) -> None:
        self.clock = VenueClock(StillClock())
        self.outage = Outage(self.clock.monotonic_ns)
        self.sockets = Sockets()
        self.silences = Silences()
        self.conditions = Conditions(self.clock, self.outage, self.sockets, self.silences)


def test_named_channels_are_cut() -> None:
    room = Room()

    room.conditions.happen(FaultRequest(cut=(Channel.MARKET,)), 1)

    assert room.sockets.cuts == [Channel.MARKET]
    assert room.conditions.fired == {"cut:market": 1}


@pytest.mark.parametrize(
    "wanted", [FaultRequest(disconnect=True), FaultRequest(down=Down(for_ms=5))]
)
def test_an_end_of_day_and_an_outage_cut_everything(wanted: FaultRequest) -> None:
    room = Room()

    room.conditions.happen(wanted, 1)

    assert room.sockets.cuts == list(Channel)
    assert room.outage.is_on is (wanted.down is not None)


def test_what_lasts_is_named_until_reset() -> None:
    room = Room()
    mute = Mute(channels=(Channel.USER,), for_ms=10)
    room.conditions.happen(FaultRequest(mute=mute, clock=Skew(skew_ms=5), down=Down(for_ms=9)), 1)
    before = room.conditions.active

    room.conditions.reset()

    assert before == ("clock", "down", "mute")
    assert room.conditions.active == ()
    assert room.clock.wall_ns() == StillClock().wall_ns()
    assert not room.silences.holds(Channel.USER, 0)


def test_counts_stay_through_a_reset_and_end_when_cleared() -> None:
    room = Room()
    room.outage.met_count = 3
    room.conditions.happen(FaultRequest(disconnect=True), 1)
    room.conditions.reset()
    kept = room.conditions.fired

    room.conditions.clear_counts()

    assert (kept["disconnect"], kept["down"]) == (1, 3)
    assert room.conditions.fired == {}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (FaultRequest(mute=Mute(channels=(), for_ms=-1)), "mute.for_ms=-1"),
        (FaultRequest(down=Down(for_ms=-1)), "down.for_ms=-1"),
        (FaultRequest(clock=Skew(every_ms=0)), "clock.every_ms=0"),
    ],
)
def test_senseless_conditions_are_named(wanted: FaultRequest, words: str) -> None:
    assert words in str(wanted.defect())
