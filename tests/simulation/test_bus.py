"""What one simulated connection knows of the log."""

from tandem.bus.memory.bus import MemoryServer
from tests.simulation.bus import SimBus
from tests.simulation.loop import Process, SimClock, VirtualLoop


def test_the_newest_is_found_anew_once_the_log_was_cut_and_has_grown_again() -> None:
    loop = VirtualLoop()
    clock = SimClock(loop)
    server = MemoryServer(clock)
    bus = SimBus(server, Process("one"), clock, loop)
    for name in ("a.1", "b.1", "a.2"):
        server.oms.store(name, b"")
    assert bus.newest("a.*") == 3
    assert bus.newest("c.*") == 0

    server.oms.cut(2)
    assert bus.newest("a.*") == 1
    for name in ("b.2", "b.3"):
        server.oms.store(name, b"")

    assert bus.newest("a.*") == 1
    loop.bury()


def test_a_frozen_process_finds_the_server_again_after_what_had_reached_it_before() -> None:
    loop = VirtualLoop()
    clock, process = SimClock(loop), Process("one")
    bus = SimBus(MemoryServer(clock), process, clock, loop)
    told: list[str] = []
    bus.on_reconnect(lambda: told.append("reconnected"))
    bus.disconnect()
    process.is_frozen = True
    loop.call_soon(told.append, "answered", context=process.home)
    loop._run_once()

    bus.come_back()
    assert not bus.connected
    loop.thaw(process, reads_first=False)
    bus.thawed()
    loop._run_once()

    assert bus.connected
    assert told == ["answered", "reconnected"]
    loop.bury()
