"""The venue itself: signed requests, market events and ticks in; answers and news out.

1. Every request gets exactly one answer; a refused one changes nothing but its nonce and budget.
   The journal has what it did before it is answered or told to anybody.
2. News are collected while an operation runs and handed over once, by `take_news`.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import AccountId, EndReason
from services.paper_exchange.engine.state_journal import StateJournal
from services.paper_exchange.market.events import Mark, MarketEvent
from services.paper_hyperliquid.auth.admission import Gate
from services.paper_hyperliquid.auth.signers import Signers
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import RefusingText
from services.paper_hyperliquid.control.refusing import refused
from services.paper_hyperliquid.exchange.account_actions import AccountActions
from services.paper_hyperliquid.exchange.cancelling import Cancelling
from services.paper_hyperliquid.exchange.dead_man import DeadMan
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN
from services.paper_hyperliquid.exchange.modifying import Modifying
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.order_terms import Terms
from services.paper_hyperliquid.exchange.outbox import News
from services.paper_hyperliquid.exchange.placing import Placing
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.triggers import TriggerBook
from services.paper_hyperliquid.wire.errors import OrderError, RequestError
from services.paper_hyperliquid.wire.numbers import ms_of
from services.paper_hyperliquid.wire.payloads import (
    DEFAULT_OK,
    ActionAnswer,
    ActionErr,
    ActionOk,
    ActionResponse,
    CancelAck,
    Failed,
    OrderAck,
    Statuses,
)
from services.paper_hyperliquid.wire.schemas import (
    ApproveAgentAction,
    ApproveBuilderFeeAction,
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    Envelope,
    ModifyAction,
    OrderAction,
    ReserveRequestWeightAction,
    ScheduleCancelAction,
    UpdateIsolatedMarginAction,
    UpdateLeverageAction,
    UsdSendAction,
)


class Handled(Struct, frozen=True):
    """An answer, and the account it concerns when one was recognised."""

    answer: ActionAnswer
    account: AccountId | None


class Venue:
    """The exchange behind the sockets."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.desk = Desk(engine, settings)
        self.signers = Signers(settings, self.journal)
        self.gate = Gate(settings, self.signers, self.journal)
        self.triggers = TriggerBook(self.desk)
        self.actions = AccountActions(self.desk)
        self._placing = Placing(self.desk, self.triggers)
        self._cancelling = Cancelling(self.desk, self.triggers)
        self._modifying = Modifying(self.desk, self.triggers, self._placing)
        self._dead_man = DeadMan(settings, self.journal)
        self._late_fills = 0

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    @property
    def journal(self) -> StateJournal:
        return self.engine.journal

    def open_account(self, address: str, balance: Decimal, master: str | None = None) -> AccountId:
        """Open an account, or a sub-account of a master."""
        account = self.signers.add_account(address, master)
        fees = FeeSchedule(self.settings.maker_fee, self.settings.taker_fee)
        self.engine.open_account(account, balance, fees)
        return account

    def pin_marks(self, coins: Iterable[str]) -> None:
        """Give coins without market data the mark price that their listing names."""
        for coin in coins:
            self.engine.skip_market(Mark(coin, 0, LISTING_OF_COIN[coin].start_px))

    def exchange(self, envelope: Envelope, now_ns: int, late_fill_ms: int | None = None) -> Handled:
        """Carry out one signed request and answer it.

        With `late_fill_ms` the orders of a cancel fill by half first; that is told so much later.
        """
        now_ms = ms_of(now_ns)
        account: AccountId | None = None
        try:
            admitted = self.gate.admit(envelope, now_ms)
            account = admitted.account
            self.gate.spend(admitted, envelope, self.desk.volume[account], now_ms)
            if late_fill_ms is not None:
                self._fill_before_cancel(account, envelope, late_fill_ms, now_ns)
            answer: ActionAnswer = self._carry_out(account, envelope, now_ns)
        except RequestError as refused:
            answer = ActionErr(str(refused))
        self._settle(now_ns)
        return Handled(answer, account)

    def refuse(self, envelope: Envelope, refusing: RefusingText, now_ns: int) -> Handled:
        """Refuse one signed request in the given words; its nonce is used up as ever."""
        now_ms = ms_of(now_ns)
        account: AccountId | None = None
        try:
            admitted = self.gate.admit(envelope, now_ms)
            account = admitted.account
            self.gate.spend(admitted, envelope, self.desk.volume[account], now_ms)
            answer: ActionAnswer = refused(envelope.action, refusing)
        except RequestError as error:
            answer = ActionErr(str(error))
        return Handled(answer, account)

    def apply_market(self, event: MarketEvent, now_ns: int) -> None:
        """Let the tape move the market."""
        self.desk.absorb(self.engine.apply_market(event, now_ns))
        self._settle(now_ns)

    def tick(self, now_ns: int) -> None:
        """Fire the scheduled cancels that are due."""
        for account in self._dead_man.take_due(ms_of(now_ns)):
            self._cancelling.cancel_all(account, now_ns, EndReason.SCHEDULED)
        self._settle(now_ns)

    def _settle(self, now_ns: int) -> None:
        """End an operation: what it triggers, and the journal."""
        self.triggers.settle(now_ns)
        self.journal.commit()

    def _fill_before_cancel(
        self, account: AccountId, envelope: Envelope, after_ms: int, now_ns: int
    ) -> None:
        action = envelope.action
        if isinstance(action, CancelAction | CancelByCloidAction):
            for record in self._cancelling.named(account, action):
                self._late_fills += self.desk.fill_half(record, after_ms, now_ns)

    def take_late_fills(self) -> int:
        """Return how many orders were filled right before their cancel since the last call."""
        count, self._late_fills = self._late_fills, 0
        return count

    def place_by_hand(self, account: AccountId, terms: Terms, now_ns: int) -> Record:
        """Place an order that came past the API, or raise OrderError."""
        fault = self._placing.fault(terms)
        if fault is not None:
            raise OrderError(fault)
        record = self._placing.place(account, terms, now_ns)
        self._settle(now_ns)
        return record

    def cancel_by_hand(self, record: Record, now_ns: int) -> None:
        """Cancel an order past the API."""
        self._cancelling.cancel(record, now_ns, EndReason.USER)
        self.journal.commit()

    def end_by_venue(self, record: Record, reason: EndReason, now_ns: int) -> None:
        """End an order that rests as the venue does by itself."""
        self._cancelling.cancel(record, now_ns, reason)

    def take_news(self) -> News:
        """Return what happened since the last call."""
        return self.desk.outbox.take()

    def _carry_out(self, account: AccountId, envelope: Envelope, now_ns: int) -> ActionOk:
        action = envelope.action
        match action:
            case OrderAction():
                self.actions.require_builder(account, action.builder, self.settings)
                return _statuses("order", self._placing.run(account, action, now_ns))
            case CancelAction() | CancelByCloidAction():
                return _statuses("cancel", self._cancelling.run(account, action, now_ns))
            case BatchModifyAction():
                return _statuses("order", self._modifying.run(account, action, now_ns))
            case ModifyAction():
                return _default_or_refused(self._modifying.run(account, action, now_ns))
            case _:
                self._change_account(account, envelope, now_ns)
                return DEFAULT_OK

    def _change_account(self, account: AccountId, envelope: Envelope, now_ns: int) -> None:
        action = envelope.action
        match action:
            case UpdateLeverageAction():
                self.actions.update_leverage(account, action)
            case UpdateIsolatedMarginAction():
                self.actions.update_isolated_margin(account, action, now_ns)
            case ScheduleCancelAction():
                volume = self.desk.volume[account]
                self._dead_man.schedule(account, action.time, volume, ms_of(now_ns))
            case ReserveRequestWeightAction():
                self.gate.budget.reserve(account, action.weight)
            case _:
                self._change_standing(account, envelope, now_ns)

    def _change_standing(self, account: AccountId, envelope: Envelope, now_ns: int) -> None:
        action = envelope.action
        match action:
            case ApproveAgentAction():
                name = action.agent_name or ""
                self.signers.approve(account, action.agent_address.lower(), name, ms_of(now_ns))
            case ApproveBuilderFeeAction():
                self.actions.approve_builder(account, action)
            case UsdSendAction():
                known = self.signers.is_account(action.destination.lower())
                self.actions.send_usd(account, action, known, now_ns)
            case _:
                # A noop, a referral and a transfer between spot and perps change nothing here.
                return


def _statuses(kind: str, acks: tuple[OrderAck | CancelAck, ...]) -> ActionOk:
    return ActionOk(ActionResponse(kind, Statuses(acks)))


def _default_or_refused(acks: tuple[OrderAck, ...]) -> ActionOk:
    ack = acks[0]
    if isinstance(ack, Failed):
        raise RequestError(ack.error)
    return DEFAULT_OK
