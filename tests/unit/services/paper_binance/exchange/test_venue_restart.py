"""What the venue still knows after its process has ended, whatever ended it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.auth.signature import HmacSecret
from services.paper_binance.exchange.entries import KeyEntry
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.engine.fees import BINANCE_FEES
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import NumbersEntry
from services.paper_exchange.shell.journal_files import JournalFiles
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    send,
    send_at,
    venue_with_books,
)


class Lifetimes:
    """A venue on one directory; each call is another process, and knows what the disk knows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: JournalFiles | None = None

    def begin(self) -> Venue:
        self.end()
        venue = venue_with_books()
        self._files = JournalFiles(self._directory, "paper-binance", venue.journal)
        self._files.open("books")
        venue.books = self._files.books
        venue.engine.restored()
        return venue

    def end(self) -> None:
        if self._files is not None:
            self._files.close()


@pytest.fixture
def lifetimes(tmp_path: Path) -> Iterator[Lifetimes]:
    running = Lifetimes(tmp_path)
    yield running
    running.end()


def test_account_orders_and_trades_are_there(lifetimes: Lifetimes) -> None:
    venue = lifetimes.begin()
    send(venue, "POST", "order", **LIMIT, newClientOrderId="rests")
    send(venue, "POST", "order", **MARKET)
    send(venue, "POST", "order", **LIMIT, newClientOrderId="gone")
    send(venue, "DELETE", "order", symbol="SOLUSDT", origClientOrderId="gone")
    again = lifetimes.begin()
    for path in ("allOrders", "openOrders", "userTrades"):
        asked = send(venue, "GET", path, symbol="SOLUSDT")
        assert send(again, "GET", path, symbol="SOLUSDT") == asked
        assert asked[1], path
    before, after = (v.engine.account(PAPER_ACCOUNT) for v in (venue, again))
    assert (after.wallet_balance, after.positions) == (before.wallet_balance, before.positions)
    standing = [[e for e in v.journal.standing() if not isinstance(e, NumbersEntry)]
                for v in (venue, again)]  # fmt: skip
    assert standing[0] == standing[1]


def test_a_resting_order_can_be_amended_and_cancelled(lifetimes: Lifetimes) -> None:
    send(lifetimes.begin(), "POST", "order", **LIMIT, newClientOrderId="rests")
    again = lifetimes.begin()
    amended = LIMIT | {"quantity": "2"}
    del amended["type"], amended["timeInForce"]
    status, _ = send(again, "PUT", "order", **amended, origClientOrderId="rests")
    assert status == 200
    status, answer = send(again, "DELETE", "order", symbol="SOLUSDT", origClientOrderId="rests")
    assert (status, answer["status"], answer["origQty"]) == (200, "CANCELED", "2.00")


def test_no_id_is_given_twice(lifetimes: Lifetimes) -> None:
    ids: list[int] = []
    clients: list[str] = []
    trades: list[int] = []
    for _ in range(3):
        venue = lifetimes.begin()
        _, order = send(venue, "POST", "order", **MARKET)
        ids.append(order["orderId"])
        clients.append(order["clientOrderId"])
        trades = [row["id"] for row in send(venue, "GET", "userTrades", symbol="SOLUSDT")[1]]
    assert ids == sorted(set(ids))
    assert len(set(clients)) == 3
    assert trades == sorted(set(trades))
    assert len(trades) == 3


def test_keys_and_modes_of_an_account_stay(lifetimes: Lifetimes) -> None:
    venue = lifetimes.begin()
    other = AccountId("other")
    venue.add_key(KeyEntry(api_key="key-of-other", account_id=other, secret="s"))
    send(venue, "POST", "positionSide/dual", dualSidePosition="true")
    send(venue, "POST", "multiAssetsMargin", multiAssetsMargin="true")
    again = lifetimes.begin()
    holder = again.keyring.holder("key-of-other")
    assert (holder.account_id, holder.credential) == (other, HmacSecret("s"))
    assert send(again, "GET", "positionSide/dual")[1] == {"dualSidePosition": True}
    assert send(again, "GET", "multiAssetsMargin")[1] == {"multiAssetsMargin": True}


def test_leverage_stays(lifetimes: Lifetimes) -> None:
    send(lifetimes.begin(), "POST", "leverage", symbol="SOLUSDT", leverage="7")
    assert lifetimes.begin().engine.settings(PAPER_ACCOUNT, "SOLUSDT").leverage == 7


def test_a_countdown_still_fires(lifetimes: Lifetimes) -> None:
    venue = lifetimes.begin()
    send(venue, "POST", "order", **LIMIT)
    send(venue, "POST", "countdownCancelAll", symbol="SOLUSDT", countdownTime="5000")
    again = lifetimes.begin()
    again.run_timers((NOW_MS + 5_000) * NS_PER_MS)
    assert again.engine.open_orders(PAPER_ACCOUNT) == []
    assert not lifetimes.begin().countdowns.is_armed


def test_a_listen_key_stays_valid_until_it_is_ended(lifetimes: Lifetimes) -> None:
    """A key that has ended never becomes valid again, also not in the next lifetime."""
    venue = lifetimes.begin()
    _, first = send(venue, "POST", "listenKey")
    again = lifetimes.begin()
    assert again.listen_keys.current(PAPER_ACCOUNT) == first["listenKey"]
    send(again, "DELETE", "listenKey")
    last = lifetimes.begin()
    assert last.listen_keys.current(PAPER_ACCOUNT) is None
    assert send(last, "POST", "listenKey")[1] != first


def test_the_account_s_code_is_that_of_its_books(lifetimes: Lifetimes, tmp_path: Path) -> None:
    aliases = [alias(lifetimes.begin()) for _ in range(2)]
    others = Lifetimes(tmp_path / "others")
    venue = others.begin()
    venue.books = "others"
    assert aliases[0] == aliases[1] != alias(venue)
    others.end()


def alias(venue: Venue) -> str:
    _, rows = send_at(venue, NOW_MS, "GET", "../v3/balance")
    return str(rows[0]["accountAlias"])


def test_c9_other_assets_and_their_mode_are_there(lifetimes: Lifetimes) -> None:
    venue = lifetimes.begin()
    venue.engine.open_account(PAPER_ACCOUNT, Decimal(-1), BINANCE_FEES, {"BFUSD": Decimal(5)})
    send(venue, "POST", "multiAssetsMargin", multiAssetsMargin="true")

    _, account = send(lifetimes.begin(), "GET", "../v3/account")

    assert account["totalMarginBalance"] == "4.00000000"
