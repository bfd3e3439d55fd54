from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.shell.cli import PaperOptions, parse_options
from services.paper_hyperliquid.service import new_venue
from services.paper_hyperliquid.tape import VenueTape, tape_of
from tests.unit.services.paper_hyperliquid.floor import NO_LIMITS
from tests.unit.services.paper_hyperliquid.sockets import Hall


def options(*argv: str) -> PaperOptions:
    return parse_options("paper-hyperliquid", "PAPER_HYPERLIQUID", argv, {})


def test_the_synthetic_tape_drives_the_coins_and_gives_the_same_again() -> None:
    open_tape = tape_of(options("--seed", "7"))
    first, second = (list(islice(open_tape(), 200)) for _ in range(2))
    assert first == second
    assert {event.symbol for event in first} == {"BTC", "ETH", "SOL"}


def test_symbols_choose_the_coins() -> None:
    events = islice(tape_of(options("--symbols", "SOL"))(), 50)
    assert {event.symbol for event in events} == {"SOL"}


@pytest.mark.parametrize("coin", ["MATIC", "SOLUSDT"])
def test_a_coin_that_does_not_trade_is_refused_by_name(coin: str) -> None:
    with pytest.raises(ValueError, match=f"symbols={coin}"):
        tape_of(options("--symbols", coin))


def test_a_recorded_tape_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(tape_of(options("--tape", str(tmp_path / "none.gz")))())


def test_events_move_the_market_and_skipped_ones_only_the_book() -> None:
    hall = Hall()
    tape = VenueTape(hall.floor.venue, hall.publisher, hall.clock)
    events = list(islice(tape_of(options("--symbols", "SOL"))(), 50))
    hall.floor.venue.engine.rewind()
    tape.skip(events)
    assert hall.floor.ask("recentTrades", coin="SOL") == []
    skipped = hall.floor.venue.engine.mid_px("SOL")
    tape.rewind()
    assert hall.floor.venue.engine.best("SOL", Side.BUY) is None
    tape.apply(events)
    assert hall.floor.venue.engine.mid_px("SOL") == skipped
    assert hall.floor.ask("recentTrades", coin="SOL")


def test_coins_without_a_tape_have_the_mark_of_their_listing() -> None:
    assert new_venue(NO_LIMITS, 0).engine.mark_px("ATOM") == Decimal("4.5")
