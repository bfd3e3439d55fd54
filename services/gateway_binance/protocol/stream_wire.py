"""What the private stream says: bytes to venue structs; unknown events are named, never fatal.

Field names are the venue's (Binance docs, USD-M futures, user data streams). Fields that some
sources, versions or order kinds leave out are optional here.
"""

from decimal import Decimal

import msgspec
from msgspec import Struct, field

from tandem.domain.units import ZERO
from tandem.gateway.port.decoding import UnreadableError, Unsound, decode, shown, unsound


class OrderUpdate(Struct, frozen=True, kw_only=True):
    """The inner object `o` of ORDER_TRADE_UPDATE."""

    symbol: str = field(name="s")
    client_order_id: str = field(name="c", default="")
    side: str = field(name="S")
    order_type: str = field(name="o")
    time_in_force: str = field(name="f", default="")
    orig_qty: Decimal = field(name="q")
    price: Decimal = field(name="p", default=ZERO)
    avg_px: Decimal = field(name="ap", default=ZERO)
    exec_type: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    last_qty: Decimal = field(name="l", default=ZERO)
    cum_qty: Decimal = field(name="z", default=ZERO)
    last_px: Decimal = field(name="L", default=ZERO)
    commission: Decimal | None = field(name="n", default=None)
    commission_asset: str | None = field(name="N", default=None)
    time_ms: int = field(name="T")
    trade_id: int = field(name="t", default=0)
    is_maker: bool = field(name="m", default=False)
    reduce_only: bool = field(name="R", default=False)
    position_side: str = field(name="ps", default="BOTH")
    realized_pnl: Decimal | None = field(name="rp", default=None)
    expiry_reason: str = field(name="er", default="0")


