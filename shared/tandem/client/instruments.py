"""What is known of every venue's instruments and prices, and the calls that answer from it."""

from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from tandem.client.arguments import Number, finite
from tandem.client.rows import ContractSpecs
from tandem.domain.errors import InvalidInputError, UnavailableError, UnknownInstrumentError
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import (
    Instrument,
    ceil_price,
    common_lot,
    cut_to_step,
    decimals,
    floor_price,
    round_price,
)
from tandem.domain.units import NS_PER_MS
from tandem.messages.pairing import Priced
from tandem.messages.reports import MarkReport, SpecsReport


@dataclass(frozen=True, slots=True)
class LaggedPrice:
    """The last mid and how old it is."""

    mid: Decimal
    age_ms: int


class Tables:
    """Instrument tables and last marks of every account, as the gateways logged them.

    `connected` are the accounts that the client works with, from `init` on.
    """

    def __init__(self) -> None:
        self.connected: tuple[Exc, ...] = ()
        self.instruments: dict[Exc, dict[Ticker, Instrument]] = {}
        self.marks: dict[tuple[Exc, Ticker], MarkReport] = {}

    def learn(self, specs: SpecsReport) -> None:
        self.instruments[specs.exc] = {row.ticker: row for row in specs.instruments}

    def account(self, exc: object) -> Exc:
        """Return the account of that name.

        Raises:
            InvalidInputError: the client is not connected to it.
        """
        if not isinstance(exc, str) or exc not in self.connected:
            known = ", ".join(sorted(self.connected)) or "none before init"
            raise InvalidInputError("exc", exc, f"a connected account ({known})")
        return Exc(exc)

    def instrument(self, exc: str, ticker: object) -> Instrument:
        """Return an instrument's rules.

        Raises:
            InvalidInputError: no such account.
            UnknownInstrumentError: the account's venue does not list the ticker.
        """
        listed = self.instruments[self.account(exc)]
        found = listed.get(Ticker(ticker)) if isinstance(ticker, str) else None
        if found is None:
            nearest = get_close_matches(str(ticker), listed, n=3, cutoff=0.4)
            raise UnknownInstrumentError(exc, str(ticker), tuple(nearest))
        return found

    def listed(self, exc: str, ticker: str) -> Instrument | None:
        """Return an instrument's rules, None where the account's table does not have it."""
        return self.instruments.get(Exc(exc), {}).get(Ticker(ticker))

    def priced(self, exc: str, ticker: str) -> Priced:
        """Return an instrument with its last middle."""
        found = self.instrument(exc, ticker)
        mark = self.marks.get((found.exc, found.ticker))
        return Priced(found, None if mark is None else mark.mid)

    def rounded_lots(self, exc: str, ticker: str, amount: Number) -> Decimal:
        """Return a signed amount cut towards zero to the lot."""
        return cut_to_step(finite("amount", amount), self.instrument(exc, ticker).lot)

    def lagged(self, exc: str, ticker: str, now_ns: int) -> LaggedPrice:
        """Return the last mid and its age; raises UnavailableError before the first."""
        self.instrument(exc, ticker)
        mark = self.marks.get((Exc(exc), Ticker(ticker)))
        if mark is None:
            told = "its gateway tells prices of what is held, ordered or in its TANDEM_TICKERS"
            raise UnavailableError(f"no price of {ticker} on {exc} yet: {told}")
        return LaggedPrice(mark.mid, max(0, now_ns - mark.ts_event_ns) // NS_PER_MS)


class InstrumentCalls:
    """The calls of the contract that ask about instruments only."""

    tables: Tables

    def contract_specs(self, exc: str, ticker: str) -> ContractSpecs:
        """Return the trading rules of one instrument; decimals are exact."""
        found = self.tables.instrument(exc, ticker)
        return {
            "base_asset": found.base_asset,
            "quote_asset": found.quote_asset,
            "min_notional": found.min_notional,
            "price_precision": found.price_precision,
            "quantity_precision": found.quantity_precision,
            "tick": found.tick,
            "lot": found.lot,
            "multiplier": found.multiplier,
        }

    def get_base_asset(self, exc: str, ticker: str) -> str:
        return self.tables.instrument(exc, ticker).base_asset

    def get_quote_asset(self, exc: str, ticker: str) -> str:
        return self.tables.instrument(exc, ticker).quote_asset

    def price_precision(self, exc: str, ticker: str) -> int:
        return self.tables.instrument(exc, ticker).price_precision

    def lot_precision(self, exc: str, ticker: str) -> int:
        return self.tables.instrument(exc, ticker).quantity_precision

    def min_notional(self, exc: str, ticker: str) -> Decimal:
        return self.tables.instrument(exc, ticker).min_notional

    def rounded_lots(self, exc: str, ticker: str, amount: Number) -> Decimal:
        """Return a signed amount cut towards zero to the lot."""
        return self.tables.rounded_lots(exc, ticker, amount)

    def rounded_price(self, exc: str, ticker: str, price: Number) -> Decimal:
        """Return the nearest legal price."""
        return round_price(self.tables.instrument(exc, ticker), finite("price", price))

    def rounded_ceil_price(self, exc: str, ticker: str, price: Number) -> Decimal:
        return ceil_price(self.tables.instrument(exc, ticker), finite("price", price))

    def rounded_floor_price(self, exc: str, ticker: str, price: Number) -> Decimal:
        return floor_price(self.tables.instrument(exc, ticker), finite("price", price))

    def common_lot_precision(self, ex1: str, ticker1: str, ex2: str, ticker2: str) -> int:
        """Return the decimals of the least amount that both sides can trade whole."""
        one, other = self.tables.instrument(ex1, ticker1), self.tables.instrument(ex2, ticker2)
        return decimals(common_lot(one, other))

    def common_price_precision(self, ex1: str, ticker1: str, ex2: str, ticker2: str) -> int:
        one, other = self.tables.instrument(ex1, ticker1), self.tables.instrument(ex2, ticker2)
        return min(one.price_precision, other.price_precision)

    def common_min_notional(self, ex1: str, ticker1: str, ex2: str, ticker2: str) -> Decimal:
        one, other = self.tables.instrument(ex1, ticker1), self.tables.instrument(ex2, ticker2)
        return max(one.min_notional, other.min_notional)
