"""Whether a change of the fault plan makes sense, in words that name field, value and rule."""

from collections.abc import Callable

from services.paper_exchange.faults.vocabulary import (
    GROUPS,
    MARGIN_FAULTS,
    ORDER_FAULTS,
    Chance,
    Fault,
    PlanChange,
    Scripted,
    Spans,
    chance_of,
)


def defect_of(
    change: PlanChange, faults: frozenset[Fault], is_name: Callable[[str], bool]
) -> str | None:
    """Return which field breaks which rule, or None; `faults` are those this venue has."""
    return (
        _chances_defect(change.chances or {}, faults, is_name)
        or _script_defect(change.script, faults, is_name)
        or _spans_defect(change)
        or _margin_defect(change.margin_orders)
    )


def _chances_defect(
    chances: dict[Fault, float | Chance], faults: frozenset[Fault], is_name: Callable[[str], bool]
) -> str | None:
    for fault, given in chances.items():
        chance = chance_of(given)
        if fault not in faults:
            return f"chances.{fault}={chance.p:g}: this venue has no such fault"
        if not 0 <= chance.p <= 1:
            return f"chances.{fault}={chance.p:g}: must be from 0 to 1"
        unknown = next((name for name in chance.only if not is_name(name)), None)
        if unknown is not None:
            return f"chances.{fault}.only={unknown}: names no operation or event of this venue"
    for group in GROUPS:
        total = sum(chance_of(given).p for fault, given in chances.items() if fault in group)
        if total > 1:
            named = ", ".join(sorted(fault for fault in chances if fault in group))
            return f"chances={total:g}: {named} together must be at most 1"
    return None


def _script_defect(
    script: tuple[Scripted, ...], faults: frozenset[Fault], is_name: Callable[[str], bool]
) -> str | None:
    for index, one in enumerate(script):
        at = f"script[{index}]"
        if one.fault not in faults:
            return f"{at}.fault={one.fault}: this venue has no such fault"
        if one.fault not in MARGIN_FAULTS | ORDER_FAULTS and one.on and not is_name(one.on):
            return f"{at}.on={one.on}: names no operation or event of this venue"
        if one.count < 1 or one.skip < 0:
            return f"{at}: count={one.count} must be at least 1 and skip={one.skip} at least 0"
        if one.ms is not None and one.ms < 0:
            return f"{at}.ms={one.ms}: must not be negative"
    return None


def _spans_defect(change: PlanChange) -> str | None:
    for name in Spans.__struct_fields__:
        span = getattr(change, name)
        if span is not None and not 0 <= span[0] <= span[1]:
            return f"{name}={list(span)}: must be the least and the most, not negative"
    return None


def _margin_defect(orders: dict[str, int]) -> str | None:
    for account, count in orders.items():
        if count < 0:
            return f"margin_orders.{account}={count}: must not be negative"
    return None
