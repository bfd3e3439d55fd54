"""Orders as an action places them: acknowledgements, refusals, and what they leave behind."""

from decimal import Decimal

import pytest

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import (
    CLOID,
    SOL,
    Floor,
    limit,
    trigger,
)


def test_an_order_away_from_the_market_rests_and_echoes_its_cloid() -> None:
    floor = Floor()
    status = floor.order(limit("buy", "149", "1", c=CLOID))[0]
    assert status == {"resting": {"oid": 556_000_000_001, "cloid": CLOID}}


def test_a_cloid_is_echoed_only_if_it_was_sent() -> None:
    assert list(Floor().order(limit("buy", "149", "1"))[0]["resting"]) == ["oid"]


def test_an_order_that_fills_at_once_tells_open_and_filled_together() -> None:
    floor = Floor()
    oid = floor.take("buy", "25")
    assert floor.updates() == [(oid, "open", "25"), (oid, "filled", "0")]


def test_every_level_eaten_is_a_fill_of_its_own() -> None:
    floor = Floor()
    floor.take("buy", "25")
    fills = floor.ask_mine("userFills")
    assert [(f["px"], f["sz"]) for f in reversed(fills)] == [
        ("150.01", "10.0"), ("150.02", "10.0"), ("150.03", "5.0"),
    ]  # fmt: skip
    assert [f["startPosition"] for f in reversed(fills)] == ["0.0", "10.0", "20.0"]
    assert len({f["tid"] for f in fills}) == 3


def test_an_order_filled_at_once_answers_size_and_average() -> None:
    status = Floor().order(limit("buy", "160", "20", "Ioc"))[0]
    assert status["filled"]["totalSz"] == "20.0"
    assert status["filled"]["avgPx"] == "150.015"


def test_a_partly_filled_ioc_ends_as_filled_with_what_it_got() -> None:
    floor = Floor()
    filled = floor.order(limit("buy", "150.01", "25", "Ioc"))[0]["filled"]
    assert filled["totalSz"] == "10.0"
    assert floor.status_of(filled["oid"]) == "filled"


def test_a_partly_filled_gtc_rests_with_the_remainder() -> None:
    floor = Floor()
    oid = floor.order(limit("buy", "150.01", "25"))[0]["resting"]["oid"]
    order = floor.ask_mine("openOrders")[0]
    assert (order["oid"], order["sz"], order["origSz"]) == (oid, "15.0", "25.0")


def test_a_partly_filled_gtc_may_be_reported_as_filled() -> None:
    floor = Floor(Settings(partial_gtc_is_resting=False))
    assert floor.order(limit("buy", "150.01", "25"))[0]["filled"]["totalSz"] == "10.0"


def test_a_partial_fill_is_no_order_update() -> None:
    floor = Floor()
    oid = floor.order(limit("buy", "150.01", "25"))[0]["resting"]["oid"]
    assert floor.updates() == [(oid, "open", "25")]


def test_a_partial_fill_may_be_an_order_update() -> None:
    floor = Floor(Settings(partial_fill_updates=True))
    oid = floor.order(limit("buy", "150.01", "25"))[0]["resting"]["oid"]
    assert floor.updates() == [(oid, "open", "25"), (oid, "open", "15")]


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (limit("buy", "149.999", "1"), f"Price must be divisible by tick size. asset={SOL}"),
        (limit("buy", "0", "1"), "Order has invalid price."),
        (limit("buy", "149", "1.001"), "Order has invalid size."),
        (limit("buy", "149", "0"), "Order has zero size."),
        (limit("buy", "7", "10"),
         "Order price cannot be more than 95% away from the reference price"),
        (limit("buy", "149", "90000"), "Order value too large. Max is $5000000."),
    ],
)  # fmt: skip
def test_a_malformed_order_is_refused_and_never_queryable(
    order: dict[str, object], text: str
) -> None:
    floor = Floor()
    assert floor.order(order | {"c": CLOID}) == [{"error": text}]
    assert floor.status_of(CLOID) == "unknownOid"
    assert floor.updates() == []


@pytest.mark.parametrize("asset", [3, 8, 110003])
def test_an_asset_that_does_not_trade_is_refused(asset: int) -> None:
    error = Floor().order(limit("buy", "149", "1", a=asset))[0]["error"]
    assert error == f"Order has invalid asset. asset={asset}"


@pytest.mark.parametrize(
    ("order", "text", "status"),
    [
        (limit("buy", "149", "0.06"), "Order must have minimum value of $10.",
         "minTradeNtlRejected"),
        (limit("buy", "151", "1", "Alo"),
         "Post only order would have immediately matched, bbo was 149.99@150.01.",
         "badAloPxRejected"),
        (limit("buy", "150", "1", "Ioc"),
         "Order could not immediately match against any resting orders.", "iocCancelRejected"),
        (limit("buy", "150", "1", "FrontendMarket"), "No liquidity available for market order.",
         "marketOrderNoLiquidityRejected"),
        (limit("sell", "151", "1", r=True), "Reduce only order would increase position.",
         "reduceOnlyRejected"),
    ],
)  # fmt: skip
def test_a_refusal_by_the_market_is_queryable_under_an_oid(
    order: dict[str, object], text: str, status: str
) -> None:
    floor = Floor()
    assert floor.order(order | {"c": CLOID}) == [{"error": f"{text} asset={SOL}"}]
    assert floor.status_of(CLOID) == status
    assert [update[1] for update in floor.updates()] == [status]


