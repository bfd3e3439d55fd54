"""Which market drives this venue's coins, and how its events reach the venue."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from services.paper_exchange.market.basis import Basis, rebase
from services.paper_exchange.market.events import MarketEvent
from services.paper_exchange.market.recorded import open_recording
from services.paper_exchange.market.synthetic import synthetic_tape
from services.paper_exchange.shell.audit import PauseTape, ResumeTape
from services.paper_exchange.shell.cli import SYNTHETIC, PaperOptions
from services.paper_exchange.shell.tape_driver import TapeDriver
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN, contract_of
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.stream.publisher import Publisher
from tandem.runtime.clock import Clock

TAPE_COINS: Final = ("BTC", "ETH", "SOL")


def tape_of(options: PaperOptions) -> Callable[[], Iterator[MarketEvent]]:
    """Return what opens the tape that the options name, rebased onto this venue's coins."""
    coins = options.symbols or TAPE_COINS
    for coin in coins:
        if coin not in LISTING_OF_COIN or LISTING_OF_COIN[coin].is_delisted:
            raise ValueError(f"symbols={coin}: must be listed and not delisted")
    bases = [_basis(source, coin, options) for coin in coins for source in (coin, f"{coin}USDT")]

    def open_tape() -> Iterator[MarketEvent]:
        if options.tape == SYNTHETIC:
            return rebase(synthetic_tape(options.seed), bases)
        return rebase(open_recording(Path(options.tape)), bases)

    return open_tape


def _basis(source: str, coin: str, options: PaperOptions) -> Basis:
    return Basis(
        source=source,
        contract=contract_of(LISTING_OF_COIN[coin]),
        factor=options.basis,
        offset=Decimal(options.basis_offset),
    )


class TapeStop:
    """Holds the tape while the venue's time stands, and lets go only what it held itself."""

    def __init__(self, driver: TapeDriver[MarketEvent]) -> None:
        self._driver = driver
        self._holds = False

    def follow(self, *, stands: bool) -> None:
        """Make the tape stand or run as the venue's time does."""
        if stands and not self._holds and not self._driver.state().paused:
            self._driver.control(PauseTape())
            self._holds = True
        elif self._holds and not stands:
            self._driver.control(ResumeTape())
            self._holds = False


class VenueTape:
    """Lets a tape's events happen to the venue and publishes what they caused."""

    def __init__(self, venue: Venue, publisher: Publisher, clock: Clock) -> None:
        self._venue = venue
        self._publisher = publisher
        self._clock = clock

    def apply(self, events: Sequence[MarketEvent]) -> None:
        for event in events:
            self._venue.apply_market(event, self._clock.wall_ns())
            self._publisher.publish()

    def skip(self, events: Sequence[MarketEvent]) -> None:
        for event in events:
            self._venue.engine.skip_market(event)

    def rewind(self) -> None:
        self._venue.engine.rewind()
