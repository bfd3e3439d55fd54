"""What an order request asks for, decoded and checked before the engine sees it.

Rules and codes: Binance docs, New Order, Modify Order and error codes.
"""

import re
from decimal import Decimal

import msgspec

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.numbers import decimals_of
from services.paper_binance.wire.params import TRUTH, Params
from services.paper_binance.wire.vocabulary import (
    ENGINE_TIF,
    ENTERED_HERE,
    OrderNote,
    OrderType,
    PriceMatch,
    ResponseType,
    WireTif,
)
from services.paper_exchange.engine.orders import NewOrder, PositionSide, Side, StpMode, TimeInForce
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import MS_PER_S, NS_PER_MS

CLIENT_ID_LENGTH = 36
CLIENT_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]+")
GTD_MIN_AHEAD_MS = 600_000
GTD_MAX_MS = 253_402_300_799_000
SUSPENDED_MATCHES = frozenset({PriceMatch.OPPONENT_10, PriceMatch.OPPONENT_20})
CONDITIONAL_ONLY = ("stopPrice", "closePosition", "activationPrice", "callbackRate")


class OrderRules(msgspec.Struct, frozen=True, kw_only=True):
    """What decoding an order depends on beyond its own parameters."""

    contracts: dict[str, Contract]
    dual_side: bool
    now_ms: int
    default_stp: StpMode = StpMode.EXPIRE_MAKER
    opponent_10_20: bool = False


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A new order as decoded; its price is still open while `price_match` is set."""

    order: NewOrder
    price_match: PriceMatch
    response_type: ResponseType
    is_limit: bool


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """New terms for an open order; `px` None means that `price_match` decides it."""

    symbol: str
    side: Side
    qty: Decimal
    px: Decimal | None
    price_match: PriceMatch
    reduce_only: bool
    modify_id: str


def decode_order(params: Params, rules: OrderRules) -> OrderRequest:
    """Return the order asked for or refuse it with the venue's code."""
    contract = decode_contract(params, rules.contracts)
    side = params.required_choice("side", Side, Code.INVALID_SIDE)
    is_limit = _order_type(params) is OrderType.LIMIT
    price_match = _price_match(params, rules, is_limit=is_limit)
    tif = _limit_tif(params) if is_limit else _market_tif(params)
    px = _limit_price(params, contract, price_match) if is_limit else None
    order = NewOrder(
        symbol=contract.symbol,
        side=side,
        qty=_quantity(params, contract),
        px=px,
        client_id=_client_id(params),
        tif=ENGINE_TIF[tif] if is_limit else TimeInForce.IOC,
        position_side=_position_side(params, dual_side=rules.dual_side),
        reduce_only=_reduce_only(params, dual_side=rules.dual_side),
        stp=params.choice("selfTradePreventionMode", StpMode, Code.INVALID_STP)
        or rules.default_stp,
        expire_at_ns=_good_till_ns(params, tif, rules.now_ms),
        label=OrderNote(price_match, tif).label(),
    )
    response = params.choice("newOrderRespType", ResponseType, Code.INVALID_PARAMETER)
    return OrderRequest(
        order=order,
        price_match=price_match,
        response_type=response or ResponseType.ACK,
        is_limit=is_limit,
    )


def decode_amend(params: Params, rules: OrderRules) -> AmendRequest:
    """Return the new terms asked for; the caller finds the order."""
    contract = decode_contract(params, rules.contracts)
    side = params.required_choice("side", Side, Code.INVALID_SIDE)
    price_match = _price_match(params, rules, is_limit=True)
    return AmendRequest(
        symbol=contract.symbol,
        side=side,
        qty=_quantity(params, contract),
        px=_limit_price(params, contract, price_match),
        price_match=price_match,
        reduce_only=params.flag("reduceOnly"),
        modify_id=params.optional("modifyId") or "",
    )


def decode_contract(params: Params, contracts: dict[str, Contract]) -> Contract:
    contract = contracts.get(params.text("symbol"))
    if contract is None:
        raise VenueError(Code.BAD_SYMBOL)
    return contract


