"""What happens to an order action: static checks for the whole batch, then order by order.

Nothing of a batch executes when one of its orders is malformed (Hyperliquid docs, exchange
endpoint; error responses).
"""

from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId, Refusal
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.order_terms import Terms, terms_of
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.tick_and_lot import band_fault, static_fault, value_fault
from services.paper_hyperliquid.exchange.triggers import TriggerBook, trigger_fault
from services.paper_hyperliquid.wire.errors import (
    BAD_ASSET,
    ORDERS_EMPTY,
    TRIGGER_COUNT,
    OrderError,
    Rejection,
    RequestError,
    rejection_of,
)
from services.paper_hyperliquid.wire.numbers import text_of
from services.paper_hyperliquid.wire.payloads import (
    Failed,
    FilledIds,
    FilledNow,
    OrderAck,
    PlacedIds,
    Resting,
)
from services.paper_hyperliquid.wire.schemas import Builder, OrderAction, OrderWire
from services.paper_hyperliquid.wire.vocabulary import Status

_TENTHS_OF_BASIS_POINT = Decimal("0.00001")


def builder_rate(builder: Builder | None) -> Decimal:
    """Return the builder's fee as a fraction of notional."""
    return builder.f * _TENTHS_OF_BASIS_POINT if builder is not None else ZERO


class Placing:
    """Places the orders of an action."""

    def __init__(self, desk: Desk, triggers: TriggerBook) -> None:
        self._desk = desk
        self._triggers = triggers

    def run(self, account: AccountId, action: OrderAction, now_ns: int) -> tuple[OrderAck, ...]:
        """Return one acknowledgement per order, or a single static error for all of them."""
        if not action.orders:
            raise RequestError(ORDERS_EMPTY)
        checked = [self._checked(order) for order in action.orders]
        faults = [outcome for outcome in checked if isinstance(outcome, Failed)]
        if faults:
            return self._all_failed(faults[0], len(checked))
        rate = builder_rate(action.builder)
        batch = [
            replace(outcome, builder_rate=rate) for outcome in checked if isinstance(outcome, Terms)
        ]
        if action.grouping == "normalTpsl":
            return self._family(account, batch, now_ns)
        if action.grouping == "positionTpsl":
            batch = [replace(terms, is_position_tpsl=True) for terms in batch]
        return tuple(self._one(account, terms, now_ns) for terms in batch)

    def _all_failed(self, fault: Failed, count: int) -> tuple[OrderAck, ...]:
        return (fault,) * (count if self._desk.settings.static_error_per_order else 1)

    def _checked(self, order: OrderWire) -> Terms | Failed:
        try:
            terms = terms_of(order)
        except OrderError as rejected:
            return Failed(rejected.rejection.for_asset(order.a))
        fault = self.fault(terms)
        return terms if fault is None else Failed(fault.for_asset(order.a))

    def fault(self, terms: Terms) -> Rejection | None:
        """Return the static rule that an order breaks, or None."""
        settings = self._desk.settings
        if terms.listing.coin in self._desk.disturbed.delisted:
            return BAD_ASSET
        fault = static_fault(terms.listing, terms.px, terms.size)
        if fault is not None:
            return fault
        reference = self._desk.engine.mark_px(terms.listing.coin) or terms.listing.start_px
        return band_fault(terms.px, reference, settings.price_band_percent) or value_fault(
            terms.px, terms.size, settings.order_value_max_usd
        )

    def _one(self, account: AccountId, terms: Terms, now_ns: int) -> OrderAck:
        try:
            return self.acknowledge(self.place(account, terms, now_ns))
        except OrderError as rejected:
            return Failed(rejected.rejection.for_asset(terms.listing.asset))

    def place(self, account: AccountId, terms: Terms, now_ns: int) -> Record:
        """Place one order of either kind, or raise OrderError."""
        if terms.trigger is None:
            return self._desk.place(account, terms, now_ns)
        self._require_trigger(account, terms)
        record = self._triggers.add(account, terms, now_ns)
        self._triggers.arm(record)
        return record

    def _require_trigger(self, account: AccountId, terms: Terms) -> None:
        trigger = terms.trigger
        coin = terms.listing.coin
        mark_px = self._desk.engine.mark_px(coin) or terms.listing.start_px
        fault = trigger_fault(terms, trigger, mark_px) if trigger is not None else None
        if fault is not None:
            raise OrderError(fault)
        self._require_free_cloid(account, terms.cloid)
        position = self._desk.engine.account(account).position(coin).amount
        if terms.is_position_tpsl and position * (1 if terms.is_buy else -1) >= ZERO:
            raise OrderError(rejection_of(Refusal.REDUCE_ONLY))

    def _require_free_cloid(self, account: AccountId, cloid: str | None) -> None:
        known = self._desk.records.by_cloid(account, cloid) if cloid is not None else None
        if known is not None and known.status.is_live:
            raise OrderError(Rejection(self._desk.settings.duplicate_cloid_text))

    def _family(self, account: AccountId, batch: list[Terms], now_ns: int) -> tuple[OrderAck, ...]:
        parent_terms, *child_terms = batch
        if parent_terms.trigger is not None or not 1 <= len(child_terms) <= 2:
            raise RequestError(TRIGGER_COUNT)
        if any(child.trigger is None or not child.reduce_only for child in child_terms):
            raise RequestError(TRIGGER_COUNT)
        try:
            parent = self._desk.place(account, parent_terms, now_ns)
        except OrderError as rejected:
            return (Failed(rejected.rejection.for_asset(parent_terms.listing.asset)),)
        children = tuple(self._triggers.add(account, child, now_ns) for child in child_terms)
        self._triggers.relate(children)
        self._triggers.follow(parent, children)
        waiting: OrderAck = (
            "waitingForTrigger" if parent.status is Status.FILLED else "waitingForFill"
        )
        return (self.acknowledge(parent), *(waiting for _ in children))

    def acknowledge(self, record: Record) -> OrderAck:
        """Return what the action's answer says about a placed order."""
        ended = record.status is Status.FILLED
        partly = record.trigger is None and record.sz < record.orig_sz
        if ended or (partly and not self._desk.settings.partial_gtc_is_resting):
            order = self._desk.engine_order_of(record)
            cloid = record.cloid or UNSET
            filled = text_of(order.filled_qty)
            return FilledNow(FilledIds(filled, text_of(order.avg_px), record.oid, cloid))
        return Resting(PlacedIds(record.oid, record.cloid or UNSET))
