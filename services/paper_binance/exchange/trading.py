"""What orders do: placing, amending and cancelling, each from a request to the venue's answer."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from services.paper_binance.exchange.audit_log import ACCEPTED, RequestRecord
from services.paper_binance.exchange.countdowns import Countdown
from services.paper_binance.exchange.refusals import amend_error, order_error
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.order_params import (
    AmendRequest,
    OrderRequest,
    decode_amend,
    decode_contract,
    decode_order,
)
from services.paper_binance.wire.order_payloads import OrderPayload, ack, ack_unfilled, cancelled
from services.paper_binance.wire.params import Params, from_json
from services.paper_binance.wire.vocabulary import PriceMatch, ResponseType
from services.paper_exchange.engine.forcing import lots_of_half
from services.paper_exchange.engine.ledger import is_reducing
from services.paper_exchange.engine.orders import (
    Amendment,
    NewOrder,
    Order,
    OrderId,
    OrderRefused,
    Side,
    TimeInForce,
)
from services.paper_exchange.faults.vocabulary import Fault

MAX_AMENDMENTS = 10_000
MAX_PLACED_AT_ONCE = 5
MAX_CANCELLED_AT_ONCE = 10
DONE_CODE = 200
CANCELLED_ALL = "The operation of cancel all open order is done."
SETTLED_AT_ENTRY = frozenset({TimeInForce.IOC, TimeInForce.FOK})


class Done(msgspec.Struct, frozen=True):
    """A success without content."""

    code: int
    msg: str


class Failure(msgspec.Struct, frozen=True):
    """One refused item of a batch."""

    code: int
    msg: str


class Nothing(msgspec.Struct, frozen=True):
    """An empty answer."""


class CountdownPayload(msgspec.Struct, frozen=True, rename="camel"):
    """An armed countdown; its length is written as text."""

    symbol: str
    countdown_time: str


BatchAnswer = list[OrderPayload | Failure]


def place_order(venue: Venue, call: Call) -> OrderPayload:
    """Enter an order and acknowledge it."""
    request = decode_order(call.params, venue.rules(call))
    mono_parsed_ns = venue.mono_ns()
    try:
        order = _enter(venue, call, request)
    except VenueError as error:
        _record(venue, call, request.order.client_id, None, mono_parsed_ns, str(error))
        raise
    _record(venue, call, order.client_id, order.order_id, mono_parsed_ns, ACCEPTED)
    return _acknowledgement(venue, request, order)


def check_order(venue: Venue, call: Call) -> Nothing:
    """Refuse what placing would refuse; enter nothing."""
    request = decode_order(call.params, venue.rules(call))
    new = _priced(venue, request)
    _check_permitted(venue, call, new)
    try:
        venue.engine.check(call.account_id, new, call.now_ns)
    except OrderRefused as refused:
        raise order_error(refused, venue.contract(new.symbol), new.side) from refused
    return Nothing()


def amend_order(venue: Venue, call: Call) -> OrderPayload:
    """Give an open order new terms and acknowledge them."""
    request = decode_amend(call.params, venue.rules(call))
    _check_engine_time(venue, call)
    venue.permissions.check_amend(request.symbol)
    order = _open_order(venue, call, Code.NO_SUCH_ORDER)
    _check_amendable(order, request)
    px = _matched_px(venue, request.symbol, request.side, request.price_match, request.px)
    try:
        events = venue.engine.amend(
            call.account_id, order.order_id, Amendment(px=px, qty=request.qty), call.now_ns
        )
    except OrderRefused as refused:
        contract = venue.contract(request.symbol)
        raise amend_error(refused, contract, request.side) from refused
    venue.publish(events, call.now_ns, request.modify_id)
    after = venue.engine.order(order.order_id)
    payload = ack(after, venue.contract(after.symbol), slim=venue.switches.slim_acks)
    return msgspec.structs.replace(payload, modify_id=request.modify_id or None)


def cancel_order(venue: Venue, call: Call) -> OrderPayload:
    """Take one open order off."""
    contract = decode_contract(call.params, venue.contracts)
    order = _open_order(venue, call, Code.CANCEL_REJECTED)
    if call.late_fill_ms is not None:
        _fill_before_cancel(venue, order, call.late_fill_ms, call.now_ns)
    venue.publish(venue.engine.cancel(call.account_id, order.order_id, call.now_ns), call.now_ns)
    after = venue.engine.order(order.order_id)
    return cancelled(after, contract, slim=venue.switches.slim_acks)


def _fill_before_cancel(venue: Venue, order: Order, after_ms: int, now_ns: int) -> None:
    """Let half of the order trade now, and tell of it after the cancel."""
    qty = lots_of_half(order.leaves_qty, venue.contract(order.symbol).lot)
    if order.px is None or not qty:
        return
    venue.faults.plan.took_effect(Fault.LATE_FILL)
    venue.publish_late(venue.engine.fill_resting(order.order_id, qty, now_ns), now_ns, after_ms)


def cancel_all_orders(venue: Venue, call: Call) -> Done:
    """Take all open orders of a symbol off."""
    contract = decode_contract(call.params, venue.contracts)
    events = venue.engine.cancel_all(call.account_id, contract.symbol, call.now_ns)
    venue.publish(events, call.now_ns)
    return Done(DONE_CODE, CANCELLED_ALL)


def arm_countdown(venue: Venue, call: Call) -> CountdownPayload:
    """Set, replace or (with 0) stop a symbol's dead man's switch."""
    contract = decode_contract(call.params, venue.contracts)
    length_ms = call.params.integer("countdownTime")
    if length_ms < 0:
        raise VenueError(Code.INVALID_PARAMETER, "countdownTime")
    countdown = Countdown(call.account_id, contract.symbol)
    venue.countdowns.arm(countdown, length_ms, call.now_ms)
    return CountdownPayload(contract.symbol, str(length_ms))


def place_batch(venue: Venue, call: Call) -> BatchAnswer:
    return [_or_failure(venue, item, place_order) for item in _batch_items(call)]


def amend_batch(venue: Venue, call: Call) -> BatchAnswer:
    return [_or_failure(venue, item, amend_order) for item in _batch_items(call)]


def cancel_batch(venue: Venue, call: Call) -> BatchAnswer:
    """Cancel by venue ids or by client ids, whichever list was sent."""
    name, key = ("orderIdList", "orderId")
    if not call.params.has(name):
        name, key = ("origClientOrderIdList", "origClientOrderId")
    symbol = call.params.text("symbol")
    ids = _decode_list(call.params.text(name), name)
    if not 0 < len(ids) <= MAX_CANCELLED_AT_ONCE:
        raise VenueError(Code.BATCH_SIZE)
    calls = (_with(call, {"symbol": symbol, key: str(order_id)}) for order_id in ids)
    return [_or_failure(venue, item, cancel_order) for item in calls]


def find_order(venue: Venue, call: Call, missing: Code) -> Order:
    """Return the account's order of this symbol by either id; the venue's id prevails."""
    contract = decode_contract(call.params, venue.contracts)
    try:
        order = _by_id(venue, call)
    except OrderRefused:
        raise VenueError(missing) from None
    if order.account_id != call.account_id or order.symbol != contract.symbol:
        raise VenueError(missing)
    return order


def _by_id(venue: Venue, call: Call) -> Order:
    order_id = call.params.optional_integer("orderId")
    if order_id is not None:
        return venue.engine.order(OrderId(order_id))
    client_id = call.params.optional("origClientOrderId")
    if client_id is None:
        raise VenueError(Code.MANDATORY_PARAM, "orderId")
    return venue.engine.order_of_client(call.account_id, client_id)


def _open_order(venue: Venue, call: Call, missing: Code) -> Order:
    order = find_order(venue, call, missing)
    if not order.is_open:
        raise VenueError(missing)
    return order


def _check_engine_time(venue: Venue, call: Call) -> None:
    """Refuse what reaches the engine too late (change log 2023-04-18)."""
    timestamp_ms = call.params.optional_integer("timestamp")
    deadline_ms = (timestamp_ms or call.now_ms) + call.params.recv_window_ms()
    if call.now_ms + venue.switches.engine_lag_ms > deadline_ms:
        raise VenueError(Code.ENGINE_TIMESTAMP)


def _check_permitted(venue: Venue, call: Call, new: NewOrder) -> None:
    venue.permissions.check_order(call.account_id, new.symbol, is_reducing=is_reducing(new))
    if new.px is None:
        _check_counterparty(venue, new)


def _check_counterparty(venue: Venue, new: NewOrder) -> None:
    """Refuse a market order whose best counterparty is out of bounds (error code -4131)."""
    best = venue.engine.best(new.symbol, new.side.opposite)
    mark_px = venue.engine.mark_px(new.symbol)
    if best is None or mark_px is None:
        return
    bound = mark_px * venue.contract(new.symbol).market_take_bound
    if (best.px - mark_px) * new.side.sign > bound:
        raise VenueError(Code.COUNTERPARTY_PRICE)


def _enter(venue: Venue, call: Call, request: OrderRequest) -> Order:
    _check_engine_time(venue, call)
    new = _priced(venue, request)
    _check_permitted(venue, call, new)
    if not new.client_id:
        new = msgspec.structs.replace(new, client_id=venue.new_client_id())
    try:
        events = venue.engine.place(call.account_id, new, call.now_ns)
    except OrderRefused as refused:
        raise order_error(refused, venue.contract(new.symbol), new.side) from refused
    venue.publish(events, call.now_ns)
    return venue.engine.order_of_client(call.account_id, new.client_id)


def _priced(venue: Venue, request: OrderRequest) -> NewOrder:
    order = request.order
    if request.price_match is PriceMatch.NONE:
        return order
    px = _matched_px(venue, order.symbol, order.side, request.price_match, None)
    return msgspec.structs.replace(order, px=px)


def _matched_px(
    venue: Venue, symbol: str, side: Side, match: PriceMatch, px: Decimal | None
) -> Decimal:
    """Return the price sent, or the one that the book gives for a price match."""
    if px is not None:
        return px
    book_side = side.opposite if match.is_opponent else side
    level = venue.engine.level(symbol, book_side, match.level)
    if level is None:
        raise VenueError(Code.NO_DEPTH_FOR_PRICE_MATCH)
    return level.px


def _check_amendable(order: Order, request: AmendRequest) -> None:
    if order.side is not request.side:
        raise VenueError(Code.INVALID_SIDE)
    if request.reduce_only and not order.reduce_only:
        raise VenueError(Code.AMEND_NOT_REDUCE_ONLY)
    if order.amend_count >= MAX_AMENDMENTS:
        raise VenueError(Code.AMEND_TOO_MANY)


def _acknowledgement(venue: Venue, request: OrderRequest, order: Order) -> OrderPayload:
    contract = venue.contract(order.symbol)
    tells_fate = request.response_type is ResponseType.RESULT and (
        order.is_market or order.tif in SETTLED_AT_ENTRY
    )
    acknowledge = ack if tells_fate else ack_unfilled
    return acknowledge(order, contract, slim=venue.switches.slim_acks)


def _record(
    venue: Venue,
    call: Call,
    client_id: str,
    order_id: OrderId | None,
    mono_parsed_ns: int,
    outcome: str,
) -> None:
    venue.audit.record(
        RequestRecord(
            account_id=call.account_id,
            client_id=client_id,
            order_id=order_id,
            mono_parsed_ns=mono_parsed_ns,
            outcome=outcome,
        )
    )


def _batch_items(call: Call) -> list[Call]:
    text = call.params.text("batchOrders")
    try:
        items = msgspec.json.decode(text, type=list[dict[str, msgspec.Raw]])
    except msgspec.MsgspecError:
        raise VenueError(Code.INVALID_PARAMETER, "batchOrders") from None
    if not 0 < len(items) <= MAX_PLACED_AT_ONCE:
        raise VenueError(Code.BATCH_SIZE)
    return [_with(call, from_json(item)) for item in items]


def _decode_list(text: str, name: str) -> list[int | str]:
    try:
        return msgspec.json.decode(text, type=list[int | str])
    except msgspec.MsgspecError:
        raise VenueError(Code.INVALID_PARAMETER, name) from None


def _with(call: Call, values: dict[str, str]) -> Call:
    return msgspec.structs.replace(call, params=Params(values))


def _or_failure(
    venue: Venue, call: Call, act: Callable[[Venue, Call], OrderPayload]
) -> OrderPayload | Failure:
    try:
        return act(venue, call)
    except VenueError as error:
        return Failure(error.number, error.message)
