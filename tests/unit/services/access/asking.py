"""What strategies ask for in tests."""

from decimal import Decimal

from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.intents import NewOrder

ALPHA, BETA = Strategy("alpha"), Strategy("beta")
BINANCE = Exc("binance")


def order(strategy: Strategy, name: str, exc: Exc = BINANCE) -> tuple[str, bytes]:
    """Return the subject and payload of an order that a strategy may ask for."""
    cloid = ClientOrderId(name)
    intent = NewOrder(
        exc=exc,
        ticker=Ticker("SOLUSDT"),
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        price=Decimal(100),
        strategy=strategy,
    )
    return subjects.new_order(exc, strategy, cloid), codec.encode(intent)
