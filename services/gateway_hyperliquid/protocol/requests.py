"""How an order request becomes signed bytes (Hyperliquid docs, Exchange endpoint).

1. One action holds one order: its outcome, nonce and expiry are its own.
2. Every action carries `expiresAfter`, so that an ambiguous send ends by itself.
3. A client id is no idempotency key at this venue; the nonce is. The same stamp gives the same
   bytes, and the venue refuses them a second time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.gateway_hyperliquid.protocol.actions import (
    Action,
    CancelByCloid,
    CancelByOid,
    CloidRef,
    Limit,
    LimitKind,
    Noop,
    OidRef,
    OrderWire,
    PlaceOrders,
    Tif,
    post_frame,
    sealed,
    wire_decimal,
)
from services.gateway_hyperliquid.protocol.info_requests import oid_number
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network, Seal
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import TimeInForce
from tandem.gateway.port.requests import CancelOne, OrderRequest, PlaceOrder, Stamp

_CLOID: Final = re.compile(r"0x[0-9a-f]{32}")
_TIFS: Final[Mapping[TimeInForce, Tif]] = {TimeInForce.GTC: "Gtc", TimeInForce.IOC: "Ioc"}
_KINDS: Final[Mapping[Tif, LimitKind]] = {
    "Alo": LimitKind(Limit("Alo")),
    "Ioc": LimitKind(Limit("Ioc")),
    "Gtc": LimitKind(Limit("Gtc")),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for which network, and the sub-account or vault that is traded, if any.

    With `more` keys each term of the lease signs with its own, in turn: the venue keeps the used
    nonces of each key apart, so a sender never fights its predecessor over them.
    """

    key: AgentKey
    network: Network
    vault: str | None = None
    more: tuple[AgentKey, ...] = ()

    def key_of(self, term: int) -> AgentKey:
        turn = term % (len(self.more) + 1)
        return self.more[turn - 1] if turn else self.key


def noop_body(doubtful: Stamp, stamp: Stamp, signer: Signer) -> bytes:
    """Return a signed action that does nothing but use up the nonce of `doubtful`.

    Whichever of the two is admitted first makes the other a duplicate nonce.
    """
    seal = Seal(doubtful.nonce, signer.vault, stamp.venue_ms + stamp.window_ms)
    return sealed(Noop(), seal, signer.key_of(doubtful.term), signer.network)


def canonical_cloid(cloid: ClientOrderId) -> ClientOrderId:
    """Return a client id in the venue's spelling: 128 bits of lower-case hex.

    Raises:
        InvalidInputError: the venue would not take it.
    """
    lower = cloid.lower()
    if _CLOID.fullmatch(lower) is None:
        raise InvalidInputError("cloid", cloid, "0x and 32 hex digits on Hyperliquid")
    return ClientOrderId(lower)


def request_body(request: OrderRequest, stamp: Stamp, signer: Signer) -> bytes:
    """Return the signed body of a request."""
    seal = Seal(stamp.nonce, signer.vault, stamp.venue_ms + stamp.window_ms)
    return sealed(action_of(request), seal, signer.key_of(stamp.term), signer.network)


def request_frame(request: OrderRequest, stamp: Stamp, signer: Signer) -> bytes:
    """Return the same body as a `post` frame; its answer names `stamp.call`."""
    return post_frame(stamp.call, request_body(request, stamp, signer))


def action_of(request: OrderRequest) -> Action:
    """Return the action that asks for this.

    Raises:
        InvalidInputError: something the venue cannot express.
    """
    if isinstance(request, PlaceOrder):
        return PlaceOrders((_order(request),), "na")
    return _cancel(request)


def _order(order: PlaceOrder) -> OrderWire:
    if order.price is None:
        raise InvalidInputError("price", "None", "every Hyperliquid order has a limit price")
    return OrderWire(
        a=asset_id(order.instrument),
        b=order.amount > 0,
        p=wire_decimal("price", order.price),
        s=wire_decimal("amount", abs(order.amount)),
        r=order.reduce_only,
        t=_KINDS[_tif(order)],
        c=order.client_order_id,
    )


def _tif(order: PlaceOrder) -> Tif:
    if order.post_only:
        return "Alo"
    tif = _TIFS.get(order.time_in_force)
    if tif is None:
        raise InvalidInputError("tif", order.time_in_force.value, "not on Hyperliquid")
    return tif


def _cancel(cancel: CancelOne) -> Action:
    asset = asset_id(cancel.instrument)
    if cancel.venue_order_id is not None:
        return CancelByOid((OidRef(asset, oid_number(cancel.venue_order_id)),))
    if cancel.client_order_id is None:
        raise InvalidInputError("cloid", "None", "a cancel names an oid or a cloid")
    return CancelByCloid((CloidRef(asset, cancel.client_order_id),))


def asset_id(instrument: Instrument) -> int:
    if instrument.venue_asset_id is None:
        raise InvalidInputError("ticker", instrument.ticker, "has no asset id")
    return instrument.venue_asset_id
