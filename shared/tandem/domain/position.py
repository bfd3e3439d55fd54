"""What is held: signed amount and average entry, after each fill."""

from decimal import Decimal

from msgspec import Struct

from tandem.domain.units import ZERO


class Position(Struct, frozen=True, array_like=True):
    """Signed amount in the instrument's units, and its average price.

    `entry` of a flat position is its last; None: what was held before is known without its price.
    """

    amount: Decimal = ZERO
    entry: Decimal | None = ZERO

    def apply(self, signed_qty: Decimal, price: Decimal) -> "Position":
        """Return the position after a fill: adding averages, reducing keeps, flipping restarts."""
        amount = self.amount + signed_qty
        if amount == 0:
            return Position(amount, self.entry)
        if self.amount == 0 or (self.amount > 0) != (amount > 0):
            return Position(amount, price)
        if self.entry is None or abs(amount) < abs(self.amount):
            return Position(amount, self.entry)
        return Position(amount, (self.amount * self.entry + signed_qty * price) / amount)
