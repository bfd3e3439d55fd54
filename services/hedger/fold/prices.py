"""Which price the log gives an instrument, now and at a minute of the venue's clock (pure).

1. The reference is the last price the log has for the instrument: a mark, or a fill of ours; for
   a leg that has none yet, the maker's price where both are of one base asset.
2. The mark of a minute is the venue's of that minute (tandem.hedging.minute_marks).
"""

from decimal import Decimal

from services.hedger.fold.state import InstrumentKey, Link, State, instrument
from tandem.hedging import minute_marks
from tandem.hedging.exact import quotient
from tandem.messages.reports import MarkReport


def note_mark(state: State, report: MarkReport) -> None:
    key = (report.exc, report.ticker)
    state.references[key] = report.mid
    minute_marks.note(state.marks.setdefault(key, {}), report)


def mark_at(state: State, key: InstrumentKey, minute: int) -> Decimal | None:
    """Return the mark of a minute, or of the first known one after it; None: wait."""
    return minute_marks.at(state.marks.get(key, {}), minute)


def note_trade(state: State, key: InstrumentKey, px: Decimal) -> None:
    if px > 0:
        state.references[key] = px


def lend_reference(state: State, link: Link, px: Decimal) -> None:
    """Keep the maker's price, converted, for legs of the same base asset that have none yet."""
    if px <= 0:
        return
    maker = instrument(state, link.maker.exc, link.maker.ticker)
    for leg in link.legs:
        hedge = instrument(state, leg.exc, leg.ticker)
        if maker is None or hedge is None or maker.inverse or hedge.inverse:
            continue
        if maker.base_asset == hedge.base_asset:
            lent = quotient(px * hedge.multiplier, maker.multiplier)
            state.lent[(leg.exc, leg.ticker)] = lent
