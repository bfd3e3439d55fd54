"""What the actions do that change an account rather than an order."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from services.paper_exchange.engine.accounts import MarginMode
from services.paper_exchange.engine.orders import AccountId, OrderRefused
from services.paper_exchange.engine.state_journal import Entry
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.exchange.listings import Listing, listing_of_asset
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.transfers import Transfers
from services.paper_hyperliquid.wire.errors import (
    BAD_ASSET,
    BUILDER_NOT_APPROVED,
    LEVERAGE_INVALID,
    LEVERAGE_WITH_POSITION,
    NOT_ISOLATED,
    RequestError,
    must_deposit,
)
from services.paper_hyperliquid.wire.schemas import (
    ApproveBuilderFeeAction,
    Builder,
    UpdateIsolatedMarginAction,
    UpdateLeverageAction,
    UsdSendAction,
)

_MICRO_USD: Final = Decimal("0.000001")
_TENTHS_OF_BASIS_POINT_PER_PERCENT: Final = 1_000


class BuildersEntry(Entry, frozen=True):
    """The builders that an account has approved, in the journal: tenths of a basis point each."""

    account: AccountId
    rates: dict[str, int]


class AccountActions:
    """Leverage, margin, transfers and builder approvals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.transfers = Transfers(desk.journal)
        self._builder_max: defaultdict[AccountId, dict[str, int]] = defaultdict(dict)
        desk.journal.keep(BuildersEntry, self._restore, self._entries)

    def update_leverage(self, account: AccountId, action: UpdateLeverageAction) -> None:
        """Set leverage and margin mode, or raise RequestError."""
        coin = _listed(action.asset).coin
        mode = MarginMode.CROSS if action.is_cross else MarginMode.ISOLATED
        held = self._desk.engine.account(account)
        settings = held.settings.get(coin)
        current = settings.margin_mode if settings is not None else MarginMode.CROSS
        if mode is not current and held.position(coin).amount:
            raise RequestError(LEVERAGE_WITH_POSITION)
        try:
            self._desk.engine.set_leverage(account, coin, action.leverage, mode)
        except OrderRefused as refused:
            raise RequestError(LEVERAGE_INVALID) from refused

    def update_isolated_margin(
        self, account: AccountId, action: UpdateIsolatedMarginAction, now_ns: int
    ) -> None:
        """Move margin into or out of an isolated position, or raise RequestError."""
        coin = _listed(action.asset).coin
        change = action.ntli * _MICRO_USD
        try:
            self._desk.engine.transfer_isolated(account, coin, change, now_ns)
        except OrderRefused as refused:
            raise RequestError(NOT_ISOLATED) from refused

    def send_usd(self, account: AccountId, action: UsdSendAction, known: bool, now_ns: int) -> None:
        """Move US dollars to another account of this venue, or raise RequestError."""
        amount = Decimal(action.amount)
        if not known:
            raise RequestError(must_deposit(action.destination.lower()))
        if amount > self._desk.engine.margin(account).available:
            raise RequestError("Insufficient balance for withdrawal.")
        destination = AccountId(action.destination.lower())
        engine = self._desk.engine
        self._desk.absorb(engine.deposit(account, -amount, now_ns))
        self._desk.absorb(engine.deposit(destination, amount, now_ns))
        row = self.transfers.add(amount, (account, destination), action.time)
        for party in dict.fromkeys((account, destination)):
            self._desk.outbox.transfer(party, row)

    def approve_builder(self, account: AccountId, action: ApproveBuilderFeeAction) -> None:
        """Allow a builder a fee up to a rate written as a percentage."""
        try:
            percent = Decimal(action.max_fee_rate.removesuffix("%"))
        except ArithmeticError as error:
            raise RequestError(f"Invalid max fee rate {action.max_fee_rate}.") from error
        rate = int(percent * _TENTHS_OF_BASIS_POINT_PER_PERCENT)
        self._builder_max[account][action.builder.lower()] = rate
        self._desk.journal.note(BuildersEntry(account, dict(self._builder_max[account])))

    def _entries(self) -> Iterator[BuildersEntry]:
        return (BuildersEntry(account, rates) for account, rates in self._builder_max.items())

    def _restore(self, entry: BuildersEntry) -> None:
        self._builder_max[entry.account] = dict(entry.rates)

    def builder_max(self, account: AccountId, builder: str) -> int:
        """Return the approved fee in tenths of a basis point."""
        return self._builder_max[account].get(builder, 0)

    def require_builder(
        self, account: AccountId, builder: Builder | None, settings: Settings
    ) -> None:
        """Raise RequestError unless the order's builder may charge its fee."""
        if builder is None or not settings.builder_approval_required:
            return
        if builder.f > self.builder_max(account, builder.b):
            raise RequestError(BUILDER_NOT_APPROVED)


def _listed(asset: int) -> Listing:
    listing = listing_of_asset(asset)
    if listing is None:
        raise RequestError(BAD_ASSET.text)
    return listing
