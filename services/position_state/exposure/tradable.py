"""Which part of what is naked can be traded at all, and since when (pure).

What was too small for an order ages by no fault of anybody's; it is late from the fill on that made
enough of it.
"""

from decimal import Decimal

from services.position_state.exposure.state import Bucket, Exposure, listed, reference
from tandem.domain.units import ZERO
from tandem.hedging import sizes


def is_dust(state: Exposure, bucket: Bucket, amount: Decimal) -> bool:
    key = (bucket.exc, bucket.ticker)
    instrument = listed(state, key)
    if instrument is None:
        return not amount
    quantity = sizes.cut_to_lot(amount, bucket.unit, instrument.lot)
    return sizes.is_dust(instrument, quantity, reference(state, key), state.hard_cap_bp)


def since_ns(state: Exposure, bucket: Bucket) -> int | None:
    """Return since when as much is naked as can be traded, None while it is dust."""
    naked = ZERO
    for lot in bucket.lots:
        naked += lot.amount
        if not is_dust(state, bucket, naked):
            return lot.since_ns
    return None
