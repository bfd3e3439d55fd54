"""The venue's refusals: each code's text and HTTP status (Binance docs, error codes)."""

from enum import IntEnum


class Code(IntEnum):
    """Every code that this venue raises, named as in the docs."""

    UNKNOWN = -1000
    DISCONNECTED = -1001
    TOO_MANY_REQUESTS = -1003
    UNEXPECTED_RESPONSE = -1006
    TIMEOUT = -1007
    SERVER_BUSY = -1008
    TOO_MANY_ORDERS = -1015
    INVALID_TIMESTAMP = -1021
    INVALID_SIGNATURE = -1022
    UNAUTHORIZED = -1099
    ILLEGAL_CHARS = -1100
    MANDATORY_PARAM = -1102
    PARAM_NOT_REQUIRED = -1106
    BAD_PRECISION = -1111
    INVALID_TIF = -1115
    INVALID_ORDER_TYPE = -1116
    INVALID_SIDE = -1117
    BAD_INTERVAL = -1120
    BAD_SYMBOL = -1121
    INVALID_LISTEN_KEY = -1125
    OPTIONAL_PARAMS_BAD_COMBO = -1128
    INVALID_PARAMETER = -1130
    CANCEL_REJECTED = -2011
    NO_SUCH_ORDER = -2013
    BAD_API_KEY_FORMAT = -2014
    REJECTED_KEY = -2015
    MARGIN_NOT_SUFFICIENT = -2019
    UNABLE_TO_FILL = -2020
    REDUCE_ONLY_REJECT = -2022
    POSITION_NOT_SUFFICIENT = -2024
    MAX_OPEN_ORDERS = -2025
    MAX_LEVERAGE_RATIO = -2027
    PRICE_LESS_THAN_ZERO = -4001
    PRICE_ABOVE_MAX = -4002
    QTY_LESS_THAN_ZERO = -4003
    QTY_BELOW_MIN = -4004
    QTY_ABOVE_MAX = -4005
    PRICE_BELOW_MIN = -4013
    PRICE_NOT_ON_TICK = -4014
    BAD_CLIENT_ID = -4015
    PRICE_ABOVE_CAP = -4016
    QTY_NOT_ON_STEP = -4023
    PRICE_BELOW_FLOOR = -4024
    INVALID_LEVERAGE = -4028
    MARGIN_TYPE_UNCHANGED = -4046
    MARGIN_TYPE_OPEN_ORDERS = -4047
    MARGIN_TYPE_POSITION = -4048
    POSITION_SIDE_UNCHANGED = -4059
    INVALID_POSITION_SIDE = -4060
    POSITION_SIDE_MISMATCH = -4061
    INVALID_REDUCE_ONLY = -4062
    POSITION_SIDE_OPEN_ORDERS = -4067
    POSITION_SIDE_POSITION = -4068
    BATCH_SIZE = -4082
    REDUCE_ONLY_ACCOUNT = -4087
    NO_PERMISSION = -4088
    INACTIVE_ACCOUNT = -4109
    DUPLICATE_CLIENT_ID = -4116
    REDUCE_ONLY_COVERED = -4118
    USE_ALGO_ORDER = -4120
    COUNTERPARTY_PRICE = -4131
    NOT_OPENING = -4140
    SYMBOL_CLOSED = -4141
    MIN_NOTIONAL = -4164
    TIME_INTERVAL = -4165
    MULTI_ASSETS_UNCHANGED = -4171
    PATH_INVALID = -5000
    FOK_REJECTED = -5021
    GTX_REJECTED = -5022
    AMEND_NOT_TRADING = -5024
    AMEND_LIMIT_ONLY = -5025
    AMEND_TOO_MANY = -5026
    AMEND_UNCHANGED = -5027
    ENGINE_TIMESTAMP = -5028
    AMEND_MIN_NOTIONAL = -5029
    INVALID_PRICE_MATCH = -5037
    PRICE_MATCH_TYPE = -5038
    INVALID_STP = -5039
    INVALID_GOOD_TILL_DATE = -5040
    NO_DEPTH_FOR_PRICE_MATCH = -5041
    AMEND_NOT_REDUCE_ONLY = -5047


