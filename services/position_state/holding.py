"""How much of an instrument is held: an anchor that the venue stated, and the fills since.

1. A venue's absolute position at venue time T covers the fills before T. Those at exactly T are
   all in it where the venue's clock was past T when it was read (`inclusive`); else they are in or
   out by arithmetic: the prefix, in (time, exec id) order, that reproduces the amount.
2. The amount is the anchor's plus every fill it does not cover, each counted once; the entry is
   computed over the same fills in venue order. Any order of arrival gives the same numbers.
3. A report that no prefix reproduces changes nothing for a second: its fills may be on their way.
   Only then is it a mismatch, and the venue's number is adopted. Each doubt has its own second:
   the fills of one that has just begun are not missing yet.
4. A fill at exactly T that comes after T's number was taken without it is in that number while
   the number says more than the fills known: on most venues the fill itself caused the statement.
5. Which of several fills at T a number has in it may be a guess that fits by chance. So such a
   number is never in doubt, never adopted and never an anchor once there is one: it is the next
   inclusive one that tells, and this becomes the anchor, so that no former guess outlives it.
6. What the venue never states (markets that its list of positions does not cover) is what the fills
   themselves say: where a fill tells the position before it, that is where it starts. What was
   held before the first of them has no known entry.
"""

from bisect import bisect_left, bisect_right
from decimal import Decimal
from operator import attrgetter

from msgspec import Struct, field

from services.position_state.exposure.state import Exposure
from tandem.domain.decimals import canonical, significant
from tandem.domain.ids import Exc, ExecId, Ticker
from tandem.domain.position import Position
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.messages.deltas import PositionView
from tandem.messages.reports import FillReport, PositionReport
from tandem.runtime.fold.passed_over import Faults

MAX_FILLS_SINCE_ANCHOR = 256
CONFIRMED_NS = 60_000_000_000
# As venues show an average: more than any price has, and not what a division leaves.
ENTRY_DIGITS = 10

_venue_time = attrgetter("ts_event_ns")


class HeldFill(Struct, frozen=True, array_like=True, order=True):
    """A fill in venue order: time, then exec id. `start`: the position before it, where told."""

    ts_event_ns: int
    exec_id: ExecId
    signed_qty: Decimal
    px: Decimal
    start: Decimal | None = None


class Stated(Struct, frozen=True, array_like=True):
    """A venue's absolute position at its own time; `inclusive`: with every fill of that time."""

    ts_event_ns: int
    amount: Decimal
    entry: Decimal
    inclusive: bool = False


class Holding(Struct, array_like=True):
    """One position. `fills` are those the anchor does not cover, in venue order.

    `missing` is by how much the anchor says more than the fills known up to it.
    `steps` has the position after each of the fills, so that a fill costs only the steps behind
    its place, and the usual one (the latest in venue time) costs one. `seen` holds the exec ids
    that count already. `doubts` are what no fills explain yet, in venue order.
    """

    exc: Exc
    ticker: Ticker
    anchor: Stated | None = None
    fills: list[HeldFill] = []
    seen: set[ExecId] = set()
    steps: list[Position] = []
    doubts: list[Stated] = []
    unrealized_pnl: Decimal | None = None
    last_delta: str | None = None
    missing: Decimal = ZERO


class Holdings(Struct):
    """All positions, by account and ticker, and the faces of inverse contracts.

    An inverse contract is worth its face in quote units; any other what it is priced at.
    `exposure`: what of our makers' fills is not hedged.
    """

    held: dict[str, Holding] = {}
    faces: dict[str, Decimal] = {}
    faults: Faults = field(default_factory=Faults)
    exposure: Exposure = field(default_factory=Exposure)


def key_of(exc: Exc, ticker: Ticker) -> str:
    return f"{exc}\x1f{ticker}"


def holding_of(state: Holdings, exc: Exc, ticker: Ticker) -> Holding:
    return state.held.setdefault(key_of(exc, ticker), Holding(exc=exc, ticker=ticker))


def position(holding: Holding) -> Position:
    """Return amount and average entry: the anchor, then each uncovered fill in venue order."""
    return _after(holding, len(holding.fills))


def _after(holding: Holding, count: int) -> Position:
    """Return the position after the first `count` fills."""
    if count:
        return holding.steps[count - 1]
    anchor = holding.anchor
    return Position(anchor.amount, anchor.entry) if anchor else Position()


