"""Which price the log gives an instrument, now and at a minute of the venue's clock (pure).

1. The reference is the last price the log has for the instrument: a mark, or a fill of ours; for
   a leg that has none yet, the maker's price where both are of one base asset.
2. The mark of a minute is the venue's of that minute. A gateway logs an instrument's marks in
   the order of its minutes, so where a later minute is known and this one is not, it will never
   be, and the first later one stands for it. Any order of arrival of fills gives the same mark.
"""

from decimal import Decimal

from services.hedger.exact import quotient
from services.hedger.state import InstrumentKey, Link, State, instrument
from tandem.messages.reports import MarkReport

NS_PER_MINUTE = 60_000_000_000
KEPT_MINUTES = 240


def minute_of(ts_ns: int) -> int:
    return ts_ns // NS_PER_MINUTE


def note_mark(state: State, report: MarkReport) -> None:
    key = (report.exc, report.ticker)
    state.mids[key] = state.references[key] = report.mid
    history = state.marks.setdefault(key, {})
    history.setdefault(minute_of(report.ts_event_ns), report.mark or report.mid)
    while len(history) > KEPT_MINUTES:
        del history[min(history)]


def mark_at(state: State, key: InstrumentKey, minute: int) -> Decimal | None:
    """Return the mark of a minute, or of the first known one after it; None: wait."""
    history = state.marks.get(key)
    if not history:
        return None
    known = history.get(minute)
    if known is not None:
        return known
    later = [one for one in history if one > minute]
    return history[min(later)] if later else None


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
