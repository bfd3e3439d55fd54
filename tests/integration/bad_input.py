"""Everything malformed that the tests of bad input put in, and one desk to put it into."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.stack import LocalStack
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Strategy, Token
from tandem.domain.order import OrderStatus
from tandem.messages import codec, subjects
from tandem.messages.deltas import OrderView
from tandem.messages.hedges import HedgeRefused
from tandem.messages.reports import IntentRefused, OrderReport
from tandem.runtime.clock import SystemClock

STRATEGY = Strategy("raw")
BINANCE, HYPERLIQUID = Exc("binance"), Exc("hyperliquid")
TICKERS = {BINANCE: "SOLUSDT", HYPERLIQUID: "SOL"}
ABSENT = object()
PATIENCE_S = 30.0
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """One message published past the client: what differs from a sound one, or the bytes.

    `field` must be named by the refusal.
    """

    id: str
    field: str
    changed: Fields | bytes
    exc: Exc = BINANCE
    cloid: str = ""


def raw_orders() -> tuple[Raw, ...]:
    """Return malformed order intents."""
    both = [Raw(name, where, what, exc) for exc in TICKERS for name, where, what in _ORDERS]
    return (*both, *_ONE_VENUE)


_ORDERS: tuple[tuple[str, str, Fields | bytes], ...] = (
    ("empty", "payload", b""),
    ("not-json", "payload", b"{nonsense"),
    ("not-utf8", "payload", b'{"type":"new_order","exc":"\xff\xfe"}'),
    ("a-list", "payload", b"[]"),
    ("no-type", "type", {"type": ABSENT}),
    ("unknown-type", "type", {"type": "nonsense"}),
    ("a-cancel", "type", {"type": "cancel_order", "token": "t"}),
    ("other-type", "type", {"type": "mark_report", "mid": "1", "ts_venue": 1}),
    ("no-amount", "amount", {"amount": ABSENT}),
    ("amount-is-text", "amount", {"amount": "many"}),
    ("amount-is-nan", "amount", {"amount": "NaN"}),
    ("amount-is-infinite", "amount", {"amount": "-Infinity"}),
    ("amount-is-zero", "amount", {"amount": "0"}),
    ("amount-is-huge", "amount", {"amount": "1e400"}),
    ("amount-off-lot", "amount", {"amount": "0.0000000001"}),
    ("amount-too-small", "amount", {"amount": "0.01"}),
    ("no-ticker", "ticker", {"ticker": ABSENT}),
    ("ticker-is-empty", "ticker", {"ticker": ""}),
    ("ticker-is-long", "ticker", {"ticker": "X" * 200}),
    ("ticker-is-not-listed", "ticker", {"ticker": "NOPE"}),
    ("unknown-kind", "ord_type", {"ord_type": "ICEBERG"}),
    ("limit-without-price", "price", {"price": ABSENT}),
    ("two-prices", "price_match", {"price_match": "QUEUE"}),
    ("unknown-price-match", "price_match", {"price": ABSENT, "price_match": "QUEUE_3"}),
    ("negative-price", "price", {"price": "-1"}),
    ("price-off-tick", "price", {"price": "100.0000001"}),
    ("huge-price", "price", {"price": "1e30"}),
    ("market-with-price", "price", {"ord_type": "MARKET"}),
    ("unknown-tif", "tif", {"tif": "DAY"}),
    ("post-only-ioc", "tif", {"tif": "IOC", "post_only": True}),
    ("flag-is-text", "reduce_only", {"reduce_only": "yes"}),
    ("no-validity", "valid_for_ms", {"valid_for_ms": 0}),
    ("validity-is-text", "valid_for_ms", {"valid_for_ms": "soon"}),
    ("take-profit", "tp", {"tp": "120"}),
    ("stop-loss", "sl", {"sl": "80"}),
    ("no-strategy", "strategy", {"strategy": ABSENT}),
    ("slippage-of-a-limit", "max_slippage_bp", {"max_slippage_bp": "5"}),
    ("other-cloid", "cloid", {"cloid": "0x" + "ab" * 16}),
    ("other-exc", "exc", {"exc": "elsewhere"}),
)
_ONE_VENUE = (
    Raw("cloid-not-hex", "cloid", {}, HYPERLIQUID, "my-order-1"),
    Raw("cloid-with-space", "cloid", {}, BINANCE, "my order"),
)

HEDGES: tuple[tuple[str, str, Fields | bytes], ...] = (
    ("empty", "payload", b""),
    ("not-json", "payload", b"hedge me"),
    ("no-maker", "maker", {"maker": ABSENT}),
    ("no-legs", "legs", {"legs": []}),
    ("zero-ratio", "ratio", {"legs": [{"exc": "hyperliquid", "ticker": "SOL", "ratio": "0"}]}),
    ("nan-ratio", "ratio", {"legs": [{"exc": "hyperliquid", "ticker": "SOL", "ratio": "NaN"}]}),
    ("leg-twice", "legs", {"legs": [{"exc": "hyperliquid", "ticker": "SOL"}] * 2}),
    ("leg-not-listed", "ticker", {"legs": [{"exc": "hyperliquid", "ticker": "NOPE"}]}),
    ("leg-of-no-account", "exc", {"legs": [{"exc": "moon", "ticker": "SOL"}]}),
    ("zero-amount", "amount", {"amount": "0"}),
    ("amount-off-lot", "amount", {"amount": "-0.0000001"}),
    ("price-off-tick", "price", {"price": "100.00000001"}),
    ("other-id", "hedge_id", {"hedge_id": "another"}),
    ("negative-delay", "coalesce_ms", {"coalesce_ms": -1}),
)  # fmt: skip

CANCELS: tuple[tuple[str, str, Fields | bytes], ...] = (
    ("empty", "payload", b""),
    ("two-names", "oid", {"oid": "5"}),
    ("no-validity", "valid_for_ms", {"valid_for_ms": 0}),
    ("no-token", "token", {"token": ABSENT}),
    ("other-exc", "exc", {"exc": "elsewhere"}),
)

POISON: tuple[tuple[str, bytes], ...] = (
    ("oms.nonsense", b"nonsense"),
    ("oms.intent.binance", b""),
    ("oms.intent.binance.raw.all.cancel.t", b"{}"),
    ("oms.intent.nowhere.raw.c.new", b"\x00\x01"),
    ("oms.venue.binance.order.SOLUSDT.1.NEW.0.1.event", b"{}"),
    ("oms.venue.binance.fill.SOLUSDT.bad", b'{"type":"fill_report"}'),
    ("oms.venue.binance.fillcost.SOLUSDT.bad", b"[1]"),
    ("oms.venue.binance.position.SOLUSDT.BOTH.1.1.1", b"null"),
    ("oms.venue.binance.specs.bad", b'{"type":"specs_report","exc":"binance","instruments":1}'),
    ("oms.venue.binance.mark.SOLUSDT.1", b"\xff"),
    ("oms.venue.binance.link.x.1", b"{}"),
    ("oms.venue.binance.refused.x", b'{"type":"intent_refused"}'),
    ("oms.hedge.decision.binance.SOLUSDT.p.0.1", b"{}"),
    ("oms.hedge.timer.bad.0", b'{"type":"timer_fired","key":"position-recheck"}'),
    ("oms.hedge.refused.bad", b""),
    ("oms.control.stop.bad", b"{}"),
    ("oms.control.rules.bad", b"nonsense"),
    ("oms.control.epoch.x", b"nonsense"),
    ("oms.control.alarm.x.y", b"nonsense"),
)


def unsound_facts(exc: Exc) -> tuple[tuple[str, Fields], ...]:
    """Return well-formed facts with numbers that nothing can be counted with."""
    ticker = TICKERS[exc]
    fill = {
        "type": "fill_report", "exc": exc, "ticker": ticker, "oid": "1", "side": "BUY",
        "last_px": "100", "source": "event", "ts_venue": 1,
    }  # fmt: skip
    order = {
        "type": "order_report", "exc": exc, "ticker": ticker, "ord_status": "NEW", "oid": "1",
        "source": "event", "ts_venue": 1,
    }  # fmt: skip
    position = {
        "type": "position_report", "exc": exc, "ticker": ticker, "source": "event", "ts_venue": 1
    }  # fmt: skip
    venue = subjects.reports_of(exc).removesuffix(".>")
    return (
        (f"{venue}.fill.{ticker}.n1", fill | {"exec_id": "n1", "last_fill_sz": "NaN"}),
        (f"{venue}.fill.{ticker}.n2", fill | {"exec_id": "n2", "last_fill_sz": "1e999999"}),
        (f"{venue}.order.{ticker}.1.NEW.n1", order | {"filled_sz": "sNaN"}),
        (f"{venue}.order.{ticker}.1.NEW.n2", order | {"amount": "Infinity"}),
        (f"{venue}.position.{ticker}.n1", position | {"amount": "NaN", "entry": "1"}),
        (f"{venue}.position.{ticker}.n2", position | {"amount": "1", "entry": "1e999999"}),
    )


def sound_order(exc: Exc, cloid: str) -> Fields:
    return {
        "type": "new_order", "exc": exc, "ticker": TICKERS[exc], "cloid": cloid, "amount": "1",
        "ord_type": "LIMIT", "strategy": "raw", "price": "100",
    }  # fmt: skip


def sound_hedge(hedge_id: str) -> Fields:
    maker = {"exc": "binance", "ticker": "SOLUSDT", "amount": "-1", "price": "200"}
    legs = [{"exc": "hyperliquid", "ticker": "SOL"}]
    return {
        "type": "hedge_order", "hedge_id": hedge_id, "strategy": "raw", "maker": maker,
        "legs": legs, "valid_for_ms": 200,
    }  # fmt: skip


def sound_cancel(exc: Exc, cloid: str) -> Fields:
    return {"type": "cancel_order", "exc": exc, "token": "t", "strategy": "raw", "cloid": cloid}


def payload(sound: Fields, changed: Fields | bytes, part: str | None = None) -> bytes:
    """Return a sound message with the change made (in its `part`, if it has those fields)."""
    if isinstance(changed, bytes):
        return changed
    inside = sound[part] if part and set(changed) <= set(sound[part]) else sound
    inside.update(changed)
    kept = {name: value for name, value in sound.items() if value is not ABSENT}
    return json.dumps(kept).encode()


@dataclass(slots=True)
class Aftermath:
    """What the log and the venues held after everything malformed had been published."""

    reports: list[OrderReport] = field(default_factory=list)
    hedges: list[HedgeRefused] = field(default_factory=list)
    intents: list[IntentRefused] = field(default_factory=list)
    good: dict[str, OrderView] = field(default_factory=dict)
    wire: dict[str, list[str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        try:
            fact = codec.decode_fact(entry.payload)
        except MalformedMessageError:
            return
        match fact:
            case OrderReport():
                self.reports.append(fact)
            case HedgeRefused():
                self.hedges.append(fact)
            case IntentRefused():
                self.intents.append(fact)
            case _:
                pass


def order_cloid(place: int, raw: Raw) -> ClientOrderId:
    return ClientOrderId(raw.cloid or f"0x{place:032x}")


def cancel_subject(place: int) -> str:
    return subjects.cancel_order(BINANCE, STRATEGY, ClientOrderId(f"0x{place:032x}"), Token("t"))


def hedge_id(place: int) -> HedgeId:
    return HedgeId(f"bad-{place}")


async def publish_everything(stack: LocalStack) -> Aftermath:
    """Publish everything malformed, then one good order a venue; return what came of it."""
    found = Aftermath()
    bus = await NatsBus.connect(NatsOptions(url=stack.nats.url, name="raw"), SystemClock())
    following = await bus.log.follow((subjects.ALL_FACTS,), 0, found.take)
    for subject, content in _everything():
        await bus.log.append(subject, content)
    async with OMS(stack.nats.url, strategy="good") as oms:
        for exc, ticker in TICKERS.items():
            handle = await oms.limit_order(exc, ticker, 1, price=100)
            found.good[exc] = await handle.acknowledged(timeout_s=PATIENCE_S)
            assert found.good[exc].order_status is OrderStatus.NEW, found.good[exc].text
            await (await oms.cancel_order(exc, cloid=handle.cloid)).done(timeout_s=PATIENCE_S)
    await _until(lambda: len(found.hedges) >= len(HEDGES))
    await following.close()
    await bus.close()
    found.wire = {exc: wire(stack, exc) for exc in TICKERS}
    return found


def _everything() -> list[tuple[str, bytes]]:
    messages = list(POISON)
    for exc in TICKERS:
        messages += [(name, json.dumps(fact).encode()) for name, fact in unsound_facts(exc)]
    for place, raw in enumerate(raw_orders()):
        cloid = order_cloid(place, raw)
        content = payload(sound_order(raw.exc, cloid), raw.changed)
        messages.append((subjects.new_order(raw.exc, STRATEGY, cloid), content))
    for place, (_, _, changed) in enumerate(CANCELS):
        sound = sound_cancel(BINANCE, f"0x{place:032x}")
        messages.append((cancel_subject(place), payload(sound, changed)))
    for place, (_, _, changed) in enumerate(HEDGES):
        content = payload(sound_hedge(hedge_id(place)), changed, "maker")
        messages.append((subjects.hedge_intent(STRATEGY, hedge_id(place)), content))
    return messages


async def _until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not claim():
            await SystemClock().sleep(0.02)


def wire(stack: LocalStack, exc: str) -> list[str]:
    """Return the client ids of every order request that the venue has received."""
    url = f"{stack.paper[f'paper-{exc}'].control_url}/control/requests"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return [str(request["client_order_id"]) for request in json.load(answer)]
