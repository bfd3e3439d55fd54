"""Which maker fills a taker fill covers: first in, first out inside a bucket (pure).

1. The lots of a bucket add up to its naked amount, and all have one sign.
2. A taker fill consumes the oldest lots. What it fills beyond them (the makers reversed while it
   was in flight) becomes a lot of nobody, to be traded back or taken up by the next maker fill.
3. A maker fill against the sign of the lots nets with the oldest: both hedges count as covered,
   at the logged reference price, and nothing is sent.
"""

from decimal import Decimal

from msgspec import Struct

from tandem.domain.ids import HedgeId
from tandem.domain.units import ZERO
from tandem.hedging.exact import quotient

NOBODY = HedgeId("")
BP = Decimal(10_000)


class Lot(Struct):
    """An uncovered piece of a maker fill: signed amount to trade, and since when."""

    hedge_id: HedgeId
    amount: Decimal
    since_ns: int


class Cover(Struct):
    """A piece of a taker's quantity assigned to a hedge's fill of a time, and not priced yet."""

    hedge_id: HedgeId
    amount: Decimal
    since_ns: int = 0


class Covered(Struct):
    """What of one leg is covered, at which prices and how soon.

    `priced`, `paid`: sum of quantity and of quantity x price. `slipped`: quantity x basis points
    against the mid at the maker's fill, over `measured`. `waited`: quantity x ns from maker fill
    to taker fill, over `timed`.
    """

    amount: Decimal = ZERO
    netted: Decimal = ZERO
    priced: Decimal = ZERO
    paid: Decimal = ZERO
    measured: Decimal = ZERO
    slipped: Decimal = ZERO
    timed: Decimal = ZERO
    waited: Decimal = ZERO


def consume(lots: list[Lot], amount: Decimal) -> tuple[list[Lot], Decimal]:
    """Take `amount` from the oldest lots of its sign; return the pieces and what found none."""
    pieces: list[Lot] = []
    while amount and lots and (lots[0].amount > 0) == (amount > 0):
        lot = lots[0]
        whole = abs(lot.amount) <= abs(amount)
        part = lot.amount if whole else amount
        pieces.append(Lot(lot.hedge_id, part, lot.since_ns))
        amount -= part
        if whole:
            del lots[0]
        else:
            lot.amount -= part
    return pieces, amount


def add(lots: list[Lot], lot: Lot) -> list[Lot]:
    """Queue what a maker fill calls for; return the older pieces that it nets with."""
    pieces, left = consume(lots, -lot.amount)
    if left:
        lots.append(Lot(lot.hedge_id, -left, lot.since_ns))
    return pieces


def cover(lots: list[Lot], amount: Decimal, now_ns: int) -> list[Lot]:
    """Assign a taker fill to the oldest lots; what exceeds them is owed back, by nobody."""
    pieces, left = consume(lots, amount)
    if left:
        lots.append(Lot(NOBODY, -left, now_ns))
        pieces.append(Lot(NOBODY, left, now_ns))
    return pieces


def count(covered: Covered, piece: Lot, now_ns: int) -> None:
    """Book a piece as covered by a taker fill."""
    quantity = abs(piece.amount)
    covered.amount += piece.amount
    covered.timed += quantity
    covered.waited += quantity * (now_ns - piece.since_ns)


def net(covered: Covered, amount: Decimal, reference: Decimal | None) -> None:
    """Book a piece as covered by another hedge's opposite fill, at the reference price."""
    covered.amount += amount
    covered.netted += abs(amount)
    if reference is not None:
        covered.priced += abs(amount)
        covered.paid += abs(amount) * reference


def price(covered: Covered, piece: Cover, px: Decimal, mid: Decimal | None) -> None:
    """Add the price of a piece that was booked before, and how far it was from the mid then."""
    quantity = abs(piece.amount)
    covered.priced += quantity
    covered.paid += quantity * px
    if mid:
        worse = px - mid if piece.amount > 0 else mid - px
        covered.measured += quantity
        covered.slipped += quantity * quotient(worse * BP, mid)


def split_priced(waiting: list[Cover], quantity: Decimal) -> list[Cover]:
    """Take the oldest unpriced pieces up to a fill's quantity (unsigned, in bucket units)."""
    taken: list[Cover] = []
    while quantity > 0 and waiting:
        piece = waiting[0]
        size = abs(piece.amount)
        part = min(size, quantity)
        signed = part if piece.amount > 0 else -part
        taken.append(Cover(piece.hedge_id, signed, piece.since_ns))
        quantity -= part
        if part == size:
            del waiting[0]
        else:
            piece.amount -= signed
    return taken
