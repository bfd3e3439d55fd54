"""What a strategy passes in becomes an intent: parsing and checking, before anything is sent.

Amounts and prices may be given as Decimal, int, text, or float (taken by its shortest decimal
form, so 0.1 means 0.1). Everything else is refused by field, value and rule.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Required, TypedDict, TypeVar

from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
    is_reserved,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.domain.order_rules import Draft, broken_rule
from tandem.messages.intents import (
    DEFAULT_VALID_FOR_MS,
    CancelOrder,
    HedgeOrder,
    LegSpec,
    MakerSpec,
    NewOrder,
    RatioKind,
)
from tandem.messages.rules import check_cancel, check_hedge, check_new_order, is_plain

E = TypeVar("E", bound=StrEnum)
Number = Decimal | int | str | float
_CLOID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_HEX_CLOID = re.compile(r"0[xX][0-9a-fA-F]{32}")
POST_ONLY_WORDS = frozenset({"GTX", "ALO", "POST_ONLY"})


class OrderOptions(TypedDict, total=False):
    """The optional fields of an order call.

    `price_rule` is the reference's name for `price_match`. `tif`: GTC, IOC, FOK, or GTX/ALO for
    post-only. `cloid`: a client id legal on the venue.
    `valid_for_ms`: how long the intent may wait before it is sent.
    """

    price: Number
    price_match: PriceMatch | str
    price_rule: PriceMatch | str
    tif: TimeInForce | str
    reduce_only: bool
    post_only: bool
    tp: Number
    sl: Number
    cloid: str
    valid_for_ms: int
    max_slippage_bp: Number


def number(field: str, value: object) -> Decimal:
    """Return the exact decimal that was meant, of a size that the wire carries."""
    parsed = finite(field, value)
    if not is_plain(parsed):
        raise InvalidInputError(field, value, "below 10^15, at most 18 decimals")
    return parsed


def finite(field: str, value: object) -> Decimal:
    """Return the exact decimal that was meant, with any number of decimals."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str | float):
        raise InvalidInputError(field, value, "a decimal number")
    try:
        parsed = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation as error:
        raise InvalidInputError(field, value, "a decimal number") from error
    if not parsed.is_finite():
        raise InvalidInputError(field, value, "a finite decimal number")
    return parsed


def _optional(field: str, value: object | None) -> Decimal | None:
    return None if value is None else number(field, value)


def word(field: str, value: object, kind: type[E]) -> E:
    """Return the member of a closed set that a word names, in any case."""
    try:
        return kind(str(value).upper())
    except ValueError as error:
        raise InvalidInputError(field, value, f"one of {', '.join(kind)}") from error


def _time_in_force(value: object) -> tuple[TimeInForce, bool]:
    if str(value).upper() in POST_ONLY_WORDS:
        return TimeInForce.GTC, True
    return word("tif", value, TimeInForce), False


def _price_match(given: Mapping[str, Any]) -> PriceMatch | None:
    """Return the price rule that was given, under its own name or the reference's."""
    names = [name for name in ("price_match", "price_rule") if given.get(name) is not None]
    if len(names) > 1:
        raise InvalidInputError("price_rule", given["price_rule"], "not together with price_match")
    return word(names[0], given[names[0]], PriceMatch) if names else None


def whole(field: str, value: object) -> int:
    """Return a whole number of milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(field, value, "a whole number of milliseconds")
    return value


def flag(field: str, value: object) -> bool:
    """Return a yes or no."""
    if not isinstance(value, bool):
        raise InvalidInputError(field, value, "True or False")
    return value


def _known(given: object, allowed: frozenset[str], call: str) -> None:
    if not isinstance(given, Mapping):
        raise InvalidInputError(call, given, "a mapping of parameters")
    for name in given:
        if name not in allowed:
            raise InvalidInputError(str(name), given[name], f"{call} has no such parameter")


_ORDER_FIELDS = frozenset(OrderOptions.__annotations__)


def new_order(
    instrument: Instrument,
    amount: object,
    order_type: OrderType,
    strategy: Strategy,
    options: Mapping[str, Any],
) -> NewOrder:
    """Build and check an order intent against its instrument; `options` hold its `cloid`.

    Raises:
        InvalidInputError: a field that breaks a rule of the contract or of the instrument.
    """
    _known(options, _ORDER_FIELDS, f"{order_type.value.lower()}_order")
    tif, post_only = _time_in_force(options.get("tif", TimeInForce.GTC))
    order = NewOrder(
        exc=instrument.exc,
        ticker=instrument.ticker,
        client_order_id=client_id(options.get("cloid")),
        amount=number("amount", amount),
        order_type=order_type,
        strategy=strategy,
        price=_optional("price", options.get("price")),
        price_match=_price_match(options),
        time_in_force=tif,
        post_only=post_only or flag("post_only", options.get("post_only", False)),
        reduce_only=flag("reduce_only", options.get("reduce_only", False)),
        take_profit=_optional("tp", options.get("tp")),
        stop_loss=_optional("sl", options.get("sl")),
        max_slippage_bp=_optional("max_slippage_bp", options.get("max_slippage_bp")),
        valid_for_ms=whole("valid_for_ms", options.get("valid_for_ms", DEFAULT_VALID_FOR_MS)),
    )
    check_new_order(order)
    draft = Draft(
        order.amount,
        order.price,
        valued_at=order.price,
        is_market=order_type is OrderType.MARKET,
        skips_min_notional=order.reduce_only,
    )
    check_against(instrument, draft)
    return order


def client_id(value: object) -> ClientOrderId:
    """Return a strategy's own client id; whether its venue takes it, the gateway tells."""
    if not isinstance(value, str) or not _CLOID.fullmatch(value):
        raise InvalidInputError("cloid", value, "1 to 36 of A-Z a-z 0-9 . : / _ -")
    if _HEX_CLOID.fullmatch(value) and value != value.lower():
        raise InvalidInputError("cloid", value, "0x and 32 hex digits must be lower-case")
    if is_reserved(value):
        raise InvalidInputError("cloid", value, "not of the form kept for orders of a hedge")
    return ClientOrderId(value)


