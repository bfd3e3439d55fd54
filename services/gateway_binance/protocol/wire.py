"""What REST answers and order acknowledgements contain: bytes to venue structs.

Field names are the venue's (Binance docs, USD-M futures REST). Acknowledgements carry no average
price since June 2026, so it is optional wherever it may appear.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from services.gateway_binance.protocol.answers import OK, refusal_of, retry_after_ms
from tandem.domain.units import ZERO
from tandem.gateway.port.decoding import UnreadableError, decode
from tandem.gateway.port.requests import VenueQueryError
from tandem.transport.exchange import RawAnswer


class OrderRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order: acknowledgement, query answer, or a row of the open orders."""

    order_id: int
    symbol: str
    status: str
    client_order_id: str = ""
    price: Decimal | None = None
    avg_price: Decimal | None = None
    orig_qty: Decimal | None = None
    executed_qty: Decimal | None = None
    time_in_force: str = ""
    type: str = ""
    orig_type: str = ""
    reduce_only: bool | None = None
    side: str = ""
    position_side: str = "BOTH"
    update_time: int
    time: int | None = None


class TradeRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One of our fills; it names no client id: that is found through the order id."""

    id: int
    order_id: int
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    time: int
    maker: bool = False
    commission: Decimal | None = None
    commission_asset: str | None = None
    realized_pnl: Decimal | None = None
    position_side: str = "BOTH"


class PositionRow(Struct, frozen=True, kw_only=True, rename="camel"):
    symbol: str
    position_amt: Decimal
    entry_price: Decimal
    un_realized_profit: Decimal | None = None
    position_side: str = "BOTH"
    update_time: int = 0


class AssetRow(Struct, frozen=True, kw_only=True, rename="camel"):
    asset: str
    wallet_balance: Decimal
    margin_balance: Decimal
    available_balance: Decimal


class AccountRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """The account: the totals are of all assets, in USD, where multi-assets mode is on."""

    assets: tuple[AssetRow, ...]
    total_wallet_balance: Decimal | None = None
    total_margin_balance: Decimal | None = None
    available_balance: Decimal | None = None


class ConfigRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """In which mode the account is."""

    multi_assets_margin: bool


class AliasRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the list of balances: the account's unique code, the same in every row."""

    account_alias: str


class TimeRow(Struct, frozen=True, kw_only=True, rename="camel"):
    server_time: int


class ListenKeyRow(Struct, frozen=True, kw_only=True, rename="camel"):
    listen_key: str


class LimitRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One rate limit: the limit itself, and how much of it is used where the source says so."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int | None = None


class FilterRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One filter of a symbol; which fields it has depends on its type."""

    filter_type: str = ""
    min_price: Decimal = ZERO
    max_price: Decimal = ZERO
    tick_size: Decimal = ZERO
    min_qty: Decimal = ZERO
    max_qty: Decimal = ZERO
    step_size: Decimal = ZERO
    notional: Decimal = ZERO


class SymbolRow(Struct, frozen=True, kw_only=True, rename="camel"):
    symbol: str
    status: str = ""
    contract_type: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    margin_asset: str = ""
    filters: tuple[FilterRow, ...] = ()


class ExchangeInfo(Struct, frozen=True, kw_only=True, rename="camel"):
    """The instrument table. Rows stay raw: one that cannot be read must not hide the rest."""

    symbols: tuple[msgspec.Raw, ...]
    rate_limits: tuple[msgspec.Raw, ...] = ()


class SymbolName(Struct, frozen=True, kw_only=True):
    """What a row of the table is called, whatever else it holds."""

    symbol: str = ""


RowT = TypeVar("RowT")


def decode_rows(decoder: "msgspec.json.Decoder[RowT]", answer: RawAnswer) -> RowT:
    """Return the body of a successful answer.

    Raises:
        VenueQueryError: any other status, or a body of another shape; nothing is concluded.
    """
    if answer.status != OK:
        refusal = refusal_of(answer)
        raise VenueQueryError(refusal.words, retry_after_ms(refusal, answer))
    try:
        return decode(decoder, answer.body)
    except UnreadableError as error:
        raise VenueQueryError(f"HTTP 200 with an unreadable body: {error}") from error


order_row = msgspec.json.Decoder(OrderRow)
raw_rows = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
trade_row = msgspec.json.Decoder(TradeRow)
position_row = msgspec.json.Decoder(PositionRow)
config_row = msgspec.json.Decoder(ConfigRow)
account_row = msgspec.json.Decoder(AccountRow)
alias_rows = msgspec.json.Decoder(tuple[AliasRow, ...])
time_row = msgspec.json.Decoder(TimeRow)
listen_key_row = msgspec.json.Decoder(ListenKeyRow)
exchange_info = msgspec.json.Decoder(ExchangeInfo)
symbol_row = msgspec.json.Decoder(SymbolRow)
symbol_name = msgspec.json.Decoder(SymbolName)
limit_row = msgspec.json.Decoder(LimitRow)
