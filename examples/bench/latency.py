"""From the exchange writing a fill's frame to the exchange having parsed the taker that covers it.

Open loop: the tape's trades come at their times whether or not the system keeps up, and every
fill counts, also those that wait because several are covered by one taker.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import aiohttp

from examples.bench.tape import Pace, write_tape
from examples.walkthrough.audit import HedgeTrades, percentiles, trades_of
from examples.walkthrough.venue_books import Request, VenueBooks
from tandem import OMS
from tandem.cli.stack import SERVICES, LocalStack, StackPlan, checkout
from tandem.client.handles import LinkHandle
from tandem.client.oms import ClientOptions
from tandem.domain.units import NS_PER_US
from tandem.messages.deltas import HedgeState
from tandem.runtime.clock import SystemClock

TICKS_PER_S = 100
PRICE = "150.00"
QTY = Decimal("0.10")
WARM_UP_FILLS = 100
SETTLE_S = 1.5
FINISH_POLLS = 300
STATE_SERVICES = ("order-state", "position-state", "hedger")


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration of the log and the copies of the state services."""

    sync_always: bool
    copies: int

    @property
    def name(self) -> str:
        return f"sync={'always' if self.sync_always else 'default'},copies={self.copies}"


def measure(setting: Setting, fills: int, rate_hz: int) -> dict[str, object]:
    """Run one stack and return the latency of its fills in microseconds."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        directory = Path(name)
        write_tape(directory / "tape.jsonl", Pace(fills, rate_hz, PRICE, str(QTY)))
        with LocalStack(_plan(setting, directory)) as stack:
            return asyncio.run(_measure(stack, fills, rate_hz))


def _plan(setting: Setting, directory: Path) -> StackPlan:
    tape = ("--tape", str(directory / "tape.jsonl"), "--paused", "true", "--restarts", "false")
    return StackPlan(
        root=checkout(),
        directory=directory,
        paper={
            "paper-binance": (*tape, "--symbols", "SOLUSDT"),
            "paper-hyperliquid": ("--symbols", "SOL"),
        },
        copies=dict.fromkeys(STATE_SERVICES, setting.copies),
        environment=environment(),
        sync_always=setting.sync_always,
    )


def environment() -> dict[str, dict[str, str]]:
    """Return what lets 200 orders a second through: the venues' own limits are far below."""
    quiet = {"TANDEM_LOG_LEVEL": "warning"}
    unlimited = {
        "HYPERLIQUID_WEIGHT_PER_MINUTE": "1000000",
        "HYPERLIQUID_MESSAGES_PER_MINUTE": "1000000",
    }
    found = {name: dict(quiet) for name in SERVICES}
    found["gateway-binance"] |= {"TANDEM_TICKERS": "SOLUSDT"}
    found["gateway-hyperliquid"] |= {"TANDEM_TICKERS": "SOL"} | unlimited
    limits = {"ip_limits": False, "address_limits": False, "ws_messages_per_minute_max": 1_000_000}
    rules = {"PAPER_HYPERLIQUID_RULES": json.dumps(limits)}
    return found | {"paper-hyperliquid": rules}


async def _measure(stack: LocalStack, fills: int, rate_hz: int) -> dict[str, object]:
    async with aiohttp.ClientSession() as session:
        binance = VenueBooks(session, stack.paper["paper-binance"].control_url)
        hyperliquid = VenueBooks(session, stack.paper["paper-hyperliquid"].control_url)
        async with _client(stack) as oms:
            link = await _quote(oms, fills)
        used = cpu_seconds(stack.pids())
        await binance.resume(1.0)
        await SystemClock().sleep(fills / rate_hz + SETTLE_S)
        spent = cpu_seconds(stack.pids())
        async with _client(stack) as oms:
            maker = await _finish(oms, link.hedge_id)
        trades = trades_of(maker, await binance.trades(), await hyperliquid.trades())
        found = fill_latencies_us(trades, await hyperliquid.requests())
    return {
        **percentiles(found[WARM_UP_FILLS:]),
        "fills": len(trades.maker),
        "takers": len(trades.taker_cloids),
        "owed": str(trades.owed),
        "cpu_s": {name: round(spent[name] - used[name], 2) for name in spent},
    }


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the processor time each process has used, where the system tells (/proc)."""
    found = {}
    for name, pid in pids.items():
        path = Path(f"/proc/{pid}/stat")
        if path.exists():
            fields = path.read_text().rpartition(")")[2].split()
            found[name] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return found


async def _quote(oms: OMS, fills: int) -> LinkHandle:
    """Place the maker that the tape's trades fill, and wait until it rests."""
    link = await oms.hedge_order(
        {"exc": "binance", "ticker": "SOLUSDT", "amount": -QTY * fills, "price": PRICE},
        {"exc": "hyperliquid", "ticker": "SOL"},
    )
    clock = SystemClock()
    while True:
        row = link.link
        order = oms.orders_peek("binance").known(row.maker_cloid) if row is not None else None
        if order is not None and order.venue_order_id is not None:
            return link
        await clock.sleep(0.02)


def _client(stack: LocalStack) -> OMS:
    """Return a client; none runs while latencies are taken, it would compete for the processor."""
    return OMS(stack.nats.url, strategy="bench", options=ClientOptions(ready_timeout_s=30.0))


async def _finish(oms: OMS, hedge_id: str) -> str:
    """Wait until the hedge is done or time is up, and return its maker's client id."""
    clock = SystemClock()
    for _ in range(FINISH_POLLS):
        row = oms.hedges.get(hedge_id)
        if row is not None and row.state is HedgeState.DONE:
            break
        await clock.sleep(0.1)
    row = oms.hedges.get(hedge_id)
    return row.maker_cloid if row is not None else ""


def fill_latencies_us(trades: HedgeTrades, requests: Sequence[Request]) -> list[float]:
    """Return, for each maker fill in time order, how long until its last unit was on the wire."""
    parsed = {request.client_order_id: request.mono_parsed_ns for request in requests}
    sizes = {cloid: Decimal(0) for cloid in trades.taker_cloids}
    for trade in trades.takers:
        sizes[trade.client_order_id] += abs(trade.amount)
    order = sorted(sizes, key=lambda cloid: parsed[cloid])
    covered = list(zip(accumulate(sizes[cloid] for cloid in order), order, strict=True))
    found, taker = [], 0
    for reached, fill in zip(
        accumulate(abs(trade.amount) for trade in trades.maker), trades.maker, strict=True
    ):
        while taker < len(covered) and covered[taker][0] < reached:
            taker += 1
        if taker == len(covered):
            break
        if fill.mono_written_ns is not None:
            found.append((parsed[covered[taker][1]] - fill.mono_written_ns) / NS_PER_US)
    return found
