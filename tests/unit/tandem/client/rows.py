"""Rows and deltas for the client's tests."""

from decimal import Decimal
from typing import Any

from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    VenueOrderId,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType, Side
from tandem.messages.deltas import (
    BucketDelta,
    BucketView,
    FillDelta,
    FillView,
    HedgeDelta,
    HedgeState,
    HedgeView,
    OrderDelta,
    OrderView,
    PositionDelta,
    PositionView,
)

EXC, OTHER = Exc("venue"), Exc("other")
SOL = Ticker("SOL")


def instrument(**changed: Any) -> Instrument:
    fields: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "symbol": "SOL",
        "base_asset": "SOL",
        "quote_asset": "USDT",
        "tick": Decimal("0.01"),
        "lot": Decimal("0.1"),
        "min_qty": Decimal("0.1"),
        "min_notional": Decimal(5),
    }
    return Instrument(**{**fields, **changed})


def order(
    cloid: str | None = "c1",
    status: OrderStatus = OrderStatus.NEW,
    oid: str | None = None,
    **changed: Any,
) -> OrderView:
    fields: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "amount": Decimal(1),
        "price": Decimal(100),
        "client_order_id": None if cloid is None else ClientOrderId(cloid),
        "venue_order_id": None if oid is None else VenueOrderId(oid),
        "order_status": status,
        "order_type": OrderType.LIMIT,
        "cum_qty": Decimal(0),
        "last_qty": Decimal(0),
        "timestamp": 1,
    }
    return OrderView(**{**fields, **changed})


def order_delta(seq: int, row: OrderView, prev: str | None = None, epoch: int = 0) -> OrderDelta:
    return OrderDelta(epoch=epoch, seq=seq, index=0, prev=prev, order=row)


def position(amount: str, exc: Exc = EXC) -> PositionView:
    return PositionView(
        exc=exc, ticker=SOL, amount=Decimal(amount), entry=Decimal(100), value=Decimal(amount) * 100
    )


def position_delta(
    seq: int, amount: str, prev: str | None = None, exc: Exc = EXC, epoch: int = 0
) -> PositionDelta:
    return PositionDelta(
        epoch=epoch,
        seq=seq,
        index=0,
        prev=prev,
        position=position(amount, exc),
        delta=Decimal(1),
        cause="e1",
    )


def fill(exec_id: str = "e1") -> FillView:
    return FillView(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId(exec_id),
        venue_order_id=VenueOrderId("9"),
        client_order_id=None,
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(100),
        timestamp=1,
    )


def fill_delta(seq: int, exec_id: str, prev: str | None = None) -> FillDelta:
    return FillDelta(epoch=0, seq=seq, index=0, prev=prev, fill=fill(exec_id))


def hedge(hedge_id: str = "h1", state: HedgeState = HedgeState.WORKING) -> HedgeView:
    return HedgeView(
        hedge_id=HedgeId(hedge_id),
        strategy=Strategy("s"),
        pool=Pool("s"),
        state=state,
        maker_cloid=ClientOrderId("m"),
        maker_amount=Decimal(-3),
        maker_filled=Decimal(-1),
        maker_avg_px=None,
        legs=(),
    )


def hedge_delta(seq: int, row: HedgeView, prev: str | None = None) -> HedgeDelta:
    return HedgeDelta(epoch=0, seq=seq, index=0, prev=prev, hedge=row)


def bucket() -> BucketView:
    zero = Decimal(0)
    return BucketView(
        pool=Pool("s"),
        exc=EXC,
        ticker=SOL,
        maker_target=zero,
        taker_filled=zero,
        owed=zero,
        in_flight=zero,
        remainder=zero,
        lo=zero,
        hi=zero,
    )


def bucket_delta(seq: int) -> BucketDelta:
    return BucketDelta(epoch=0, seq=seq, index=0, bucket=bucket())
