"""Which intents make sense before any venue is asked: shape rules, the same for client and fold.

Each check raises InvalidInputError naming the field, the value and the rule, or returns None.
"""

from collections.abc import Hashable, Iterable
from decimal import Decimal
from functools import cache
from typing import cast, get_args, get_type_hints

from msgspec import Struct

from tandem.domain import ids
from tandem.domain.errors import InvalidInputError, NotYetSupportedError
from tandem.domain.ids import ClientOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, TimeInForce
from tandem.messages.hedges import Decision
from tandem.messages.intents import CancelOrder, HedgeOrder, LegSpec, MakerSpec, NewOrder

MAX_LEGS = 8
MAX_VALID_FOR_MS = 86_400_000
MAX_COALESCE_MS = 60_000
LEAST_DISCONNECT_MS = 1_000
MAX_ID_LENGTH = 120
MAX_DIGITS_BEFORE_POINT = 15
MAX_DECIMALS = 18
MAX_COMPUTED_DECIMALS = 60
MAX_WHOLE = 2**63 - 1
MAX_AHEAD_NS = 86_400_000_000_000


def check_new_order(order: NewOrder) -> None:
    """Refuse an order whose fields contradict each other."""
    _name("exc", order.exc)
    _name("ticker", order.ticker)
    _name("cloid", order.client_order_id)
    _name("strategy", order.strategy)
    _amount("amount", order.amount)
    _pricing(order)
    _window("valid_for_ms", order.valid_for_ms, MAX_VALID_FOR_MS)
    _disconnect(order.disconnect_after_ms)
    _not_yet(order)


def _pricing(order: NewOrder) -> None:
    if order.order_type is OrderType.MARKET:
        _market_pricing(order)
        return
    if order.max_slippage_bp is not None:
        raise InvalidInputError("max_slippage_bp", order.max_slippage_bp, "of MARKET orders only")
    _limit_price("price", order.price, order.price_match is not None)
    _post_only(order.post_only, order.time_in_force)


def _market_pricing(order: NewOrder) -> None:
    for name, value in (("price", order.price), ("price_match", order.price_match)):
        if value is not None:
            raise InvalidInputError(name, value, "a MARKET order has none")
    if order.post_only:
        raise InvalidInputError("post_only", True, "a MARKET order cannot rest")
    if order.disconnect_after_ms is not None:
        rule = "of LIMIT orders only: a MARKET order does not rest"
        raise InvalidInputError("disconnect_after_ms", order.disconnect_after_ms, rule)
    slippage = order.max_slippage_bp
    if slippage is not None and not (is_plain(slippage) and 0 < slippage <= 5_000):
        raise InvalidInputError("max_slippage_bp", slippage, "within (0, 5000]")


def _limit_price(name: str, price: Decimal | None, matched: bool) -> None:
    if price is None and not matched:
        raise InvalidInputError(name, "None", "a LIMIT order needs price or price_match")
    if price is not None and matched:
        raise InvalidInputError("price_match", "given", "not together with price")
    if price is not None and not (is_plain(price) and price > 0):
        raise InvalidInputError(name, price, "a positive finite decimal")


def _post_only(post_only: bool, time_in_force: TimeInForce) -> None:
    if post_only and time_in_force is not TimeInForce.GTC:
        raise InvalidInputError("tif", time_in_force.value, "post_only orders are GTC")


def _not_yet(order: NewOrder) -> None:
    for name, value in (("tp", order.take_profit), ("sl", order.stop_loss)):
        if value is not None:
            raise NotYetSupportedError(name, value, "not supported yet")


def check_cancel(cancel: CancelOrder) -> None:
    """Refuse a cancel that names an order twice, or nothing sensible."""
    _name("exc", cancel.exc)
    _name("token", cancel.token)
    for name, value in (
        ("ticker", cancel.ticker),
        ("oid", cancel.venue_order_id),
        ("cloid", cancel.client_order_id),
    ):
        if value is not None:
            _name(name, value)
    if cancel.venue_order_id is not None and cancel.client_order_id is not None:
        raise InvalidInputError("oid", cancel.venue_order_id, "not together with cloid")
    _window("valid_for_ms", cancel.valid_for_ms, MAX_VALID_FOR_MS)


