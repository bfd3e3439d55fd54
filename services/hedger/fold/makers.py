"""What a maker's proven fills call for on each leg (pure).

1. A maker's cumulative only rises, and each rise is owed at once and for ever: also after a
   cancel, an expiry or a rejection (then it is marked LATE_FILL).
2. A cancel request changes nothing here; only the venue's facts do.
   What is proven beyond the maker's own amount, as amended, is not owed (evidence.py 5).
3. Legs that depend on a price take each fill once, at its own price; what is proven but not
   priced is shown as `unpriced`.
"""

from decimal import Decimal

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold import prices, timers
from services.hedger.fold.state import (
    Leg,
    Link,
    State,
    WaitingFill,
    leg_of,
    link_of_maker,
    reference,
)
from services.hedger.fold.step import Turn
from services.hedger.policy import retry
from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.hedging import attribution, conversion, evidence, minute_marks
from tandem.hedging.attribution import Lot
from tandem.hedging.evidence import Standing
from tandem.messages.reports import FillReport, OrderCleared, OrderReport

UNFINISHED_ENDS = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED})


def on_report(state: State, turn: Turn, link: Link, report: OrderReport) -> None:
    before = evidence.standing(link.order)
    evidence.absorb_report(link.order, report)
    px = report.avg_px or report.price  # the venue's own where it chose the price (price_match)
    if px is not None:
        prices.lend_reference(state, link, px)
    _follow(state, turn, link, before)


def on_fill(state: State, turn: Turn, link: Link, fill: FillReport) -> None:
    before = evidence.standing(link.order)
    if evidence.absorb_fill(link.order, fill):
        turn.touch_link(link.hedge_id)
        link.priced += fill.last_qty
        link.paid += fill.last_qty * fill.last_px
        prices.lend_reference(state, link, fill.last_px)
        _keep_for_price(link, fill)
    _follow(state, turn, link, before)


def on_cleared(state: State, turn: Turn, cleared: OrderCleared) -> None:
    """The gateway cancels a maker of its own accord: its hedge says why."""
    link = link_of_maker(state, cleared.client_order_id)
    if link is not None and link.maker.exc == cleared.exc and not link.cleared:
        link.cleared = cleared.text
        turn.touch_link(link.hedge_id)


def _follow(state: State, turn: Turn, link: Link, before: Standing) -> None:
    """Owe what has newly been proven, and take note of the maker's end."""
    if evidence.exceeds(link.order):
        filled, most = evidence.proven(link.order), link.order.quantity
        turn.alarm(
            f"the maker {link.cloid} on {link.maker.exc} has filled {filled:f} by what is told of "
            f"it, and is for {most:f}: no more is hedged"
        )
    _owe_at_price(state, turn, link)
    after = evidence.standing(link.order)
    if after != before:
        turn.touch_link(link.hedge_id)
        link.changed_ns = turn.now_ns
    gained = after.proven - before.proven
    if gained:
        _owe_quantity(state, turn, link, gained)
        if before.status in UNFINISHED_ENDS:
            link.late += gained
    if link.terminal_ns == 0 and (after.is_ended or after.status.is_terminal):
        _end(state, turn, link)
    _count_unpriced(state, turn, link)


def _end(state: State, turn: Turn, link: Link) -> None:
    """A maker's end flushes: nothing more is collected for its buckets."""
    link.terminal_ns = turn.now_ns
    turn.touch_all(link)
    for leg in link.legs:
        state.buckets[link.bucket_key(leg)].flush_ns = 0
    if not evidence.is_ended(link.order):
        settle_later(state, turn, link)


def settle_later(state: State, turn: Turn, link: Link) -> None:
    """Arm the timer by which an ended maker's unproven quantity counts as known."""
    key = timers.TimerKey(timers.Wakes.SETTLE, turn.place, link.hedge_id)
    turn.effects.append(timers.arm(key, turn.now_ns + state.rules.settle_ms * NS_PER_MS))


def _owe_quantity(state: State, turn: Turn, link: Link, gained: Decimal) -> None:
    signed = gained if link.maker.amount > 0 else -gained
    for leg in link.legs:
        if not conversion.is_by_price(leg.terms):
            owe(state, turn, (link, leg), conversion.target_by_quantity(leg.terms, signed))


