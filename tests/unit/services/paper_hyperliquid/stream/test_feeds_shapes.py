"""Every frame has the members and JSON types that are documented, and no others."""

from decimal import Decimal
from typing import Any, get_args

import pytest

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.shell.audit import Liquidate
from services.paper_hyperliquid.exchange.external_orders import act
from services.paper_hyperliquid.service import AGENT, MASTER
from services.paper_hyperliquid.wire.subscriptions import Subscription
from tests.unit.services.paper_hyperliquid.busy_floor import OTHER, send_usd
from tests.unit.services.paper_hyperliquid.floor import CLOID, Floor, limit
from tests.unit.services.paper_hyperliquid.sockets import Hall, RecordingSink, subscription
from tests.unit.services.shapes import differences, load_shapes

SHAPES = load_shapes("paper_hyperliquid")
OF_COIN = {"bbo", "l2Book", "trades", "candle", "activeAssetCtx", "activeAssetData"}
SILENT = {"notification"}
SOCKET_NAME = {"userEvents": "user"}


def kinds() -> list[str]:
    found = (str(feed.__struct_config__.tag) for feed in _flat(Subscription))
    return sorted(found)


def _flat(union: Any) -> list[Any]:
    members = get_args(union)
    return [one for member in members for one in _flat(member)] if members else [union]


def members_of(kind: str) -> dict[str, object]:
    members: dict[str, object] = {"coin": "SOL"} if kind in OF_COIN else {}
    if kind == "candle":
        members["interval"] = "1m"
    if kind == "activeAssetData":
        members["user"] = MASTER
    return members


def busy_hall(kind: str) -> RecordingSink:
    """Subscribe before and after much has happened; return what was heard of it."""
    hall = Hall()
    floor = hall.floor
    floor.venue.open_account(OTHER, floor.venue.settings.maker_fee)
    early, sink = hall.connect()
    hall.hub.subscribe(early, subscription(kind, **members_of(kind)))
    sink.frames()
    floor.take("buy", "2")
    floor.rest("buy", "149", "1", c=CLOID)
    floor.trade(Side.SELL, "149.99", "1")
    send_usd(floor, OTHER, "12.5")
    hall.publisher.publish()
    act(floor.venue, Liquidate(account=MASTER, symbol="SOL", qty=Decimal(1)), floor.now_ns)
    hall.beat(10_000)
    late, second = hall.connect()
    hall.hub.subscribe(late, subscription(kind, **members_of(kind)))
    sink.written.extend(second.written)
    return sink


def test_d4_the_table_has_every_subscription() -> None:
    assert sorted(SHAPES["channels"]) == kinds()


@pytest.mark.parametrize("kind", kinds())
def test_d4_frames_have_the_documented_shape(kind: str) -> None:
    frames = busy_hall(kind).frames()

    data = [f["data"] for f in frames if f["channel"] == SOCKET_NAME.get(kind, kind)]
    shape = SHAPES["channels"][kind]
    assert bool(data) is (kind not in SILENT)
    assert [differences(shape, one, SHAPES["named"]) for one in data] == [[]] * len(data)


def test_d4_the_first_frames_of_histories_hold_their_lists() -> None:
    hall = Hall()
    client, sink = hall.connect()
    wanted: dict[str, dict[str, list[object]]] = {
        "userFundings": {"fundings": []},
        "userNonFundingLedgerUpdates": {"nonFundingLedgerUpdates": []},
        "userTwapSliceFills": {"twapSliceFills": []},
        "userTwapHistory": {"history": []},
    }
    for kind, lists in wanted.items():
        hall.hub.subscribe(client, subscription(kind))
        _, first = sink.frames()
        assert first["data"] == {"user": MASTER, "isSnapshot": True} | lists


def test_d5_web_data_names_the_frontends_agent() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("webData3"))
    named = sink.frames()[1]["data"]["userState"]
    until_ms = hall.floor.now_ms + 3_600_000
    account = hall.floor.venue.signers.add_account(MASTER)
    hall.floor.venue.signers.approve(account, OTHER, f" valid_until {until_ms}", hall.floor.now_ms)
    other, second = hall.connect()
    hall.hub.subscribe(other, subscription("webData3"))

    unnamed = second.frames()[1]["data"]["userState"]
    assert (named["agentAddress"], named["agentValidUntil"]) == (None, None)
    assert (named["cumLedger"], named["isVault"]) == ("1000000.0", False)
    assert (unnamed["agentAddress"], unnamed["agentValidUntil"]) == (OTHER, until_ms)
    assert AGENT != OTHER


