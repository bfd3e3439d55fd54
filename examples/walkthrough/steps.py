"""The six steps, each asserting what it shows."""

import json
from decimal import Decimal
from functools import partial

from examples.walkthrough import audit
from examples.walkthrough.checks import eventually, insist
from examples.walkthrough.desk import BINANCE, HYPERLIQUID, Desk
from examples.walkthrough.narrate import order_line
from tandem.client.handles import LinkHandle
from tandem.domain.ids import bucket_hash
from tandem.messages.deltas import BucketView, HedgeState

LIMIT_NOTIONAL = Decimal(50)
BELOW_MARKET = Decimal("0.9")
LEAST_PIECES = 3
MOST_CLOSES = 20


async def look_around(desk: Desk) -> None:
    """Step 1: trading rules, and positions and orders of both venues, mirrored and asked."""
    desk.say.step(1, "Trading rules, positions and orders of both venues")
    for exc, ticker in ((HYPERLIQUID, "BTC"), (BINANCE, desk.scenario.maker_ticker)):
        specs = desk.oms.contract_specs(exc, ticker)
        desk.say.event(exc, f"{ticker} " + " ".join(f"{k}={v}" for k, v in specs.items()))
        named = {"base_asset", "quote_asset", "min_notional", "price_precision"}
        insist(named | {"quantity_precision"} <= specs.keys(), f"{exc} {ticker}: all five rules")
    await desk.mirror()
    desk.held = {place: desk.oms.get_position(*place) for place in desk.places}
    for exc in (BINANCE, HYPERLIQUID):
        asked = await desk.oms.positions_get(exc)
        mirrored = desk.oms.positions_peek(exc).as_dict()
        desk.say.event(exc, f"positions: venue {asked or 'flat'}, mirror {mirrored or 'flat'}")
        insist(asked.keys() == mirrored.keys(), f"{exc}: the mirror has the venue's positions")
        orders = await desk.oms.orders_get(exc)
        insist(len(orders) == len(desk.oms.orders_peek(exc)), f"{exc}: same open orders")
    desk.say.check("mirrors and venues agree")


async def limit_order(desk: Desk) -> None:
    """Step 2: a limit order, PENDING, NEW, and CANCELLED by its client id."""
    desk.say.step(2, "A limit order on Hyperliquid, cancelled by cloid")
    oms, ticker = desk.oms, desk.scenario.hedge_ticker
    await eventually(lambda: _has_price(desk), "a price from Hyperliquid")
    mid = oms.lagged_price(HYPERLIQUID, ticker).mid
    price = oms.rounded_price(HYPERLIQUID, ticker, mid * BELOW_MARKET)
    amount = oms.rounded_lots(HYPERLIQUID, ticker, LIMIT_NOTIONAL / price)
    order = await oms.limit_order(HYPERLIQUID, ticker, amount, price=price)
    row = await order.acknowledged()
    insist(row.venue_order_id is not None, "an acknowledged order has the venue's id")
    await (await oms.cancel_order(HYPERLIQUID, cloid=order.cloid)).done(timeout_s=10)
    words = ["PENDING", "NEW", "CANCELLED"]
    await eventually(lambda: desk.statuses(order.cloid) == words, f"{words} in turn")
    first = desk.changes[order.cloid][0]
    insist(first["oid"] is None, "a pending order has no oid yet")
    page = oms.orders_peek(HYPERLIQUID)
    insist(order.cloid not in page.as_dict(), "the page is without the cancelled order")
    desk.say.check("PENDING (oid None), NEW (oid set), CANCELLED; the page is without it")


def _has_price(desk: Desk) -> bool:
    return (HYPERLIQUID, desk.scenario.hedge_ticker) in desk.oms.tables.marks


