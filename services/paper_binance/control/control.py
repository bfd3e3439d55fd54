"""What the control port answers: the venue's own books, and what tests may make it do."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from services.paper_binance.control.fault_control import FaultControl
from services.paper_binance.exchange.contracts import QUOTE
from services.paper_binance.exchange.entries import KeyEntry, ModesEntry
from services.paper_binance.exchange.external_orders import act
from services.paper_binance.exchange.listing_changes import change_listing
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.order_payloads import NO_PRICE
from services.paper_binance.wire.vocabulary import status_of
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.fees import BINANCE_FEES, FeeSchedule
from services.paper_exchange.engine.orders import AccountId, Order, OrderRefused, Side
from services.paper_exchange.market.events import (
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
    MarketEvent,
    Trade,
)
from services.paper_exchange.shell import audit
from services.paper_exchange.shell.control import decode_control
from services.paper_exchange.shell.tape_driver import TapeDriver

VENUE_NAME = "paper-binance"


class SeedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A new account, or an old one started afresh; at least one key is needed to use it.

    `collateral` is what it holds of other assets, by name, each counted at 1 USD.
    """

    account: str
    api_key: str
    secret: str = ""
    public_key: str = ""
    wallet: Decimal = Decimal(1_000_000)
    collateral: dict[str, Decimal] = {}
    multi_assets: bool = False
    maker_fee: Decimal = BINANCE_FEES.maker
    taker_fee: Decimal = BINANCE_FEES.taker


class AccountSeeded(msgspec.Struct, frozen=True):
    """The account that was created."""

    account: str
    api_key: str


