from decimal import Decimal

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.exchange.transfers import TRANSFERS_KEPT, Transfers

ALICE, BOB = AccountId("0x" + "aa" * 20), AccountId("0x" + "bb" * 20)


def test_both_sides_see_a_transfer() -> None:
    transfers = Transfers()
    row = transfers.add(Decimal("12.5"), (ALICE, BOB), 7)

    assert transfers.of(ALICE) == transfers.of(BOB) == (row,)
    assert (row.time, row.delta.usdc) == (7, "12.5")
    assert transfers.of(AccountId("0x")) == ()


def test_money_sent_to_oneself_is_one_row() -> None:
    transfers = Transfers()
    transfers.add(Decimal(1), (ALICE, ALICE), 7)

    assert len(transfers.of(ALICE)) == 1


def test_old_rows_are_forgotten() -> None:
    transfers = Transfers()
    for nonce in range(TRANSFERS_KEPT + 2):
        transfers.add(Decimal(1), (ALICE, BOB), nonce)

    assert [transfers.of(ALICE)[index].time for index in (0, -1)] == [2, TRANSFERS_KEPT + 1]