def check_hedge(hedge: HedgeOrder) -> None:
    """Refuse a hedge order whose maker or legs make no sense."""
    _name("hedge_id", hedge.hedge_id)
    _name("strategy", hedge.strategy)
    if hedge.pool is not None:
        _name("pool", hedge.pool)
    _maker(hedge.maker)
    if not 1 <= len(hedge.legs) <= MAX_LEGS:
        raise InvalidInputError("legs", len(hedge.legs), f"1 to {MAX_LEGS} legs")
    for index, leg in enumerate(hedge.legs):
        _leg(f"legs[{index}]", leg)
    names = [(leg.exc, leg.ticker) for leg in hedge.legs]
    if len(set(names)) != len(names):
        raise InvalidInputError("legs", names, "each (exc, ticker) once")
    if not 0 <= hedge.coalesce_ms <= MAX_COALESCE_MS:
        raise InvalidInputError("coalesce_ms", hedge.coalesce_ms, f"0 to {MAX_COALESCE_MS}")
    _window("valid_for_ms", hedge.valid_for_ms, MAX_VALID_FOR_MS)
    _disconnect(hedge.disconnect_after_ms)
    for name, value in (("v", hedge.v), ("ts_sent", hedge.ts_sent_ns)):
        if not _is_storable(value):
            raise InvalidInputError(name, value, "an integer of 64 bits")


def _maker(maker: MakerSpec) -> None:
    _name("maker.exc", maker.exc)
    _name("maker.ticker", maker.ticker)
    _amount("maker.amount", maker.amount)
    _limit_price("maker.price", maker.price, maker.price_match is not None)
    _post_only(maker.post_only, maker.time_in_force)


def _leg(path: str, leg: LegSpec) -> None:
    _name(f"{path}.exc", leg.exc)
    _name(f"{path}.ticker", leg.ticker)
    if not is_plain(leg.ratio) or leg.ratio == 0:
        raise InvalidInputError(f"{path}.ratio", leg.ratio, "a finite decimal other than 0")


def _amount(path: str, amount: Decimal) -> None:
    if not is_plain(amount) or amount == 0:
        raise InvalidInputError(path, amount, "a finite decimal other than 0; negative sells")


