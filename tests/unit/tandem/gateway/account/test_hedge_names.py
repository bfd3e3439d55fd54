"""Names that this system makes are nobody's to ask for (E3): whose maker a client id is."""

from decimal import Decimal

import msgspec
import pytest

from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Strategy,
    Ticker,
    bucket_hash,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderType
from tandem.gateway.account import hedge_names
from tandem.gateway.account.hedge_names import HedgeNames
from tandem.messages.intents import HedgeOrder, LegSpec, MakerSpec, NewOrder
from tandem.messages.rules import borrowed_name

EXC, TICKER = Exc("binance"), Ticker("SOLUSDT")
ALPHA, BETA = Strategy("alpha"), Strategy("beta")
HEDGE = HedgeOrder(
    hedge_id=HedgeId("h1"),
    strategy=ALPHA,
    maker=MakerSpec(exc=EXC, ticker=TICKER, amount=Decimal(-2), price=Decimal(100)),
    legs=(LegSpec(exc=Exc("hyperliquid"), ticker=Ticker("SOL")),),
)
MAKER = NewOrder(
    exc=EXC,
    ticker=TICKER,
    client_order_id=maker_cloid(HEDGE.hedge_id),
    amount=Decimal(-2),
    order_type=OrderType.LIMIT,
    strategy=ALPHA,
    price=Decimal(100),
    hedge_id=HEDGE.hedge_id,
)
TAKER = taker_cloid(bucket_hash(Exc("hyperliquid"), Ticker("SOL"), ALPHA), 0, 1, 0)  # type: ignore[arg-type]


@pytest.fixture
def claimed() -> HedgeNames:
    names = HedgeNames()
    names.take(HEDGE, EXC)
    return names


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": BETA},
        {"amount": Decimal(2)},
        {"price": Decimal(101)},
        {"ticker": Ticker("BTCUSDT")},
    ],
)
def test_e3_what_a_hedge_did_not_ask_for_is_not_its_maker(
    claimed: HedgeNames, changes: dict[str, object]
) -> None:
    forged = msgspec.structs.replace(MAKER, **changes)

    assert claimed.contradiction(forged).startswith(str(MAKER.client_order_id))
    assert claimed.contradiction(MAKER) == ""


def test_e3_where_no_hedge_is_known_nothing_is_contradicted() -> None:
    names = HedgeNames()
    names.take(HEDGE, Exc("hyperliquid"))

    assert names.contradiction(msgspec.structs.replace(MAKER, strategy=BETA)) == ""


def test_e3_the_first_hedge_of_an_id_counts(claimed: HedgeNames) -> None:
    claimed.take(msgspec.structs.replace(HEDGE, strategy=BETA), EXC)

    assert claimed.contradiction(MAKER) == ""


def test_what_is_remembered_of_hedges_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedge_names, "MOST_CLAIMS", 2)
    names = HedgeNames()
    for n in range(3):
        names.take(msgspec.structs.replace(HEDGE, hedge_id=HedgeId(f"h{n}")), EXC)
    forged = msgspec.structs.replace(MAKER, strategy=BETA)

    def told(hedge_id: str) -> str:
        cloid = maker_cloid(HedgeId(hedge_id))
        return names.contradiction(msgspec.structs.replace(forged, client_order_id=cloid))

    assert [bool(told(f"h{n}")) for n in range(3)] == [False, True, True]


@pytest.mark.parametrize(
    ("changes", "is_borrowed"),
    [
        ({}, False),
        ({"client_order_id": maker_cloid(HEDGE.hedge_id, 3)}, False),
        ({"client_order_id": ClientOrderId("0x7a4f" + "0" * 28), "hedge_id": None}, False),
        ({"client_order_id": ClientOrderId("mine"), "hedge_id": None}, False),
        ({"hedge_id": None}, True),
        ({"hedge_id": HedgeId("h2")}, True),
        ({"client_order_id": TAKER}, True),
        ({"client_order_id": TAKER, "hedge_id": None}, True),
        ({"client_order_id": ClientOrderId(TAKER.upper().replace("X", "x"))}, True),
        ({"client_order_id": ClientOrderId(MAKER.client_order_id.upper())}, True),
    ],
)
def test_e3_a_client_id_that_this_system_makes_is_borrowed_unless_it_is_the_hedges_own(
    changes: dict[str, object], is_borrowed: bool
) -> None:
    assert bool(borrowed_name(msgspec.structs.replace(MAKER, **changes))) is is_borrowed