class OrderTradeUpdate(Struct, frozen=True, kw_only=True, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    order: OrderUpdate = field(name="o")


class TradeLite(Struct, frozen=True, kw_only=True, tag_field="e", tag="TRADE_LITE"):
    """A fill told early: no status, fee or position side."""

    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    symbol: str = field(name="s")
    orig_qty: Decimal = field(name="q", default=ZERO)
    price: Decimal = field(name="p", default=ZERO)
    is_maker: bool = field(name="m")
    client_order_id: str = field(name="c", default="")
    side: str = field(name="S")
    last_px: Decimal = field(name="L")
    last_qty: Decimal = field(name="l")
    trade_id: int = field(name="t")
    order_id: int = field(name="i")


class BalanceUpdate(Struct, frozen=True, kw_only=True):
    asset: str = field(name="a")
    wallet: Decimal = field(name="wb")
    cross_wallet: Decimal = field(name="cw", default=ZERO)
    change: Decimal = field(name="bc", default=ZERO)


class PositionUpdate(Struct, frozen=True, kw_only=True):
    symbol: str = field(name="s")
    amount: Decimal = field(name="pa")
    entry: Decimal = field(name="ep")
    unrealized_pnl: Decimal | None = field(name="up", default=None)
    position_side: str = field(name="ps", default="BOTH")


class AccountChange(Struct, frozen=True, kw_only=True):
    """The inner object `a`: why, and only the balances and positions that changed."""

    reason: str = field(name="m", default="")
    balances: tuple[BalanceUpdate, ...] = field(name="B", default=())
    positions: tuple[PositionUpdate, ...] = field(name="P", default=())


class AccountUpdate(Struct, frozen=True, kw_only=True, tag_field="e", tag="ACCOUNT_UPDATE"):
    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    account: AccountChange = field(name="a")


class ListenKeyExpired(Struct, frozen=True, kw_only=True, tag_field="e", tag="listenKeyExpired"):
    """The socket stays open and mute from here on."""

    event_ms: int | str = field(name="E", default=0)
    listen_key: str = field(name="listenKey", default="")


class LeverageChange(Struct, frozen=True, kw_only=True):
    symbol: str = field(name="s")
    leverage: int = field(name="l")


class MultiAssetsMode(Struct, frozen=True, kw_only=True):
    enabled: bool = field(name="j")


class AccountConfigUpdate(
    Struct, frozen=True, kw_only=True, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"
):
    """Leverage of one symbol, or the multi-assets mode: one of both."""

    event_ms: int = field(name="E")
    leverage: LeverageChange | None = field(name="ac", default=None)
    multi_assets: MultiAssetsMode | None = field(name="ai", default=None)


class MarginAtRisk(Struct, frozen=True, kw_only=True):
    symbol: str = field(name="s")
    position_side: str = field(name="ps", default="BOTH")
    amount: Decimal = field(name="pa", default=ZERO)
    mark: Decimal = field(name="mp", default=ZERO)
    maintenance: Decimal = field(name="mm", default=ZERO)


class MarginCall(Struct, frozen=True, kw_only=True, tag_field="e", tag="MARGIN_CALL"):
    """A hint that positions are at risk; sent for the risk's sake, not as a margin service."""

    event_ms: int = field(name="E")
    positions: tuple[MarginAtRisk, ...] = field(name="p", default=())


class AlgoOrder(Struct, frozen=True, kw_only=True):
    """The inner object of ALGO_UPDATE: its `o` is the order type."""

    client_algo_id: str = field(name="caid", default="")
    algo_id: int | str = field(name="aid", default=0)
    symbol: str = field(name="s", default="")
    status: str = field(name="X", default="")
    reject_reason: str = field(name="rm", default="")


class AlgoUpdate(Struct, frozen=True, kw_only=True, tag_field="e", tag="ALGO_UPDATE"):
    """A conditional order changed; its real order is told by ORDER_TRADE_UPDATE."""

    event_ms: int = field(name="E", default=0)
    order: AlgoOrder = field(name="o")


class UnknownEvent(Struct, frozen=True):
    """An event this version has no use for; `name` is for the counter."""

    name: str


class BrokenFrame(Struct, frozen=True):
    """A known event whose fields cannot be read: evidence is lost, so the account is asked."""

    name: str
    fault: Unsound


class ControlReply(Struct, frozen=True):
    """The answer to a SUBSCRIBE; `error` is empty when it was accepted."""

    request_id: str
    error: str = ""


KnownEvent = (
    OrderTradeUpdate
    | TradeLite
    | AccountUpdate
    | ListenKeyExpired
    | AccountConfigUpdate
    | MarginCall
    | AlgoUpdate
)
UserEvent = KnownEvent | UnknownEvent | BrokenFrame | ControlReply

# Told before a server of the venue goes down (Binance docs, spot WebSocket streams).
SHUTDOWN = "serverShutdown"

KNOWN_NAMES = frozenset(
    {
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "listenKeyExpired",
        "ACCOUNT_CONFIG_UPDATE",
        "MARGIN_CALL",
        "ALGO_UPDATE",
    }
)


class _Probe(Struct, frozen=True):
    """Just enough of any frame to tell what it is."""

    e: str = ""
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    code: int | None = None
    msg: str = ""
    error: msgspec.Raw = msgspec.Raw()


_known: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)
_probe = msgspec.json.Decoder(_Probe)


def decode_user_frame(payload: bytes, *, is_wrapped: bool = False) -> UserEvent:
    """Return what a frame of the private stream says, in either form: raw or wrapped once."""
    try:
        return decode(_known, payload)
    except UnreadableError as error:
        return _other_frame(payload, error, is_wrapped=is_wrapped)


def _other_frame(payload: bytes, fault: UnreadableError, *, is_wrapped: bool) -> UserEvent:
    try:
        probe = decode(_probe, payload)
    except UnreadableError as error:
        return BrokenFrame("frame", unsound("frame", error))
    if probe.e in KNOWN_NAMES:
        return BrokenFrame(probe.e, unsound(probe.e, fault))
    if probe.e:
        return UnknownEvent(shown(probe.e))
    if bytes(probe.data) and not is_wrapped:
        return decode_user_frame(bytes(probe.data), is_wrapped=True)
    return _control(probe)


def _control(probe: _Probe) -> UserEvent:
    fault = _control_error(probe)
    if probe.id is None and not fault:
        return UnknownEvent("neither an event nor a reply")
    return ControlReply(shown(probe.id), fault)


def _control_error(probe: _Probe) -> str:
    if probe.code is not None:
        return shown(f"{probe.code} {probe.msg}")
    return shown(bytes(probe.error))
