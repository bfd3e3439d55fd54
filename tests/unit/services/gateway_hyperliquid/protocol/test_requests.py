"""Order requests as signed bodies."""

import json
from decimal import Decimal
from typing import Any

import pytest

from services.gateway_hyperliquid.protocol.requests import (
    Signer,
    action_of,
    canonical_cloid,
    request_body,
    request_frame,
)
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, TimeInForce
from tandem.gateway.port.requests import CancelOne, PlaceOrder, Stamp

SIGNER = Signer(AgentKey("22" * 32), Network.TESTNET)
STAMP = Stamp(call=7, venue_ms=1_790_000_000_000, nonce=1_790_000_000_003, window_ms=1_000)
CLOID = ClientOrderId("0x0000000000000000000000000000beef")
BTC = Instrument(
    exc=Exc("hyperliquid"),
    ticker=Ticker("BTC"),
    symbol="BTC",
    base_asset="BTC",
    quote_asset="USDC",
    tick=Decimal("0.1"),
    lot=Decimal("0.00001"),
    min_qty=Decimal("0.00001"),
    min_notional=Decimal(10),
    venue_asset_id=0,
)
ORDER = PlaceOrder(
    instrument=BTC,
    client_order_id=CLOID,
    amount=Decimal("-0.0010"),
    order_type=OrderType.LIMIT,
    price=Decimal("50000.0"),
    time_in_force=TimeInForce.GTC,
)


def order(**changes: Any) -> PlaceOrder:
    fields = {name: getattr(ORDER, name) for name in PlaceOrder.__slots__}
    return PlaceOrder(**(fields | changes))


def sent(request: PlaceOrder | CancelOne) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request_body(request, STAMP, SIGNER))
    return body


def test_an_order_is_spelled_as_the_venue_wants_it() -> None:
    assert sent(ORDER)["action"] == {
        "type": "order",
        "orders": [
            {
                "a": 0,
                "b": False,
                "p": "50000",
                "s": "0.001",
                "r": False,
                "t": {"limit": {"tif": "Gtc"}},
                "c": CLOID,
            }
        ],
        "grouping": "na",
    }


def test_every_request_dies_by_itself() -> None:
    body = sent(ORDER)

    assert body["nonce"] == STAMP.nonce
    assert body["expiresAfter"] == STAMP.venue_ms + STAMP.window_ms


@pytest.mark.parametrize(
    ("changes", "tif"),
    [
        ({"post_only": True}, "Alo"),
        ({"time_in_force": TimeInForce.IOC}, "Ioc"),
        ({}, "Gtc"),
    ],
)
def test_times_in_force(changes: dict[str, Any], tif: str) -> None:
    wire = sent(order(**changes))["action"]["orders"][0]

    assert wire["t"] == {"limit": {"tif": tif}}


def test_a_reduce_only_buy() -> None:
    wire = sent(order(reduce_only=True, amount=Decimal(1)))["action"]["orders"][0]

    assert (wire["r"], wire["b"], wire["s"]) == (True, True, "1")


def test_fill_or_kill_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="tif=FOK"):
        action_of(order(time_in_force=TimeInForce.FOK))


def test_an_order_without_a_price_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="price=None"):
        action_of(order(price=None))


def test_an_instrument_without_an_asset_id_is_refused() -> None:
    fields = {name: getattr(BTC, name) for name in Instrument.__slots__}
    nameless = Instrument(**(fields | {"venue_asset_id": None}))

    with pytest.raises(InvalidInputError, match="no asset id"):
        action_of(order(instrument=nameless))


def test_a_cancel_goes_by_the_venues_id_where_it_is_known() -> None:
    cancel = CancelOne(instrument=BTC, client_order_id=CLOID, venue_order_id=VenueOrderId("77"))

    assert sent(cancel)["action"] == {"type": "cancel", "cancels": [{"a": 0, "o": 77}]}


def test_a_cancel_goes_by_our_id_otherwise() -> None:
    cancel = CancelOne(instrument=BTC, client_order_id=CLOID)

    assert sent(cancel)["action"] == {
        "type": "cancelByCloid",
        "cancels": [{"asset": 0, "cloid": CLOID}],
    }


def test_a_cancel_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="an oid or a cloid"):
        action_of(CancelOne(instrument=BTC))


def test_a_frame_posts_the_same_body() -> None:
    frame = json.loads(request_frame(ORDER, STAMP, SIGNER))

    assert (frame["method"], frame["id"]) == ("post", STAMP.call)
    assert frame["request"] == {"type": "action", "payload": sent(ORDER)}


def test_a_sub_account_is_signed_and_named() -> None:
    vault = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
    signer = Signer(SIGNER.key, SIGNER.network, vault)

    body = json.loads(request_body(ORDER, STAMP, signer))

    assert body["vaultAddress"] == vault
    assert body["signature"] != sent(ORDER)["signature"]


def test_client_ids_are_lower_case() -> None:
    assert canonical_cloid(ClientOrderId("0x0000000000000000000000000000BEEF")) == CLOID


@pytest.mark.parametrize("cloid", ["", "beef", "0xbeef", "0x" + "g" * 32, CLOID + "0"])
def test_other_client_ids_are_refused(cloid: str) -> None:
    with pytest.raises(InvalidInputError, match="32 hex digits"):
        canonical_cloid(ClientOrderId(cloid))


def test_each_term_signs_with_its_own_key() -> None:
    signer = Signer(AgentKey("22" * 32), Network.TESTNET, more=(AgentKey("33" * 32),))
    stamps = [Stamp(7, STAMP.venue_ms, STAMP.nonce, 1_000, term) for term in (1, 2, 3)]
    first, second, third = (request_body(ORDER, stamp, signer) for stamp in stamps)
    assert first == third != second == request_body(ORDER, STAMP, SIGNER)