TEXTS = {
    Code.UNKNOWN: "An unknown error occured while processing the request.",
    Code.DISCONNECTED: "Internal error; unable to process your request. Please try again.",
    Code.TOO_MANY_REQUESTS: "Too many requests; current limit is {} requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
    Code.UNEXPECTED_RESPONSE: "An unexpected response was received from the message bus. "
    "Execution status unknown.",
    Code.TIMEOUT: "Timeout waiting for response from backend server. Send status unknown; "
    "execution status unknown.",
    Code.SERVER_BUSY: "Request throttled by system-level protection. Reduce-only/close-position "
    "orders are exempt. Please try again.",
    Code.TOO_MANY_ORDERS: "Too many new orders; current limit is {} orders per {}.",
    Code.INVALID_TIMESTAMP: "Timestamp for this request {}",
    Code.INVALID_SIGNATURE: "Signature for this request is not valid.",
    Code.UNAUTHORIZED: "Not found, unauthenticated, or unauthorized.",
    Code.ILLEGAL_CHARS: "Illegal characters found in parameter '{}'.",
    Code.MANDATORY_PARAM: "Mandatory parameter '{}' was not sent, was empty/null, or malformed.",
    Code.PARAM_NOT_REQUIRED: "Parameter '{}' sent when not required.",
    Code.BAD_PRECISION: "Precision is over the maximum defined for this asset.",
    Code.INVALID_TIF: "Invalid timeInForce.",
    Code.INVALID_ORDER_TYPE: "Invalid orderType.",
    Code.INVALID_SIDE: "Invalid side.",
    Code.BAD_INTERVAL: "Invalid interval.",
    Code.BAD_SYMBOL: "Invalid symbol.",
    Code.INVALID_LISTEN_KEY: "This listenKey does not exist. Please use POST /fapi/v1/listenKey "
    "to recreate listenKey and retry.",
    Code.OPTIONAL_PARAMS_BAD_COMBO: "Combination of optional parameters invalid.",
    Code.INVALID_PARAMETER: "Data sent for parameter '{}' is not valid.",
    Code.CANCEL_REJECTED: "Unknown order sent.",
    Code.NO_SUCH_ORDER: "Order does not exist.",
    Code.BAD_API_KEY_FORMAT: "API-key format invalid.",
    Code.REJECTED_KEY: "Invalid API-key, IP, or permissions for action.",
    Code.MARGIN_NOT_SUFFICIENT: "Margin is insufficient.",
    Code.UNABLE_TO_FILL: "Unable to fill.",
    Code.REDUCE_ONLY_REJECT: "ReduceOnly Order is rejected.",
    Code.POSITION_NOT_SUFFICIENT: "Position is not sufficient.",
    Code.MAX_OPEN_ORDERS: "Reach max open order limit.",
    Code.MAX_LEVERAGE_RATIO: "Exceeded the maximum allowable position at current leverage.",
    Code.PRICE_LESS_THAN_ZERO: "Price less than 0.",
    Code.PRICE_ABOVE_MAX: "Price greater than max price.",
    Code.QTY_LESS_THAN_ZERO: "Quantity less than or equal to zero.",
    Code.QTY_BELOW_MIN: "Quantity less than min quantity.",
    Code.QTY_ABOVE_MAX: "Quantity greater than max quantity.",
    Code.PRICE_BELOW_MIN: "Price less than min price.",
    Code.PRICE_NOT_ON_TICK: "Price not increased by tick size.",
    Code.BAD_CLIENT_ID: "Client order id {}.",
    Code.PRICE_ABOVE_CAP: "Limit price can't be higher than {}.",
    Code.QTY_NOT_ON_STEP: "Qty not increased by step size.",
    Code.PRICE_BELOW_FLOOR: "Limit price can't be lower than {}.",
    Code.INVALID_LEVERAGE: "Leverage {} is not valid.",
    Code.MARGIN_TYPE_UNCHANGED: "No need to change margin type.",
    Code.MARGIN_TYPE_OPEN_ORDERS: "Margin type cannot be changed if there exists open orders.",
    Code.MARGIN_TYPE_POSITION: "Margin type cannot be changed if there exists position.",
    Code.POSITION_SIDE_UNCHANGED: "No need to change position side.",
    Code.INVALID_POSITION_SIDE: "Invalid position side.",
    Code.POSITION_SIDE_MISMATCH: "Order's position side does not match user's setting.",
    Code.INVALID_REDUCE_ONLY: "Invalid or improper reduceOnly value.",
    Code.POSITION_SIDE_OPEN_ORDERS: "Position side cannot be changed if there exists open orders.",
    Code.POSITION_SIDE_POSITION: "Position side cannot be changed if there exists position.",
    Code.BATCH_SIZE: "Invalid number of batch place orders.",
    Code.REDUCE_ONLY_ACCOUNT: "User can only place reduce only order.",
    Code.NO_PERMISSION: "User can not place order currently.",
    Code.INACTIVE_ACCOUNT: "This account is inactive, please activate the account first.",
    Code.DUPLICATE_CLIENT_ID: "ClientOrderId is duplicated.",
    Code.REDUCE_ONLY_COVERED: "ReduceOnly Order Failed. Please check your existing position "
    "and open orders",
    Code.USE_ALGO_ORDER: "Order type not supported for this endpoint. Please use the Algo Order "
    "API endpoints instead.",
    Code.COUNTERPARTY_PRICE: "The counterparty's best price does not meet the PERCENT_PRICE "
    "filter limit.",
    Code.NOT_OPENING: "Invalid symbol status for opening position.",
    Code.SYMBOL_CLOSED: "Symbol is closed.",
    Code.MIN_NOTIONAL: "Order's notional must be no smaller than {} (unless you choose "
    "reduce only).",
    Code.TIME_INTERVAL: "Maximum time interval is {} days.",
    Code.MULTI_ASSETS_UNCHANGED: "No need to change multi-assets mode.",
    Code.PATH_INVALID: "Path {}, Method {} is invalid",
    Code.FOK_REJECTED: "Due to the order could not be filled immediately, the FOK order has been "
    "rejected. The order will not be recorded in the order history.",
    Code.GTX_REJECTED: "Due to the order could not be executed as maker, the Post Only order will "
    "be rejected. The order will not be recorded in the order history.",
    Code.AMEND_NOT_TRADING: "Symbol is not in trading status. Order amendment is not permitted.",
    Code.AMEND_LIMIT_ONLY: "Only limit order is supported.",
    Code.AMEND_TOO_MANY: "Exceed maximum modify order limit.",
    Code.AMEND_UNCHANGED: "No need to modify the order.",
    Code.ENGINE_TIMESTAMP: "Timestamp for this request is outside of the ME recvWindow.",
    Code.AMEND_MIN_NOTIONAL: "Order's notional must be no smaller than {}.",
    Code.INVALID_PRICE_MATCH: "Invalid price match.",
    Code.PRICE_MATCH_TYPE: "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.",
    Code.INVALID_STP: "Invalid self trade prevention mode.",
    Code.INVALID_GOOD_TILL_DATE: "The goodTillDate timestamp must be greater than the current time "
    "plus 600 seconds and smaller than 253402300799000.",
    Code.NO_DEPTH_FOR_PRICE_MATCH: "No depth matches this BBO order.",
    Code.AMEND_NOT_REDUCE_ONLY: "The order is not a reduce-only order.",
}

