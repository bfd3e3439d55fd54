"""How fast the log takes facts, how fast the folds read them back, and what memory they keep."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.domain.errors import UnavailableError
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, OrderType, Side
from tandem.messages import facts
from tandem.messages.codec import Fact
from tandem.messages.intents import NewOrder
from tandem.messages.reports import FillCost, FillReport, OrderReport
from tandem.runtime.clock import SystemClock

FOLDS = ("order-state", "position-state", "hedger")
BINANCE = Exc("binance")
FACTS_PER_ORDER = 5
WINDOW = 2_000
KIB_PER_MIB = 1_024
TS_NS = 1_790_000_000_000_000_000
REPLAY_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages a second, and resident memory in MiB by process.

    A fold that has not read the whole log in REPLAY_TIMEOUT_S has the rate None.
    """

    append_per_s: int
    replay_per_s: dict[str, int | None]
    rss_mib: dict[str, int]


def measure(messages: int) -> Rates:
    """Log `messages` facts of short-lived orders, then start each fold on them from nothing."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        plan = StackPlan(checkout(), Path(name), ready_timeout_s=REPLAY_TIMEOUT_S)
        stack = LocalStack(plan)
        try:
            stack.start_servers()
            appended_s = asyncio.run(_append(stack.nats.url, messages))
            replay, rss = _replay(stack, messages)
            rss["nats-server"] = _rss_mib(stack.nats.pid)
        finally:
            stack.stop()
    return Rates(int(messages / appended_s), replay, rss)


async def _append(url: str, messages: int) -> float:
    """Append all facts to an empty log, and return the seconds until the last was confirmed."""
    bus = await NatsBus.connect(NatsOptions(url=url, name="bench"), SystemClock())
    await topology.apply(bus, topology.Limits(retention_s=172_800, replicas=1))
    began = time.perf_counter()
    await append(bus, messages, BINANCE)
    seconds = time.perf_counter() - began
    await bus.close()
    return seconds


async def append(bus: NatsBus, messages: int, exc: Exc) -> None:
    """Append facts pipelined, until the last is confirmed."""
    waiting = []
    for fact in order_facts(messages // FACTS_PER_ORDER, exc):
        waiting.append(bus.log.append_soon(*facts.written(fact)))
        if len(waiting) == WINDOW:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


def order_facts(orders: int, exc: Exc) -> Iterator[Fact]:
    """Yield what is logged of an order that is placed, accepted, filled once and paid for."""
    ticker = Ticker("SOLUSDT")
    for index in range(orders):
        cloid, oid = ClientOrderId(f"0x{index:032x}"), VenueOrderId(str(10**18 + index))
        exec_id, ts_ns = ExecId(str(index)), TS_NS + index * 1_000_000
        amount = Decimal(1 if index % 2 else -1)
        order = NewOrder(
            exc=exc,
            ticker=ticker,
            client_order_id=cloid,
            amount=amount,
            order_type=OrderType.LIMIT,
            price=Decimal(150),
            strategy=Strategy("bench"),
        )
        yield order
        fill = FillReport(
            exc=exc,
            ticker=ticker,
            exec_id=exec_id,
            venue_order_id=oid,
            client_order_id=cloid,
            side=Side.BUY if amount > 0 else Side.SELL,
            last_qty=abs(amount),
            last_px=Decimal(150),
            source=ReportSource.EVENT,
            ts_event_ns=ts_ns,
        )
        for status, cum in ((OrderStatus.NEW, 0), (OrderStatus.FILLED, 1)):
            report = OrderReport(
                exc=exc,
                ticker=ticker,
                order_status=status,
                source=ReportSource.EVENT,
                ts_event_ns=ts_ns + cum,
                venue_order_id=oid,
                client_order_id=cloid,
                amount=amount,
                price=Decimal(150),
                cum_qty=Decimal(cum),
            )
            yield report
        yield fill
        cost = FillCost(
            exc=exc,
            ticker=ticker,
            exec_id=exec_id,
            fee=Decimal("0.03"),
            fee_asset="USDT",
            ts_event_ns=ts_ns,
        )
        yield cost


def _replay(stack: LocalStack, messages: int) -> tuple[dict[str, int | None], dict[str, int]]:
    """Start one fold after the other; ready means that it has read the whole log."""
    rates: dict[str, int | None] = {}
    rss: dict[str, int] = {}
    for name in FOLDS:
        began = time.perf_counter()
        try:
            stack.start_services((name,))
            rates[name] = int(messages / (time.perf_counter() - began))
        except UnavailableError:
            rates[name] = None
        rss[name] = _rss_mib(stack.children[name].pid)
        stack.children[name].kill()
    return rates, rss


def _rss_mib(pid: int | None) -> int:
    return rss_kib(pid) // KIB_PER_MIB


def rss_kib(pid: int | None) -> int:
    """Return a process's resident memory, or 0 where the system does not tell (/proc)."""
    path = Path(f"/proc/{pid}/status")
    if pid is None or not path.exists():
        return 0
    fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0])