def _follow(holding: Holding, place: int) -> None:
    """Compute the steps anew from a place in the fills."""
    if holding.anchor is None and place < len(holding.fills):
        place = bisect_left(holding.fills, holding.fills[place].ts_event_ns, key=_venue_time)
    del holding.steps[place:]
    held = _after(holding, place)
    at_ns = -1
    for index, fill in enumerate(holding.fills[place:], start=place):
        if holding.anchor is None and fill.ts_event_ns != at_ns:
            at_ns = fill.ts_event_ns
            held = _start(holding, index)
        held = held.apply(fill.signed_qty, fill.px)
        holding.steps.append(held)


def _start(holding: Holding, place: int) -> Position:
    """Return the position from which the fills of one time go on, with no statement to go by.

    Their order within that time is not known: of the positions that they start at, the one that
    was reached before is meant, else the one that none of them ends at.
    """
    before = _after(holding, place)
    most = bisect_right(holding.fills, holding.fills[place].ts_event_ns, key=_venue_time)
    told = [fill for fill in holding.fills[place:most] if fill.start is not None]
    starts = [fill.start for fill in told if fill.start is not None]
    if not starts or (place and before.amount in starts):
        return before
    ends = {fill.start + fill.signed_qty for fill in told if fill.start is not None}
    amount = next((one for one in starts if one not in ends), starts[0])
    return Position(amount, None if amount else ZERO)


def amount_before(holding: Holding, fill: FillReport) -> Decimal:
    """Return what is held before a fill counts: of the first of all, what it says itself."""
    is_first = holding.anchor is None and not holding.fills
    if is_first and fill.start_position is not None:
        return fill.start_position
    return position(holding).amount


def join_fill(holding: Holding, fill: FillReport) -> bool:
    """Count a fill unless the anchor covers it or it is counted; tell whether it was new."""
    anchor = holding.anchor
    if fill.exec_id in holding.seen or (anchor and _is_covered(holding, anchor, fill)):
        return False
    new = HeldFill(
        fill.ts_event_ns, fill.exec_id, fill.signed_qty, fill.last_px, fill.start_position
    )
    holding.seen.add(new.exec_id)
    place = bisect_right(holding.fills, new)
    holding.fills.insert(place, new)
    _follow(holding, place)
    _answer_doubts(holding)
    return True


def _answer_doubts(holding: Holding) -> None:
    """End the newest doubt that the fills explain now, and those before it."""
    for stated in reversed(holding.doubts):
        prefix = _prefix_at(holding, stated)
        if prefix is not None:
            _settle(holding, stated, prefix)
            return


def _is_covered(holding: Holding, anchor: Stated, fill: FillReport) -> bool:
    """Tell whether the anchor has a late fill in it; if so it is missing no more."""
    if fill.ts_event_ns > anchor.ts_event_ns:
        return False
    if fill.ts_event_ns == anchor.ts_event_ns and not anchor.inclusive:
        if not holding.missing or fill.start_position == position(holding).amount:
            return False
        holding.seen.add(fill.exec_id)
    if holding.missing:
        holding.missing -= fill.signed_qty
    return True


def join_report(holding: Holding, report: PositionReport) -> bool:
    """Take in a venue's absolute position; tell whether it is in doubt (ask again in a second)."""
    stated = Stated(report.ts_event_ns, report.amount, report.entry, report.inclusive)
    if holding.anchor is not None and _is_older(stated, holding.anchor):
        return False
    holding.unrealized_pnl = report.unrealized_pnl
    if holding.anchor is None:
        _anchor_first(holding, stated)
        return False
    prefix = _prefix_at(holding, stated)
    if prefix is None:
        return _is_certain(holding, stated) and _doubt(holding, stated)
    _settle(holding, stated, prefix)
    return False


def _is_older(stated: Stated, other: Stated) -> bool:
    """Tell whether a number was overtaken: of one time, the inclusive one is the last."""
    return (stated.ts_event_ns, stated.inclusive) < (other.ts_event_ns, other.inclusive)


def _settle(holding: Holding, stated: Stated, prefix: int) -> None:
    """End the doubts before a number that the fills explain; anchor there if nothing is guessed."""
    if not _is_certain(holding, stated):
        _put_under(holding, stated.ts_event_ns - CONFIRMED_NS)
        return
    _drop_doubts(holding, stated)
    if stated.inclusive or len(holding.fills) > MAX_FILLS_SINCE_ANCHOR:
        _move_anchor(holding, stated, prefix)


def _put_under(holding: Holding, before_ns: int) -> None:
    """Let an anchor of our own stand for the fills before a time (7)."""
    place = bisect_left(holding.fills, before_ns, key=_venue_time)
    if holding.anchor is None or holding.doubts or place <= MAX_FILLS_SINCE_ANCHOR:
        return
    held, last_ns = _after(holding, place), holding.fills[place - 1].ts_event_ns
    entry = ZERO if held.entry is None else held.entry
    holding.anchor = Stated(last_ns, held.amount, entry, inclusive=True)
    holding.seen.difference_update(fill.exec_id for fill in holding.fills[:place])
    del holding.fills[:place], holding.steps[:place]