HTTP_STATUS = {
    Code.BAD_API_KEY_FORMAT: 401,
    Code.REJECTED_KEY: 401,
    Code.TOO_MANY_REQUESTS: 429,
    Code.TOO_MANY_ORDERS: 429,
    Code.TIMEOUT: 408,
    Code.PATH_INVALID: 404,
    Code.SERVER_BUSY: 503,
}

OUTSIDE_WINDOW = "is outside of the recvWindow."
AHEAD_OF_SERVER = "was 1000ms ahead of the server's time."


class VenueError(Exception):
    """A request that the venue refuses; nothing of it was carried out.

    `number` is the code as it is told: one that is asked for by hand may be none of ours.
    """

    def __init__(self, code: Code, *details: object) -> None:
        self.code = code
        self.number = code.value
        self.message = TEXTS[code].format(*details)
        self.http_status = HTTP_STATUS.get(code, 400)
        self.page = b""
        super().__init__(f"{code.value} {self.message}")


class BannedError(VenueError):
    """The caller's address ignored too many 429 answers (HTTP 418)."""

    def __init__(self, until_ms: int) -> None:
        super().__init__(Code.TOO_MANY_REQUESTS, 0)
        self.message = (
            f"Way too many requests; IP banned until {until_ms}. "
            "Please use the websocket for live updates to avoid bans."
        )
        self.http_status = 418
        self.until_ms = until_ms
        self.args = (f"{self.code.value} {self.message}",)