def test_d5_web_data_of_a_stranger_is_empty() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("webData3", user=OTHER))

    assert sink.frames()[1]["data"]["userState"]["cumLedger"] == "0.0"


def test_d6_a_transfer_is_told_to_both_sides() -> None:
    hall = Hall()
    hall.floor.venue.open_account(OTHER, hall.floor.venue.settings.maker_fee)
    mine = hall.listener("userNonFundingLedgerUpdates")
    theirs = hall.listener("userNonFundingLedgerUpdates", user=OTHER)

    send_usd(hall.floor, OTHER, "12.5")
    hall.publisher.publish()

    told = [sink.frames()[0]["data"] for sink in (mine, theirs)]
    assert [data["user"] for data in told] == [MASTER, OTHER]
    assert told[0]["nonFundingLedgerUpdates"] == told[1]["nonFundingLedgerUpdates"]
    assert "isSnapshot" not in told[0]


def test_d6_candles_are_told_when_they_changed() -> None:
    hall = Hall()
    hall.beat(0)
    sink = hall.listener("candle", coin="SOL", interval="1m")
    hall.floor.rest("buy", "149", "1")
    hall.beat(500)
    untraded = sink.frames()
    hall.floor.trade(Side.SELL, "149.99", "1")
    hall.beat(500)
    (told,) = sink.frames()
    hall.beat(500)

    assert untraded == []
    assert (told["channel"], told["data"]["c"], told["data"]["n"]) == ("candle", "149.99", 1)
    assert sink.frames() == []


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("candle", {"coin": "SOL", "interval": "7m"}),
        ("candle", {"coin": "NONE", "interval": "1m"}),
        ("l2Book", {"coin": "SOL", "mantissa": 2}),
        ("l2Book", {"coin": "SOL", "nSigFigs": 4, "mantissa": 2}),
        ("l2Book", {"coin": "SOL", "nSigFigs": 1}),
        ("webData2", {"user": MASTER}),
    ],
)
def test_d6_an_odd_subscription_is_invalid(kind: str, members: dict[str, object]) -> None:
    hall = Hall()
    client, sink = hall.connect()

    hall.hub.subscribe(client, subscription(kind, **members))

    (frame,) = sink.frames()
    assert frame["channel"] == "error"
    assert frame["data"].startswith("Invalid subscription {")


def test_a_fast_book_says_that_it_is() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("l2Book", coin="SOL", fast=True))
    fast = sink.frames()[1]["data"]
    hall.hub.subscribe(client, subscription("l2Book", coin="SOL"))

    assert (fast["fast"], len(fast["levels"][0])) == (True, 5)
    assert "fast" not in sink.frames()[1]["data"]


BARE = {
    "Order has zero size.": limit("buy", "149", "0"),
    "Order has invalid size.": limit("buy", "149", "0.001"),
    "Order has invalid price.": limit("buy", "0", "1"),
    "Order price cannot be more than 95% away from the reference price": limit("buy", "400", "1"),
    "Order value too large. Max is $5000000.": limit("buy", "149", "50000"),
}
NAMED = {
    "Order must have minimum value of $10.": limit("buy", "149", "0.01"),
    "Price must be divisible by tick size.": limit("buy", "149.123", "1"),
    "Order could not immediately match against any resting orders.": limit(
        "buy", "149", "1", "Ioc"
    ),
    "Reduce only order would increase position.": limit("buy", "149", "1") | {"r": True},
}


@pytest.mark.parametrize("text", BARE)
def test_d6_refusals_of_an_orders_own_numbers_stand_alone(text: str) -> None:
    assert Floor().order(BARE[text]) == [{"error": text}]


@pytest.mark.parametrize("text", NAMED)
def test_d6_other_refusals_name_the_asset(text: str) -> None:
    assert Floor().order(NAMED[text]) == [{"error": f"{text} asset=5"}]


def test_d6_answers_to_actions_have_the_documented_shape() -> None:
    floor = Floor()
    orders = [limit("buy", "149", "1", c=CLOID), limit("buy", "151", "1", "Ioc")]
    placed = floor.post({"type": "order", "orders": orders, "grouping": "na"})
    cancels = [{"asset": 5, "cloid": CLOID}, {"asset": 5, "cloid": CLOID}]
    gone = floor.post({"type": "cancelByCloid", "cancels": cancels})

    for kind, answer in (("order", placed), ("cancel", gone)):
        assert answer["response"]["type"] == kind
        data = answer["response"]["data"]
        assert differences(SHAPES["actions"][kind], data, SHAPES["named"]) == []