class VenueControl:
    """The control port of one venue."""

    def __init__(
        self,
        venue: Venue,
        faults: FaultControl,
        driver: TapeDriver[MarketEvent],
        wall_ns: Callable[[], int],
    ) -> None:
        self._venue = venue
        self._faults = faults
        self._driver = driver
        self._wall_ns = wall_ns

    def health(self) -> audit.Health:
        symbols = tuple(self._venue.contracts)
        return audit.Health(venue=VENUE_NAME, symbols=symbols, tape=self._driver.state())

    def books(self, account: str | None) -> audit.Books:
        orders = tuple(_order(order) for order in self._venue.engine.orders(_name(account)))
        return audit.Books(
            orders=orders,
            open_orders=tuple(order for order in orders if order.is_open),
            positions=tuple(self._positions(account)),
            balances=tuple(self._balances(account)),
        )

    def trades(self, account: str | None) -> tuple[audit.AuditTrade, ...]:
        return tuple(self._trade(fill) for fill in self._venue.engine.fills(_name(account)))

    def requests(self, account: str | None) -> tuple[audit.AuditRequest, ...]:
        return tuple(
            audit.AuditRequest(
                account=record.account_id,
                client_order_id=record.client_id,
                order_id=None if record.order_id is None else str(record.order_id),
                mono_parsed_ns=record.mono_parsed_ns,
                outcome=record.outcome,
            )
            for record in self._venue.audit.requests
            if account in {None, record.account_id}
        )

    def seed_account(self, body: bytes) -> AccountSeeded:
        seed = decode_control(body, SeedAccount)
        account_id = AccountId(seed.account)
        key = KeyEntry(
            api_key=seed.api_key,
            account_id=account_id,
            secret=seed.secret,
            public_key=seed.public_key,
        )
        try:
            self._venue.add_key(key)
        except ValueError as error:
            raise audit.ControlError(f"account {seed.account}: {error}") from error
        fees = FeeSchedule(maker=seed.maker_fee, taker=seed.taker_fee)
        self._venue.engine.open_account(account_id, seed.wallet, fees, seed.collateral)
        modes = ModesEntry(account_id=account_id, dual_side=False, multi_assets=seed.multi_assets)
        self._venue.set_modes(modes)
        self._venue.journal.commit()
        return AccountSeeded(seed.account, seed.api_key)

    def tape(self, action: audit.TapeAction) -> audit.TapeState:
        return self._driver.control(action)

    def market(self, action: audit.MarketAction) -> audit.MarketOutcome:
        """Do a trade by somebody else or set the displayed book, and count the fills."""
        now_ns = self._wall_ns()
        try:
            events = self._venue.engine.apply_market(_market_event(action, now_ns), now_ns)
        except OrderRefused as refused:
            raise audit.ControlError(str(refused)) from refused
        self._venue.publish(events, now_ns)
        return audit.MarketOutcome(fills_count=sum(isinstance(one, Filled) for one in events))

    def faults(self, body: bytes) -> audit.FaultReport:
        return self._faults.change(body)

    def fault_report(self) -> audit.FaultReport:
        return self._faults.report()

    def act(self, action: audit.AccountAction) -> audit.ActOutcome:
        return act(self._venue, action, self._wall_ns())

    def listing(self, change: audit.ChangeListing) -> audit.ListingState:
        return change_listing(self._venue, change)

    def clear(self) -> None:
        """Forget ended orders, trades, recorded requests and how often faults fired."""
        self._venue.engine.clear_history()
        self._venue.journal.commit()
        self._venue.audit.clear()
        self._faults.clear_counts()

    def _positions(self, account: str | None) -> list[audit.AuditPosition]:
        return [
            audit.AuditPosition(
                account=owner.account_id,
                symbol=position.symbol,
                amount=position.amount,
                entry=position.entry_px,
            )
            for owner in self._venue.engine.accounts()
            for position in owner.positions.values()
            if account in {None, owner.account_id}
        ]

    def _balances(self, account: str | None) -> list[audit.AuditBalance]:
        return [
            audit.AuditBalance(account=owner.account_id, asset=asset, wallet=wallet)
            for owner in self._venue.engine.accounts()
            if account in {None, owner.account_id}
            for asset, wallet in {QUOTE: owner.wallet_balance, **owner.collateral}.items()
        ]

    def _trade(self, fill: Filled) -> audit.AuditTrade:
        order = fill.order
        return audit.AuditTrade(
            account=fill.account_id,
            symbol=order.symbol,
            exec_id=str(fill.exec_id),
            order_id=str(order.order_id),
            client_order_id=order.client_id,
            amount=fill.qty * order.side.sign,
            price=fill.px,
            fee=fill.fee,
            is_maker=fill.is_maker,
            time_ms=ms(fill.ts_ns),
            mono_written_ns=self._venue.audit.written_ns(fill.exec_id),
        )


def _name(account: str | None) -> AccountId | None:
    return None if account is None else AccountId(account)


def _order(order: Order) -> audit.AuditOrder:
    return audit.AuditOrder(
        account=order.account_id,
        symbol=order.symbol,
        order_id=str(order.order_id),
        client_order_id=order.client_id,
        amount=order.qty * order.side.sign,
        price=order.px or NO_PRICE,
        filled=order.filled_qty,
        avg_price=order.avg_px,
        status=status_of(order),
        is_open=order.is_open,
        created_ms=ms(order.created_ns),
        updated_ms=ms(order.updated_ns),
    )


def _market_event(action: audit.MarketAction, now_ns: int) -> MarketEvent:
    match action:
        case audit.ScriptedTrade(symbol=symbol, side=side, price=px, qty=qty):
            aggressor = Side.BUY if side == "buy" else Side.SELL
            return Trade(symbol, now_ns, px, qty, aggressor)
        case audit.ScriptedDepth(replace=True):
            bids, asks = _levels(action.bids), _levels(action.asks)
            return DepthSnapshot(action.symbol, now_ns, bids, asks)
        case audit.ScriptedDepth():
            bids, asks = _levels(action.bids), _levels(action.asks)
            return DepthDelta(action.symbol, now_ns, bids, asks)


def _levels(pairs: audit.Levels) -> Levels:
    return tuple(Level(px, qty) for px, qty in pairs)