def test_an_order_beyond_the_margin_is_refused() -> None:
    floor = Floor()
    floor.venue.open_account(MASTER, Decimal(100))
    error = floor.order(limit("buy", "149", "100"))[0]["error"]
    assert error == f"Insufficient margin to place order. asset={SOL}"


def test_a_static_fault_stops_the_whole_batch_with_one_error() -> None:
    floor = Floor()
    statuses = floor.order(limit("buy", "149", "1"), limit("buy", "149.999", "1"))
    assert statuses == [{"error": f"Price must be divisible by tick size. asset={SOL}"}]
    assert floor.ask_mine("openOrders") == []


def test_a_static_fault_may_be_answered_once_per_order() -> None:
    floor = Floor(Settings(static_error_per_order=True))
    assert len(floor.order(limit("buy", "149", "1"), limit("buy", "149", "0"))) == 2


def test_a_runtime_fault_concerns_its_order_alone() -> None:
    floor = Floor()
    statuses = floor.order(limit("buy", "150", "1", "Ioc"), limit("buy", "149", "1"))
    assert ["error" in status for status in statuses] == [True, False]


def test_an_empty_batch_is_refused_as_a_whole() -> None:
    answer = Floor().post({"type": "order", "orders": [], "grouping": "na"})
    assert answer == {"status": "err", "response": "Orders are empty."}


def test_an_open_cloid_is_refused_and_still_names_the_first_order() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1", c=CLOID)
    error = floor.order(limit("buy", "148", "1", c=CLOID))[0]["error"]
    assert error == f"Order with this cloid is already open. asset={SOL}"
    assert floor.ask_mine("orderStatus", oid=CLOID)["order"]["order"]["oid"] == oid


def test_a_terminal_cloid_may_be_used_again_and_names_the_latest_order() -> None:
    floor = Floor()
    first = floor.rest("buy", "149", "1", c=CLOID)
    floor.cancel(first)
    second = floor.rest("buy", "148", "1", c=CLOID)
    assert floor.ask_mine("orderStatus", oid=CLOID)["order"]["order"]["oid"] == second
    assert floor.status_of(first) == "canceled"


def test_a_reduce_only_order_is_capped_at_the_position() -> None:
    floor = Floor()
    floor.take("buy", "5")
    filled = floor.order(limit("sell", "140", "50", "Ioc", r=True))[0]["filled"]
    assert filled["totalSz"] == "5.0"
    assert floor.position() == "0.0"


def test_a_full_close_may_be_below_the_minimum_value() -> None:
    floor = Floor()
    floor.take("buy", "0.07")
    floor.mark("100")
    floor.order(limit("sell", "140", "0.07", "Ioc", r=True))
    assert floor.position() == "0.0"


def test_a_builder_must_be_approved() -> None:
    builder = {"b": "0x" + "ab" * 20, "f": 10}
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na"}
    answer = Floor().post(action | {"builder": builder})
    assert answer == {"status": "err", "response": "Builder fee has not been approved."}


def test_a_builder_fee_is_part_of_the_fee_and_shown_apart() -> None:
    floor = Floor(Settings(builder_approval_required=False))
    order = limit("buy", "160", "10", "Ioc")
    builder = {"b": "0x" + "ab" * 20, "f": 10}
    floor.post({"type": "order", "orders": [order], "grouping": "na", "builder": builder})
    fill = floor.ask_mine("userFills")[0]
    assert fill["builderFee"] == "0.15001"
    assert Decimal(fill["fee"]) == Decimal("1500.1") * Decimal("0.00045") + Decimal("0.15001")
    wallet = floor.venue.engine.account(AccountId(MASTER)).wallet_balance
    assert wallet == Decimal(1_000_000) - Decimal(fill["fee"])


def test_self_trade_cancels_the_resting_order() -> None:
    floor = Floor()
    resting = floor.rest("buy", "150", "1")
    floor.order(limit("sell", "150", "1", "Ioc"))
    assert floor.status_of(resting) == "selfTradeCanceled"


def test_children_of_a_filled_parent_wait_for_their_trigger() -> None:
    floor = Floor()
    answer = floor.group(
        "normalTpsl", limit("buy", "160", "5", "Ioc"), trigger("sell", "sl", "140", "5")
    )
    assert floor.statuses(answer)[1] == "waitingForTrigger"


def test_children_of_a_resting_parent_wait_for_its_fill() -> None:
    floor = Floor()
    answer = floor.group("normalTpsl", limit("buy", "149", "5"), trigger("sell", "sl", "140", "5"))
    assert floor.statuses(answer)[1] == "waitingForFill"


@pytest.mark.parametrize(
    "orders",
    [
        [limit("buy", "149", "1")],
        [limit("buy", "149", "1"), limit("sell", "151", "1")],
        [trigger("sell", "sl", "140", "1"), trigger("sell", "tp", "160", "1")],
        [limit("buy", "149", "1"), trigger("sell", "sl", "140", "1", r=False)],
    ],
)
def test_a_family_needs_a_parent_and_reduce_only_children(orders: list[dict[str, object]]) -> None:
    answer = Floor().group("normalTpsl", *orders)
    assert answer == {"status": "err", "response": "Unexpected number of trigger orders"}


def test_children_of_a_refused_parent_are_not_placed() -> None:
    floor = Floor()
    answer = floor.group(
        "normalTpsl", limit("buy", "150", "5", "Ioc"), trigger("sell", "sl", "140", "5")
    )
    assert len(floor.statuses(answer)) == 1
    assert floor.ask_mine("openOrders") == []