def _keep_for_price(link: Link, fill: FillReport) -> None:
    minute = minute_marks.minute_of(fill.ts_event_ns)
    for index, leg in enumerate(link.legs):
        if conversion.is_by_price(leg.terms):
            link.surplus.append(WaitingFill(index, fill.last_qty, fill.last_px, minute))


def _owe_at_price(state: State, turn: Turn, link: Link) -> None:
    """Take the fills that the order has room for; what exceeds it waits for an amended amount."""
    if not link.surplus:
        return
    still: list[WaitingFill] = []
    for fill in link.surplus:
        leg = link.legs[fill.leg]
        part = min(fill.signed_qty, link.order.quantity - leg.taken)
        leg.taken += part
        if part:
            signed = part if link.maker.amount > 0 else -part
            link.waiting.append(WaitingFill(fill.leg, signed, fill.px, fill.minute))
        if part < fill.signed_qty:
            still.append(WaitingFill(fill.leg, fill.signed_qty - part, fill.px, fill.minute))
    link.surplus = still
    take_marks(state, turn, link)


def take_marks(state: State, turn: Turn, link: Link) -> None:
    """Owe the waiting fills whose price is complete."""
    still: list[WaitingFill] = []
    for fill in link.waiting:
        leg = link.legs[fill.leg]
        mark = prices.mark_at(state, (leg.exc, leg.ticker), fill.minute)
        if mark is None and conversion.needs_mark(leg.terms):
            still.append(fill)
            continue
        amount = conversion.target_by_price(leg.terms, fill.signed_qty, fill.px, mark)
        owe(state, turn, (link, leg), amount)
    link.waiting = still
    _count_unpriced(state, turn, link)


def _count_unpriced(state: State, turn: Turn, link: Link) -> None:
    """Publish, in base or quote units of the maker, what is proven and has no target yet."""
    if not any(conversion.is_by_price(leg.terms) for leg in link.legs):
        return
    missing = max(ZERO, evidence.counted(link.order) - evidence.fills_sum(link.order))
    for index, leg in enumerate(link.legs):
        if not conversion.is_by_price(leg.terms):
            continue
        turn.touch_all(link)
        held = sum((abs(one.signed_qty) for one in link.waiting if one.leg == index), missing)
        unpriced = held * leg.terms.maker_unit
        state.buckets[link.bucket_key(leg)].unpriced += unpriced - leg.unpriced
        leg.unpriced = unpriced


def owe(state: State, turn: Turn, whom: tuple[Link, Leg], amount: Decimal) -> None:
    """Book a leg's target: the bucket owes it, the lots remember whose it is (I6)."""
    link, leg = whom
    bucket = state.buckets[link.bucket_key(leg)]
    ledger.owe(bucket, amount)
    leg.target += amount
    bucket.cause = turn.event.subject
    turn.touch_bucket(bucket)
    for piece in attribution.add(bucket.lots, Lot(link.hedge_id, amount, turn.now_ns)):
        _net(state, turn, (link, leg, bucket), piece)
    _collect(turn, link, bucket)
    retry.resize(bucket.pace)


def _net(state: State, turn: Turn, new: tuple[Link, Leg, Bucket], piece: Lot) -> None:
    """Record that an older piece and the new fill cover each other, and at which price."""
    link, leg, bucket = new
    at = reference(state, (leg.exc, leg.ticker))
    bucket.netted += abs(piece.amount)
    attribution.net(leg.covered, -piece.amount, at)
    other = leg_of(state, piece.hedge_id, bucket)
    if other is not None:
        attribution.net(other.covered, piece.amount, at)
        _note_netting(state.links[piece.hedge_id], link, piece, at)
        turn.touch_link(piece.hedge_id)


def _note_netting(old: Link, new: Link, piece: Lot, px: Decimal | None) -> None:
    at = f" at {px:f}" if px is not None else ""
    old.netted = f"netted {abs(piece.amount):f} with {new.hedge_id}{at}"
    new.netted = f"netted {abs(piece.amount):f} with {old.hedge_id}{at}"


def _collect(turn: Turn, link: Link, bucket: Bucket) -> None:
    """Open a window for small fills, unless this one must go at once."""
    if link.coalesce_ms == 0 or link.terminal_ns:
        bucket.flush_ns = 0
    elif bucket.flush_ns <= turn.now_ns and not bucket.flying:
        bucket.flush_ns = turn.now_ns + link.coalesce_ms * NS_PER_MS