def _order_type(params: Params) -> OrderType:
    order_type = params.required_choice("type", OrderType, Code.INVALID_ORDER_TYPE)
    if order_type not in ENTERED_HERE:
        raise VenueError(Code.USE_ALGO_ORDER)
    for name in CONDITIONAL_ONLY:
        if params.has(name) and params.optional(name) != "false":
            raise VenueError(Code.PARAM_NOT_REQUIRED, name)
    return order_type


def _position_side(params: Params, *, dual_side: bool) -> PositionSide:
    side = params.choice("positionSide", PositionSide, Code.INVALID_POSITION_SIDE)
    side = side or PositionSide.BOTH
    if dual_side is (side is PositionSide.BOTH):
        raise VenueError(Code.POSITION_SIDE_MISMATCH)
    return side


def _reduce_only(params: Params, *, dual_side: bool) -> bool:
    # The venue names this one parameter in lower case, and refuses it even when false.
    if dual_side and params.has("reduceOnly"):
        raise VenueError(Code.PARAM_NOT_REQUIRED, "reduceonly")
    text = params.optional("reduceOnly")
    if text is not None and text.lower() not in TRUTH:
        raise VenueError(Code.INVALID_REDUCE_ONLY)
    return params.flag("reduceOnly")


def _price_match(params: Params, rules: OrderRules, *, is_limit: bool) -> PriceMatch:
    match = params.choice("priceMatch", PriceMatch, Code.INVALID_PRICE_MATCH) or PriceMatch.NONE
    if match is PriceMatch.NONE:
        return match
    if not is_limit:
        raise VenueError(Code.PRICE_MATCH_TYPE)
    # Change log 2025-10-23: OPPONENT_10 and OPPONENT_20 are suspended, their code undocumented.
    if match in SUSPENDED_MATCHES and not rules.opponent_10_20:
        raise VenueError(Code.INVALID_PRICE_MATCH)
    return match


def _limit_tif(params: Params) -> WireTif:
    return params.required_choice("timeInForce", WireTif, Code.INVALID_TIF)


def _market_tif(params: Params) -> WireTif:
    """A market order has no timeInForce; the venue echoes GTC."""
    for name in ("timeInForce", "price"):
        if params.has(name):
            raise VenueError(Code.PARAM_NOT_REQUIRED, name)
    return WireTif.GTC


def _limit_price(params: Params, contract: Contract, match: PriceMatch) -> Decimal | None:
    if match is not PriceMatch.NONE:
        if params.has("price"):
            raise VenueError(Code.PARAM_NOT_REQUIRED, "price")
        return None
    price = params.decimal("price")
    if price < 0:
        raise VenueError(Code.PRICE_LESS_THAN_ZERO)
    if decimals_of(price) > contract.price_decimals:
        raise VenueError(Code.BAD_PRECISION)
    return price


def _quantity(params: Params, contract: Contract) -> Decimal:
    qty = params.decimal("quantity")
    if qty <= 0:
        raise VenueError(Code.QTY_LESS_THAN_ZERO)
    if decimals_of(qty) > contract.qty_decimals:
        raise VenueError(Code.BAD_PRECISION)
    return qty


def _client_id(params: Params) -> str:
    client_id = params.optional("newClientOrderId")
    if client_id is None:
        return ""
    if len(client_id) > CLIENT_ID_LENGTH:
        rule = f"length should not be more than {CLIENT_ID_LENGTH} chars"
        raise VenueError(Code.BAD_CLIENT_ID, rule)
    if not CLIENT_ID.fullmatch(client_id):
        raise VenueError(Code.BAD_CLIENT_ID, "is not valid")
    return client_id


def _good_till_ns(params: Params, tif: WireTif, now_ms: int) -> int:
    if tif is not WireTif.GTD:
        if params.optional_integer("goodTillDate"):
            raise VenueError(Code.PARAM_NOT_REQUIRED, "goodTillDate")
        return 0
    good_till_ms = params.integer("goodTillDate")
    if not now_ms + GTD_MIN_AHEAD_MS < good_till_ms < GTD_MAX_MS:
        raise VenueError(Code.INVALID_GOOD_TILL_DATE)
    return good_till_ms // MS_PER_S * MS_PER_S * NS_PER_MS
