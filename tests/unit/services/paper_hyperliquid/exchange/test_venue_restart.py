"""What the venue still knows after its process has ended, whatever ended it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.paper_exchange.engine.orders import AccountId, Side
from services.paper_exchange.engine.state_journal import Entry, NumbersEntry
from services.paper_exchange.shell.journal_files import JournalFiles
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import (
    CLOID,
    NO_LIMITS,
    STRANGER_KEY,
    Floor,
    address_of,
    limit,
    trigger,
)

NOOP = {"type": "noop"}
ACCOUNT = AccountId(MASTER)


class Lifetimes:
    """A venue on one directory; each call is another process, and knows what the disk knows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: JournalFiles | None = None
        self._now_ns = 0

    def begin(self, settings: Settings = NO_LIMITS) -> Floor:
        floor = Floor(settings)
        floor.now_ns = max(floor.now_ns, self._now_ns)
        self.end()
        self._files = JournalFiles(self._directory, "hyperliquid", floor.venue.journal)
        self._files.open("books")
        floor.venue.engine.restored()
        return floor

    def again(self, floor: Floor) -> Floor:
        """Begin where this one was killed."""
        self._now_ns = floor.now_ns
        return self.begin(floor.venue.settings)

    def end(self) -> None:
        if self._files is not None:
            self._files.close()


@pytest.fixture
def lifetimes(tmp_path: Path) -> Iterator[Lifetimes]:
    running = Lifetimes(tmp_path)
    yield running
    running.end()


def standing(floor: Floor) -> list[Entry]:
    return [e for e in floor.venue.journal.standing() if not isinstance(e, NumbersEntry)]


def busy(floor: Floor) -> dict[str, int]:
    """Trade in every way that leaves something behind."""
    floor.take("buy", "5")
    resting = floor.rest("sell", "150.5", "4", c=CLOID)
    floor.trade(Side.BUY, "150.5", "1000")
    part = floor.rest("buy", "149.5", "2")
    cancelled = floor.rest("buy", "149", "1")
    floor.cancel(cancelled)
    waiting = int(floor.order(trigger("sell", "sl", "140", "1"))[0]["resting"]["oid"])
    fired = int(floor.order(trigger("sell", "sl", "145", "1"))[0]["resting"]["oid"])
    floor.mark("144")
    floor.mark("150")
    return {
        "resting": resting,
        "part": part,
        "cancelled": cancelled,
        "waiting": waiting,
        "fired": fired,
    }


def test_what_is_told_again_is_what_was(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    oids = busy(floor)
    again = lifetimes.again(floor)
    assert standing(again) == standing(floor)
    assert again.venue.desk.records.all() == floor.venue.desk.records.all()
    assert again.venue.desk.records.history(ACCOUNT) == floor.venue.desk.records.history(ACCOUNT)
    assert again.venue.desk.fills_of(ACCOUNT) == floor.venue.desk.fills_of(ACCOUNT)
    for question in ("openOrders", "frontendOpenOrders", "userFills", "userRateLimit"):
        assert again.ask_mine(question) == floor.ask_mine(question), question
    assert {name: again.status_of(oid) for name, oid in oids.items()} == {
        "resting": "filled",
        "part": "open",
        "cancelled": "canceled",
        "waiting": "open",
        "fired": "filled",
    }


def test_a_second_restart_changes_nothing_more(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    busy(floor)
    again = lifetimes.again(lifetimes.again(floor))
    assert standing(again) == standing(floor)
    assert again.venue.desk.fills_of(ACCOUNT) == floor.venue.desk.fills_of(ACCOUNT)


def test_resting_and_waiting_orders_are_still_carried_out(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    oids = busy(floor)
    again = lifetimes.again(floor)
    again.trade(Side.SELL, "149.5", "1000")
    again.mark("139")
    assert [again.status_of(oids[name]) for name in ("part", "waiting")] == ["filled", "filled"]


def test_families_of_waiting_orders_still_fall_together(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    floor.mark("150")
    family = [limit("buy", "149", "5"), trigger("sell", "tp", "160", "5"),
              trigger("sell", "sl", "140", "5")]  # fmt: skip
    floor.group("normalTpsl", *family)
    again = lifetimes.again(floor)
    again.trade(Side.SELL, "148", "1000")
    again.mark("161")
    again.show_book()
    statuses = [row["status"] for row in again.ask_mine("historicalOrders")]
    assert {"filled", "siblingFilledCanceled"} <= set(statuses)
    assert again.position() == "0.0"


def test_no_oid_and_no_trade_id_is_given_twice(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    oids = set(busy(floor).values())
    tids = {row["tid"] for row in floor.ask_mine("userFills")}
    again = lifetimes.again(floor)
    again.show_book()
    assert not oids & set(busy(again).values())
    rows = again.ask_mine("userFills")
    assert len({row["tid"] for row in rows}) == 2 * len(tids) == len(rows)


def test_a_used_nonce_stays_used(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    floor.post(NOOP, nonce=floor.now_ms + 7)
    nonce = floor.now_ms + 6
    again = lifetimes.again(floor)
    answer = again.post(NOOP, nonce=nonce)
    assert answer["response"] == f"Invalid nonce: duplicate nonce {nonce}"


def test_a_refused_request_has_used_its_nonce_as_well(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    floor.post(NOOP, nonce=floor.now_ms + 1, expiresAfter=1)
    nonce = floor.now_ms
    again = lifetimes.again(floor)
    assert "duplicate" in again.post(NOOP, nonce=nonce)["response"]


def scheduled(floor: Floor) -> Any:
    return floor.post({"type": "scheduleCancel", "time": floor.now_ms + 6_000})


def test_a_scheduled_cancel_still_fires(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    oid = floor.rest("buy", "149", "1")
    scheduled(floor)
    again = lifetimes.again(floor)
    again.pass_ms(7_000)
    again.venue.tick(again.now_ns)
    assert again.status_of(oid) == "scheduledCancel"


def test_an_agent_that_was_approved_still_signs(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    floor.venue.signers.approve(ACCOUNT, address_of(STRANGER_KEY), "second", floor.now_ms)
    floor.venue.journal.commit()
    again = lifetimes.again(floor)
    assert again.post(NOOP, key=STRANGER_KEY)["status"] == "ok"


def test_leverage_and_builders_stay_as_they_were_set(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    floor.post({"type": "updateLeverage", "asset": 5, "isCross": True, "leverage": 3})
    again = lifetimes.again(floor)
    assert again.venue.engine.settings(ACCOUNT, "SOL").leverage == 3


def test_money_that_was_sent_stays_sent_and_told(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    other = floor.venue.open_account("0x" + "ab" * 20, Decimal(0))
    parties = (ACCOUNT, other)
    floor.venue.engine.deposit(other, Decimal("2.5"), floor.now_ns)
    floor.venue.actions.transfers.add(Decimal("2.5"), parties, 7)
    floor.venue.journal.commit()
    again = lifetimes.again(lifetimes.again(floor))
    assert again.venue.engine.account(other).wallet_balance == Decimal("2.5")
    for party in parties:
        rows = again.venue.actions.transfers.of(party)
        assert rows == floor.venue.actions.transfers.of(party) != ()


def test_history_that_was_cleared_stays_cleared(lifetimes: Lifetimes) -> None:
    floor = lifetimes.begin()
    oids = busy(floor)
    floor.venue.desk.clear_ended()
    floor.venue.journal.commit()
    again = lifetimes.again(floor)
    assert again.ask_mine("userFills") == []
    assert again.status_of(oids["cancelled"]) == "unknownOid"
    assert again.status_of(oids["part"]) == "open"
