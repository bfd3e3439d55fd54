"""An instrument stops trading while makers rest that hedge there: the table says it first (pure).

1. The makers go when the table is read that says so, not when they have filled and no taker is
   taken any more. One alarm names the instrument and the venue's own word for its state.
2. What is owed stays owed and shown, and goes out when the instrument trades again; a table that
   lacks the row says the same as one that calls it closed.
"""

from collections.abc import Mapping

from services.hedger.book import ledger
from services.hedger.fold import suspension
from services.hedger.fold.state import State
from services.hedger.fold.step import Turn
from services.hedger.policy.sizing import closed
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument


def on_table(state: State, turn: Turn, exc: Exc, before: Mapping[Ticker, Instrument]) -> None:
    """Cancel the makers that hedge in what a new table closes."""
    table = state.instruments[exc]
    for ticker in dict.fromkeys(one.ticker for one in state.buckets.values() if one.exc == exc):
        why = closed(table.get(ticker))
        was_closed = bool(before) and bool(closed(before.get(ticker)))
        if why and not was_closed:
            _close(state, turn, (exc, ticker), why)


def _close(state: State, turn: Turn, place: tuple[Exc, Ticker], why: str) -> None:
    exc, ticker = place
    buckets = [one for one in state.buckets.values() if (one.exc, one.ticker) == place]
    naked = sum(abs(ledger.naked(one)) for one in buckets)
    owed = f", {naked} is not covered" if naked else ""
    turn.alarm(f"L2 {exc} {ticker}: {why}{owed}; the makers that hedge there are cancelled")
    suspension.suspend_makers_in(state, turn, place, why)