def _doubt(holding: Holding, stated: Stated) -> bool:
    """Remember what no fills explain; False for a number older than one in doubt."""
    if holding.doubts and _is_older(stated, holding.doubts[-1]):
        return False
    kept = [one for one in holding.doubts if one.ts_event_ns != stated.ts_event_ns]
    holding.doubts = [*kept, stated]
    return True


def _drop_doubts(holding: Holding, until: Stated) -> None:
    holding.doubts = [one for one in holding.doubts if _is_older(until, one)]


def _anchor_first(holding: Holding, stated: Stated) -> None:
    """Start from the venue's number: fills seen before it are in it where the arithmetic says so.

    With nothing stated before, the amount ahead of the known fills is itself unknown, so any
    prefix is possible; the one that leaves nothing unexplained is taken, else all up to T.
    """
    prefix = _prefix_at(holding, stated)
    if prefix is None:
        prefix = _cuts(holding, stated)[-1]
    _move_anchor(holding, stated, prefix, entry=stated.entry if stated.amount else None)


def _cuts(holding: Holding, stated: Stated) -> range:
    """Return how many of the fills the stated amount may cover."""
    fills, at_ns = holding.fills, stated.ts_event_ns
    most = bisect_right(fills, at_ns, key=_venue_time)
    if stated.inclusive:
        return range(most, most + 1)
    return range(bisect_left(fills, at_ns, key=_venue_time), most + 1)


def _is_certain(holding: Holding, stated: Stated) -> bool:
    """Tell whether the known fills leave no choice of which of them a number covers."""
    return len(_cuts(holding, stated)) == 1


def _prefix_at(holding: Holding, stated: Stated) -> int | None:
    """Return how many of the fills the stated amount covers, or None if no number of them fits."""
    for count in reversed(_cuts(holding, stated)):
        if _after(holding, count).amount == stated.amount:
            return count
    return None


def _move_anchor(
    holding: Holding, stated: Stated, prefix: int, entry: Decimal | None = None
) -> None:
    """Let the stated position stand for the first `prefix` fills, keeping the entry we computed."""
    covered, rest = holding.fills[:prefix], holding.fills[prefix:]
    held = _after(holding, prefix)
    if entry is None:
        entry = stated.entry if held.entry is None else held.entry
    holding.missing = stated.amount - held.amount
    holding.anchor = Stated(stated.ts_event_ns, stated.amount, entry, stated.inclusive)
    at_anchor = {fill.exec_id for fill in covered if fill.ts_event_ns == stated.ts_event_ns}
    holding.fills = rest
    _follow(holding, 0)
    holding.seen = at_anchor | {fill.exec_id for fill in rest}


def adopt(holding: Holding, ts_event_ns: int) -> Decimal | None:
    """Adopt the number in doubt since `ts_event_ns`; return how far off we were.

    None when that doubt has been resolved meanwhile, or fills have come that leave a choice of
    what it covers; a later one waits for its own second.
    """
    stated = next((one for one in holding.doubts if one.ts_event_ns == ts_event_ns), None)
    if stated is None:
        return None
    _drop_doubts(holding, stated)
    prefix = _prefix_at(holding, stated)
    if prefix is not None:
        _settle(holding, stated, prefix)
    if prefix is not None or not _is_certain(holding, stated):
        return None
    before = position(holding)
    entry = stated.entry if stated.amount else before.entry
    _move_anchor(holding, stated, _cuts(holding, stated)[-1], entry=entry)
    return position(holding).amount - before.amount


def view(state: Holdings, holding: Holding) -> PositionView:
    """Return the position as every reader sees it."""
    face = state.faces.get(key_of(holding.exc, holding.ticker))
    held = position(holding)
    entry = significant(held.entry or ZERO, ENTRY_DIGITS)
    anchored = holding.anchor.ts_event_ns if holding.anchor else 0
    latest = holding.fills[-1].ts_event_ns if holding.fills else 0
    return PositionView(
        exc=holding.exc,
        ticker=holding.ticker,
        amount=canonical(held.amount),
        entry=entry,
        value=canonical(held.amount * (entry if face is None else face)),
        unrealized_pnl=holding.unrealized_pnl,
        timestamp=max(anchored, latest) // NS_PER_MS,
        is_listed=holding.anchor is not None,
    )