def is_plain(value: Decimal) -> bool:
    """Tell whether a decimal is finite and of a size that exact arithmetic can carry."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return False
    return value.adjusted() < MAX_DIGITS_BEFORE_POINT and exponent >= -MAX_DECIMALS


def unsound_number(message: object) -> str:
    """Return which number of a logged message no fold can count with, or the empty text.

    Looser than `is_plain`: averages that a venue or a fold computed have many decimals. An
    integer is sound where a snapshot can hold it: what JSON spells has no bound of its own.
    """
    return "" if _is_sound(message) else _unsound(message, "")


def untimely(message: object, now_ns: int) -> str:
    """Return which venue time of a logged message cannot be one at the log's time `now_ns`.

    Of a field the latest venue time counts for good, so one from the far future (nanoseconds
    taken for something else) would shut out all that is true. What is old only loses to it.
    """
    ts_ns = getattr(message, "ts_event_ns", 0)
    if 0 <= ts_ns <= now_ns + MAX_AHEAD_NS:
        return ""
    return f"ts_venue={ts_ns}: nanoseconds, at most a day past the log's own {now_ns}"


def _is_sound(message: object) -> bool:
    """Answer for nearly every message, at a fraction of what naming each number costs."""
    if isinstance(message, Decimal):
        return is_countable(message)
    if isinstance(message, int):
        return _is_storable(message)
    if isinstance(message, tuple):
        return all(_is_sound(part) for part in message)
    for name in _numbered_fields(cast("Hashable", type(message))):
        part = getattr(message, name)
        if part is not None and not _is_sound(part):
            return False
    return True


def _unsound(message: object, path: str) -> str:
    if isinstance(message, Decimal):
        return "" if is_countable(message) else f"{path}={message}: a finite decimal below 10^15"
    if isinstance(message, int):
        return "" if _is_storable(message) else f"{path}={message}: an integer of 64 bits"
    if isinstance(message, tuple):
        return _first_unsound((f"{path}[{place}]", part) for place, part in enumerate(message))
    names = _numbered_fields(cast("Hashable", type(message)))
    if not names:
        return ""
    return _first_unsound((f"{path}.{name}", getattr(message, name)) for name in names)


def _first_unsound(parts: Iterable[tuple[str, object]]) -> str:
    for path, part in parts:
        if part is not None and (fault := _unsound(part, path)):
            return fault.removeprefix(".")
    return ""


@cache
def _numbered_fields(kind: Hashable) -> tuple[str, ...]:
    """Return the fields of a message, or part of one, that hold numbers somewhere below."""
    if not isinstance(kind, type) or not (issubclass(kind, Struct) or kind is Instrument):
        return ()
    hints = get_type_hints(kind)
    return tuple(name for name, hint in hints.items() if _holds_numbers(hint))


def _holds_numbers(hint: object) -> bool:
    if hint in {Decimal, int}:
        return True
    parts = get_args(hint)
    if parts:
        return any(_holds_numbers(part) for part in parts)
    return isinstance(hint, type) and bool(_numbered_fields(hint))


def _is_storable(value: int) -> bool:
    return -MAX_WHOLE - 1 <= value <= MAX_WHOLE


def is_countable(value: Decimal) -> bool:
    """Tell whether a decimal is finite, and of a size that sums and averages may have."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return False
    return value.adjusted() < MAX_DIGITS_BEFORE_POINT and exponent >= -MAX_COMPUTED_DECIMALS


def _name(path: str, text: str) -> None:
    if not text or len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise InvalidInputError(path, text[:40], f"1 to {MAX_ID_LENGTH} printable characters")


def _window(path: str, value: int, most: int) -> None:
    if not 0 < value <= most:
        raise InvalidInputError(path, value, f"1 to {most} milliseconds")


def _disconnect(value: int | None) -> None:
    if value is not None and not LEAST_DISCONNECT_MS <= value <= MAX_VALID_FOR_MS:
        rule = f"{LEAST_DISCONNECT_MS} to {MAX_VALID_FOR_MS} milliseconds"
        raise InvalidInputError("disconnect_after_ms", value, rule)


def borrowed_name(order: NewOrder) -> str:
    """Return why an order may not go by its client id, which this system makes; empty: it may.

    A taker comes by a decision and never by an intent; a maker's id is a function of its hedge's.
    Venues take no notice of letters' case, so neither does this.
    """
    name = order.client_order_id.lower()
    if ids.is_taker_cloid(name):
        return f"{name}: of the form of a hedge's takers, which are decided and never asked for"
    if not ids.is_maker_cloid(name):
        return ""
    own = ids.maker_cloid(order.hedge_id)[: -ids.REQUOTE_DIGITS] if order.hedge_id else name
    if order.hedge_id and order.client_order_id.startswith(own):
        return ""
    return f"{name}: of the form of a hedge's maker, and not that of hedge {order.hedge_id}"


def foreign_taker(decision: Decision) -> ClientOrderId | None:
    """Return the first taker's client id that does not name its decision, None when all do."""
    bucket = ids.bucket_hash(decision.exc, decision.ticker, decision.pool)
    for index, order in enumerate(decision.takers):
        name = ids.TakerName(bucket, decision.epoch, decision.ordinal, index)
        if ids.taker_name(order.client_order_id) != name:
            return order.client_order_id
    return None