async def market_order(desk: Desk) -> None:
    """Step 3: a market order that eats more than one level; a position change for each fill."""
    desk.say.step(3, "A market order on Hyperliquid, filled in blocks")
    oms, scenario = desk.oms, desk.scenario
    fills = await oms.account_fills_mirror(HYPERLIQUID)
    order = await oms.market_order(HYPERLIQUID, scenario.hedge_ticker, scenario.market_amount)
    row = await order.done(timeout_s=10)
    insist(row.order_status.value == "FILLED", f"the market order filled ({order_line_of(desk)})")

    def of_order() -> list[Decimal]:
        return [fill.last_qty for fill in fills if fill.client_order_id == order.cloid]

    whole = abs(scenario.market_amount)
    await eventually(lambda: sum(of_order(), Decimal(0)) == whole, "every block of the fill")
    blocks = len(of_order())
    insist(blocks > 1, f"filled in two or more blocks (was {blocks})")
    moved = desk.position_changes.setdefault(HYPERLIQUID, [])
    await eventually(lambda: len(moved) == blocks, f"{blocks} position changes, one a fill")
    words = desk.statuses(order.cloid)
    insist([words[0], words[1], words[-1]] == ["PENDING", "NEW", "FILLED"], f"{words} in turn")
    desk.say.check(f"PENDING, NEW, FILLED in {blocks} blocks; one position change a fill")


def order_line_of(desk: Desk) -> str:
    last = next(reversed(desk.changes.values()), [])
    return order_line(last[-1]) if last else "no change seen"


async def hedge_order(desk: Desk) -> LinkHandle:
    """Step 4: a maker five levels deep on Binance, each of its fills hedged on Hyperliquid."""
    scenario = desk.scenario
    title = f"A hedge order: {scenario.maker_ticker} quoted on Binance at {scenario.level}"
    desk.say.step(4, f"{title}, {scenario.hedge_ticker} taken on Hyperliquid")
    for books in desk.books.values():
        await books.pause()
        await books.seek(scenario.position_ms)
    past = await desk.books[HYPERLIQUID].trades()
    desk.before = frozenset(trade.exec_id for trade in past)
    known = _find_bucket(desk)
    desk.owed_before = known.owed if known is not None else Decimal(0)
    link = await desk.oms.hedge_order(
        maker_order={
            "exc": BINANCE,
            "ticker": scenario.maker_ticker,
            "amount": scenario.maker_amount,
            "price_match": scenario.level,
        },
        hedge_order={"exc": HYPERLIQUID, "ticker": scenario.hedge_ticker},
    )
    await eventually(lambda: _maker_rests(desk, link), "the maker rests in the book")
    desk.say.event("tapes", f"run on from {scenario.position_ms} ms at speed {scenario.speed:g}")
    for books in desk.books.values():
        await books.resume(scenario.speed)
    row = await link.done(timeout_s=scenario.fill_timeout_s)
    insist(row.state is HedgeState.DONE, f"the hedge is done ({row.state.value}: {row.text})")
    insist(abs(row.maker_filled) == abs(scenario.maker_amount), "the maker filled whole")
    for leg in row.legs:
        desk.say.event("hedge", f"{leg.ticker}: covered {leg.covered} at {leg.avg_px}")
    desk.say.check(f"maker filled {row.maker_filled} at {row.maker_avg_px}, hedged as it filled")
    return link


def _maker_rests(desk: Desk, link: LinkHandle) -> bool:
    if link.link is None:
        return False
    insist(link.link.state is not HedgeState.REFUSED, f"the hedge was refused: {link.link.text}")
    row = desk.oms.orders_peek(BINANCE).known(link.link.maker_cloid)
    return row is not None and row.venue_order_id is not None


async def balance_the_books(desk: Desk, link: LinkHandle) -> dict[str, object]:
    """Step 5: our pages against the exchanges' own books, and the hedge's arithmetic."""
    desk.say.step(5, "The audit: our pages against both exchanges' own books")
    differences: list[str] = []

    async def agree() -> bool:
        differences[:] = await _differences(desk)
        return not differences

    try:
        await eventually(agree, "our pages equal the exchanges' books", timeout_s=10)
    finally:
        for text in differences:
            desk.say.failure(text)
    summary = await _summary(desk, link)
    _insist_something_happened(desk, link, summary)
    desk.say.check("every open order and position agrees with the exchanges' books")
    return summary


