"""The words that orders are described by, as constants: what the reference OMS calls them.

Each is a member of its enumeration and equal to its text, so both may be written.
"""

from tandem.domain.order import OrderStatus, OrderType, PriceMatch, Side, TimeInForce

PRICE_MATCH_OPPONENT = PriceMatch.OPPONENT
PRICE_MATCH_OPPONENT_5 = PriceMatch.OPPONENT_5
PRICE_MATCH_OPPONENT_10 = PriceMatch.OPPONENT_10
PRICE_MATCH_OPPONENT_20 = PriceMatch.OPPONENT_20
PRICE_MATCH_QUEUE = PriceMatch.QUEUE
PRICE_MATCH_QUEUE_5 = PriceMatch.QUEUE_5
PRICE_MATCH_QUEUE_10 = PriceMatch.QUEUE_10
PRICE_MATCH_QUEUE_20 = PriceMatch.QUEUE_20

TIF_GTC = TimeInForce.GTC
TIF_IOC = TimeInForce.IOC
TIF_FOK = TimeInForce.FOK
# Post-only is a flag here; as a time in force it is accepted under both venues' words for it.
TIF_GTX = "GTX"
TIF_ALO = "ALO"

ORDER_TYPE_LIMIT = OrderType.LIMIT
ORDER_TYPE_MARKET = OrderType.MARKET

ORDER_STATUS_PENDING = OrderStatus.PENDING
ORDER_STATUS_NEW = OrderStatus.NEW
ORDER_STATUS_PARTIAL = OrderStatus.PARTIAL
ORDER_STATUS_FILLED = OrderStatus.FILLED
ORDER_STATUS_CANCELLED = OrderStatus.CANCELLED
ORDER_STATUS_REJECTED = OrderStatus.REJECTED
ORDER_STATUS_EXPIRED = OrderStatus.EXPIRED

SIDE_BUY = Side.BUY
SIDE_SELL = Side.SELL