def check_against(instrument: Instrument, draft: Draft) -> None:
    """Refuse what the instrument's own rules would refuse at the venue."""
    check_tradable(instrument)
    broken = broken_rule(instrument, draft)
    if broken is not None:
        raise InvalidInputError(broken.field, broken.value, broken.rule)


def check_tradable(instrument: Instrument) -> None:
    """Refuse an instrument that is halted or delisted."""
    if not instrument.is_tradable:
        raise InvalidInputError("ticker", instrument.ticker, f"not trading on {instrument.exc}")


class MakerOrder(TypedDict, total=False):
    """The maker side of a hedge order; `price` or `price_match`, the rest as in OrderOptions."""

    exc: Required[str]
    ticker: Required[str]
    amount: Required[Number]
    price: Number
    price_match: PriceMatch | str
    price_rule: PriceMatch | str
    tif: TimeInForce | str
    post_only: bool
    reduce_only: bool


class HedgeLeg(TypedDict, total=False):
    """One leg of a hedge order: `ratio` to the maker's fill (-1), in base units unless said."""

    exc: Required[str]
    ticker: Required[str]
    ratio: Number
    ratio_kind: RatioKind | str


_MAKER_FIELDS = frozenset(MakerOrder.__annotations__)
_LEG_FIELDS = frozenset(HedgeLeg.__annotations__)


def maker_spec(given: Any) -> MakerSpec:
    """Parse the maker side of a hedge order."""
    _known(given, _MAKER_FIELDS, "maker_order")
    tif, post_only = _time_in_force(given.get("tif", TimeInForce.GTC))
    return MakerSpec(
        exc=Exc(text("maker_order.exc", given.get("exc"))),
        ticker=Ticker(text("maker_order.ticker", given.get("ticker"))),
        amount=number("maker_order.amount", given.get("amount")),
        price=_optional("maker_order.price", given.get("price")),
        price_match=_price_match(given),
        time_in_force=tif,
        post_only=post_only or flag("post_only", given.get("post_only", False)),
        reduce_only=flag("reduce_only", given.get("reduce_only", False)),
    )


def leg_spec(given: Any) -> LegSpec:
    """Parse one leg of a hedge order."""
    _known(given, _LEG_FIELDS, "hedge_order")
    kind = str(given.get("ratio_kind", RatioKind.BASE)).lower()
    if kind not in set(RatioKind):
        raise InvalidInputError("ratio_kind", kind, f"one of {', '.join(RatioKind)}")
    return LegSpec(
        exc=Exc(text("hedge_order.exc", given.get("exc"))),
        ticker=Ticker(text("hedge_order.ticker", given.get("ticker"))),
        ratio=number("hedge_order.ratio", given.get("ratio", -1)),
        ratio_kind=RatioKind(kind),
    )


def text(field: str, value: object) -> str:
    """Return a name."""
    if not isinstance(value, str) or not value:
        raise InvalidInputError(field, value, "a name")
    return value


def leg_specs(given: object) -> tuple[LegSpec, ...]:
    """Parse one leg, or a list of them."""
    if isinstance(given, Mapping):
        return (leg_spec(given),)
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidInputError("hedge_order", given, "a leg or a list of legs")
    return tuple(leg_spec(leg) for leg in given)


def hedge(
    hedge_id: HedgeId,
    strategy: Strategy,
    orders: tuple[MakerSpec, tuple[LegSpec, ...]],
    coalesce_ms: object,
    pool: str | None = None,
    *,
    cross_asset: object = False,
) -> HedgeOrder:
    """Build and check a hedge intent of a maker and its legs; no pool: the strategy's own."""
    order = HedgeOrder(
        hedge_id=hedge_id,
        strategy=strategy,
        maker=orders[0],
        legs=orders[1],
        coalesce_ms=whole("trigger_after_ms", coalesce_ms),
        pool=None if pool is None else Pool(text("pool", pool)),
        cross_asset=flag("cross_asset", cross_asset),
    )
    check_hedge(order)
    return order


def cancel(
    exc: Exc,
    strategy: Strategy,
    call: Token,
    names: tuple[str | None, str | None, str | None],
) -> CancelOrder:
    """Build and check a cancel of what `names` (ticker, oid, cloid) narrow it to."""
    ticker, oid, cloid = names
    intent = CancelOrder(
        exc=exc,
        token=call,
        strategy=strategy,
        ticker=None if ticker is None else Ticker(ticker),
        venue_order_id=None if oid is None else VenueOrderId(text("oid", oid)),
        client_order_id=None if cloid is None else ClientOrderId(text("cloid", cloid)),
    )
    check_cancel(intent)
    return intent