async def leave_as_it_was(desk: Desk) -> None:
    """Step 6: close what the steps before have opened; a user finds no position tomorrow."""
    desk.say.step(6, "Closing what is left, by reduce-only market orders")
    for (exc, ticker), held in desk.held.items():
        await _close(desk, (exc, ticker), held)

    async def agree() -> bool:
        return not await _differences(desk)

    await eventually(agree, "our pages equal the exchanges' books", timeout_s=10)
    desk.say.check("both venues hold what they held before")


async def _close(desk: Desk, place: tuple[str, str], held: Decimal) -> None:
    """Bring a position back to what it was; a market order may find too little in the book."""
    for _ in range(MOST_CLOSES):
        now = desk.oms.get_position(*place)
        if now == held:
            return
        order = await desk.oms.market_order(*place, held - now, reduce_only=True)
        row = await order.done(timeout_s=10)
        filled = row.cum_qty.copy_sign(row.amount)
        await eventually(
            partial(_holds, desk, place, now + filled), f"{place} moves by {filled} to {held}"
        )
    insist(desk.oms.get_position(*place) == held, f"{place} is closed in {MOST_CLOSES} orders")


def _holds(desk: Desk, place: tuple[str, str], amount: Decimal) -> bool:
    return desk.oms.get_position(*place) == amount


async def _differences(desk: Desk) -> list[str]:
    found = []
    for exc, venue in desk.books.items():
        books = await venue.books()
        found += audit.orders_agree(tuple(desk.oms.orders_peek(exc)), books)
        found += audit.positions_agree(tuple(desk.oms.positions_peek(exc)), books)
    return found


async def _summary(desk: Desk, link: LinkHandle) -> dict[str, object]:
    row, bucket = link.link, _bucket(desk)
    insist(row is not None, "the hedge's row")
    maker_cloid = row.maker_cloid if row is not None else ""
    makers, takers = [await desk.books[exc].trades() for exc in (BINANCE, HYPERLIQUID)]
    name = bucket_hash(bucket.exc, bucket.ticker, bucket.pool)
    trades = audit.trades_of(maker_cloid, name, makers, takers, desk.before)
    owed = desk.owed_before + trades.owed
    latencies = audit.latencies_us(trades, await desk.books[HYPERLIQUID].requests())
    return {
        "maker_filled": _text(trades.maker_filled),
        "maker_fills": len(trades.maker),
        "taker_filled": _text(trades.taker_filled),
        "takers": len(trades.taker_cloids),
        "remainders_held": bucket.remainders_held,
        "remainders_flushed": bucket.remainders_flushed,
        "owed": _text(owed),
        "conserved": owed == bucket.owed and bucket.in_flight == 0,
        "books_agree": True,
        "fill_to_taker_us": audit.percentiles(latencies),
    }


def _bucket(desk: Desk) -> BucketView:
    found = _find_bucket(desk)
    insist(found is not None, "the hedger published the bucket")
    if found is None:
        raise AssertionError
    return found


def _find_bucket(desk: Desk) -> BucketView | None:
    return desk.oms.hedges.bucket(HYPERLIQUID, desk.scenario.hedge_ticker, desk.oms.strategy)


def _text(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _insist_something_happened(desk: Desk, link: LinkHandle, summary: dict[str, object]) -> None:
    insist(summary["conserved"] is True, f"conserved: {json.dumps(summary)}")
    for name in ("maker_fills", "takers"):
        insist(int(str(summary[name])) >= LEAST_PIECES, f"{name} >= {LEAST_PIECES}: {summary}")
    for name in ("remainders_held", "remainders_flushed"):
        insist(int(str(summary[name])) >= 1, f"{name} >= 1: {summary}")
    filled = Decimal(str(summary["maker_filled"]))
    insist(filled == desk.scenario.maker_amount, f"the maker filled whole: {summary}")
    insist(_is_dust(desk, Decimal(str(summary["owed"])), link), f"only dust is owed: {summary}")


def _is_dust(desk: Desk, owed: Decimal, link: LinkHandle) -> bool:
    specs = desk.oms.tables.instrument(HYPERLIQUID, desk.scenario.hedge_ticker)
    price = (link.link.maker_avg_px if link.link else None) or Decimal(0)
    return abs(owed) < specs.lot or abs(owed) * price < specs.min_notional
