"""Which facts may enter the ledger: every number finite and of a size that stays exact (pure).

The log is open to others; a poisonous number is an alarm, and never stops the fold.
"""

from collections.abc import Iterator
from decimal import Decimal

from tandem.domain.ids import is_ours
from tandem.messages.codec import Fact
from tandem.messages.hedges import Decision
from tandem.messages.intents import HedgeOrder, NewOrder
from tandem.messages.reports import FillReport, MarkReport, OrderReport, SpecsReport
from tandem.messages.rules import is_plain, unsound_number, untimely


def fault(fact: Fact, now_ns: int) -> str:
    """Return what is wrong with a fact's numbers or times, or the empty text.

    A hedge order is judged by its own rules (services/hedger/fold/admission.py), which refuse it by
    name; another order by its gateway, and here only its name is of use.
    """
    if isinstance(fact, HedgeOrder | NewOrder):
        return ""
    return untimely(fact, now_ns) or _number(fact) or unsound_number(fact)


def _number(fact: Fact) -> str:
    """Judge the numbers that enter an amount: stricter than for those that are only shown."""
    match fact:
        case FillReport():
            return _fill(fact)
        case OrderReport():
            return _order(fact)
        case MarkReport():
            return _positive({"mid": fact.mid, "mark": fact.mark or fact.mid})
        case Decision():
            return _each("takers", _orders(fact))
        case SpecsReport():
            return _each("instruments", _steps(fact))
        case _:
            return ""


def _fill(fill: FillReport) -> str:
    wrong = _positive({"last_fill_sz": fill.last_qty}) or _price(fill)
    return wrong or ("" if fill.cum_qty is None else _not_negative("filled_sz", fill.cum_qty))


def _price(fill: FillReport) -> str:
    """What the venue closes by itself may be worth nothing: no amount follows from that price."""
    if fill.is_system and not is_ours(fill.client_order_id or ""):
        return _not_negative("last_px", fill.last_px)
    return _positive({"last_px": fill.last_px})


def _order(report: OrderReport) -> str:
    """Judge quantities: an average that a venue computed may have any number of decimals."""
    if report.cum_qty is not None and _not_negative("filled_sz", report.cum_qty):
        return _not_negative("filled_sz", report.cum_qty)
    if report.amount is not None and not is_plain(report.amount):
        return f"amount={report.amount}: a finite decimal"
    return ""


def _positive(values: dict[str, Decimal]) -> str:
    for name, value in values.items():
        if not (is_plain(value) and value > 0):
            return f"{name}={value}: a positive finite decimal"
    return ""


def _not_negative(name: str, value: Decimal) -> str:
    return "" if is_plain(value) and value >= 0 else f"{name}={value}: finite and not negative"


def _each(name: str, values: Iterator[Decimal]) -> str:
    wrong = next((value for value in values if not is_plain(value)), None)
    return "" if wrong is None else f"{name}={wrong}: a finite decimal"


def _orders(decision: Decision) -> Iterator[Decimal]:
    """Every number that a gateway insists on: what it cannot read, it never answers."""
    for taker in decision.takers:
        yield from (taker.amount, taker.band_bp, taker.hard_cap_bp)


def _steps(specs: SpecsReport) -> Iterator[Decimal]:
    for one in specs.instruments:
        yield from (one.tick, one.lot, one.min_qty, one.min_notional, one.multiplier)
        yield from (most for most in (one.max_qty, one.market_max_qty) if most is not None)
