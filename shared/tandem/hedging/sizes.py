"""How much of a need can be traded at all: lot, minimum quantity, minimum notional (pure).

1. A quantity is cut towards zero to the lot: it has the sign of the need and is not larger.
2. The notional is judged at a logged reference with the hard cap as margin, because a taker may
   be priced that far below it.
"""

from decimal import Decimal

from tandem.domain.instrument import Instrument, notional

BP = Decimal(10_000)
MOST_SIG_FIGS = 64  # more than any price has


def is_usable(one: Instrument) -> bool:
    """Tell whether a row of a table says by which steps to compute; others are left out."""
    figures = one.max_sig_figs
    has_figures = figures is None or 0 < figures <= MOST_SIG_FIGS
    return one.lot > 0 and one.tick > 0 and one.multiplier > 0 and has_figures


def cut_to_lot(need: Decimal, unit: Decimal, lot: Decimal) -> Decimal:
    """Return the need in contracts, cut towards zero to whole lots."""
    return (need // (unit * lot)) * lot


def least_notional(instrument: Instrument, hard_cap_bp: Decimal) -> Decimal:
    """Return what contracts must be worth at the reference to be worth the minimum when traded."""
    return instrument.min_notional * (BP + hard_cap_bp) / BP


def is_dust(
    instrument: Instrument, quantity: Decimal, reference: Decimal | None, hard_cap_bp: Decimal
) -> bool:
    """Tell whether whole lots of contracts are too few to trade; without a price the venue says."""
    if not quantity or abs(quantity) < instrument.min_qty:
        return True
    if reference is None:
        return False
    return notional(instrument, quantity, reference) < least_notional(instrument, hard_cap_bp)
