"""Answers to /info questions about accounts.

A user is an account's own address: an agent's or an unknown address gets empty answers rather
than an error (Hyperliquid docs, API wallets).
"""

from collections.abc import Mapping
from functools import singledispatchmethod

from msgspec import Struct

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN
from services.paper_hyperliquid.exchange.market_stats import CoinStats
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.info import account_view
from services.paper_hyperliquid.info.fee_view import user_fees
from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.wire import info_requests as ask
from services.paper_hyperliquid.wire.account_payloads import (
    ActiveAssetRow,
    AgentRow,
    ClearinghouseRow,
    FeesRow,
    LedgerRow,
    RateLimitRow,
    RoleData,
    RoleRow,
    SpotBalances,
    SubAccountRow,
)
from services.paper_hyperliquid.wire.numbers import text_of


class AccountAnswers:
    """Reads the venue's accounts."""

    def __init__(self, venue: Venue, stats: Mapping[str, CoinStats]) -> None:
        self._venue = venue
        self._stats = stats

    @singledispatchmethod
    def answer(self, question: Struct, _now_ms: int) -> object:
        raise InfoError(f"no answer to {type(question).__name__}")

    @answer.register
    def _clearinghouse(self, question: ask.ClearinghouseState, now_ms: int) -> ClearinghouseRow:
        if question.dex:
            return account_view.empty_state(now_ms)
        return self.clearinghouse_state(AccountId(question.user), now_ms)

    @answer.register
    def _spot(self, _question: ask.SpotClearinghouseState, _now_ms: int) -> SpotBalances:
        return SpotBalances()

    @answer.register
    def _rate_limit(self, question: ask.UserRateLimit, _now_ms: int) -> RateLimitRow:
        volume = self._venue.desk.volume[AccountId(question.user)]
        budget = self._venue.gate.budget
        used = budget.usage(question.user).sent
        cap = budget.cap(question.user, volume)
        return RateLimitRow(text_of(volume), used, cap, 0)

    @answer.register
    def _role(self, question: ask.UserRole, _now_ms: int) -> RoleRow:
        signers = self._venue.signers
        agent = signers.agent(question.user)
        if agent is not None:
            return RoleRow("agent", RoleData(user=agent.master))
        if not signers.is_account(question.user):
            return RoleRow("missing")
        master = signers.master_of(question.user)
        return RoleRow("user") if master is None else RoleRow("subAccount", RoleData(master=master))

    @answer.register
    def _sub_accounts(
        self, question: ask.SubAccounts, now_ms: int
    ) -> tuple[SubAccountRow, ...] | None:
        master = AccountId(question.user)
        subs = self._venue.signers.sub_accounts(master)
        rows = tuple(
            SubAccountRow(
                f"sub{number}", sub, master, self.clearinghouse_state(sub, now_ms), SpotBalances()
            )
            for number, sub in enumerate(subs, start=1)
        )
        return rows or None

    @answer.register
    def _agents(self, question: ask.ExtraAgents, _now_ms: int) -> tuple[AgentRow, ...]:
        agents = self._venue.signers.agents_of(AccountId(question.user))
        return tuple(
            AgentRow(agent.name, agent.address, agent.valid_until_ms)
            for agent in agents
            if agent.name
        )

    @answer.register
    def _abstraction(self, _question: ask.UserAbstraction, _now_ms: int) -> str:
        return "default"

    @answer.register
    def _fees(self, question: ask.UserFees, now_ms: int) -> FeesRow:
        fills = self._venue.desk.fills_of(AccountId(question.user))
        return user_fees(self._venue.settings, fills, self._stats.values(), now_ms)

    @answer.register
    def _funding(self, _question: ask.UserFunding, _now_ms: int) -> tuple[()]:
        return ()

    @answer.register
    def _ledger(self, question: ask.UserLedger, now_ms: int) -> tuple[LedgerRow, ...]:
        end_ms = now_ms if question.end_time is None else question.end_time
        rows = self._venue.actions.transfers.of(AccountId(question.user))
        return tuple(row for row in rows if question.start_time <= row.time <= end_ms)

    @answer.register
    def _vaults(self, _question: ask.UserVaultEquities, _now_ms: int) -> tuple[()]:
        return ()

    @answer.register
    def _builder_fee(self, question: ask.MaxBuilderFee, _now_ms: int) -> int:
        builder = "0x" + question.builder.lower().removeprefix("0x")
        return self._venue.actions.builder_max(AccountId(question.user), builder)

    @answer.register
    def _active_asset(self, question: ask.ActiveAssetData, _now_ms: int) -> ActiveAssetRow:
        return self.active_asset(AccountId(question.user), question.coin)

    def clearinghouse_state(self, account: AccountId, now_ms: int) -> ClearinghouseRow:
        """Return margin and positions; zeros for an address without an account."""
        if not self._venue.signers.is_account(account):
            return account_view.empty_state(now_ms)
        return account_view.clearinghouse_state(self._venue.engine, account, now_ms)

    def cum_ledger(self, account: AccountId) -> str:
        """Return what was paid in and transferred, all in all."""
        if not self._venue.signers.is_account(account):
            return text_of(ZERO)
        return text_of(account_view.cum_ledger(self._venue.engine, account))

    def active_asset(self, account: AccountId, coin: str) -> ActiveAssetRow:
        """Return leverage and room for trading, or raise InfoError."""
        listing = LISTING_OF_COIN.get(coin)
        if listing is None or listing.is_delisted or not self._venue.signers.is_account(account):
            raise InfoError(f"no trading of {coin} by {account}")
        return account_view.active_asset(self._venue.engine, account, listing)
