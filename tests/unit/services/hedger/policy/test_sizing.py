from decimal import Decimal

import pytest

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket, Taker
from services.hedger.policy import sizing
from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules
from services.hedger.policy.sizing import Hold, Market
from tandem.domain.ids import ClientOrderId, Pool
from tandem.domain.instrument import Instrument
from tandem.hedging import sizes
from tandem.hedging.evidence import Evidence
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, d, instrument

PX = Decimal(100)


def bucket(need: str, unit: str = "1") -> Bucket:
    return Bucket(exc=HYPERLIQUID, ticker=SOL, pool=Pool("p"), unit=d(unit), target=d(need))


def market(lot: str = "0.1", px: Decimal | None = PX, **more: object) -> Market:
    return Market(instrument(HYPERLIQUID, SOL, lot, **more), px)


@pytest.mark.parametrize(
    ("need", "unit", "lot", "quantity"),
    [
        ("1.29", "1", "0.1", "1.2"),
        ("-1.29", "1", "0.1", "-1.2"),
        ("0.3", "1", "0.3", "0.3"),
        ("2500", "1000", "1", "2"),
        ("-2500", "1000", "0.5", "-2.5"),
        ("1", "3", "0.1", "0.3"),
    ],
)
def test_i1_a_need_is_cut_towards_zero_to_the_lot(
    need: str, unit: str, lot: str, quantity: str
) -> None:
    assert sizes.cut_to_lot(d(need), d(unit), d(lot)) == d(quantity)


@pytest.mark.parametrize(
    ("need", "seen", "hold"),
    [
        ("0", market(), Hold.FLAT),
        ("1", Market(None, PX), Hold.NO_SPECS),
        ("0.09", market(), Hold.LOT),
        ("0.3", market(min_qty=d("0.5")), Hold.MIN_QTY),
        ("0.1", market(min_notional=d(10)), Hold.MIN_NOTIONAL),
        ("1", market(is_tradable=False), Hold.HALTED),
        ("0.1", market(min_notional=d(10), px=None), Hold.NO),
        ("0.2", market(min_notional=d(10)), Hold.NO),
        ("0.1", market("0.1", inverse=True, multiplier=d(100), min_notional=d(9)), Hold.NO),
    ],
)
def test_why_nothing_goes_out(need: str, seen: Market, hold: Hold) -> None:
    verdict = sizing.judge(bucket(need), seen, 0, DEFAULT_RULES)

    assert verdict.hold is hold
    assert bool(verdict.quantity) is (hold is Hold.NO)


def test_a_need_that_orders_in_flight_contest_waits() -> None:
    one = bucket("1")
    order = Evidence(quantity=d(1), immediate=True)
    ledger.enter(one, Taker(ClientOrderId("t"), d(1), 1, order))

    assert sizing.judge(one, market(), 0, DEFAULT_RULES).hold is Hold.IN_FLIGHT


def test_a_retry_waits_for_its_time() -> None:
    one = bucket("1")
    one.pace.not_before_ns = 10

    assert sizing.judge(one, market(), 9, DEFAULT_RULES).hold is Hold.WAITING
    assert sizing.judge(one, market(), 10, DEFAULT_RULES).quantity == 1


def test_dust_is_called_dust_even_while_it_waits() -> None:
    one = bucket("0.01")
    one.pace.not_before_ns = 10

    assert sizing.judge(one, market(), 9, DEFAULT_RULES).hold.is_dust


@pytest.mark.parametrize(
    ("need", "px", "tries", "hold"),
    [
        ("1", PX, 0, Hold.COALESCING),
        ("1", None, 0, Hold.COALESCING),
        ("100", PX, 0, Hold.NO),  # 10,000 naked: the soft cap
        ("1", PX, 1, Hold.NO),  # a retry does not collect
    ],
)
def test_small_fills_are_collected_below_the_soft_cap(
    need: str, px: Decimal | None, tries: int, hold: Hold
) -> None:
    one = bucket(need)
    one.flush_ns, one.pace.tries = 10, tries

    assert sizing.judge(one, market(px=px), 9, DEFAULT_RULES).hold is hold
    assert sizing.judge(one, market(px=px), 10, DEFAULT_RULES).hold is Hold.NO


@pytest.mark.parametrize(
    ("need", "ceiling", "quantity"),
    [("8", "4", "4"), ("-8", "4.05", "-4.0"), ("3", "4", "3"), ("8", "0.05", "8")],
)
def test_a_ceiling_bounds_unless_nothing_would_be_left(
    need: str, ceiling: str, quantity: str
) -> None:
    one = bucket(need)
    one.pace.ceiling = d(ceiling)

    assert sizing.judge(one, market(), 0, DEFAULT_RULES).quantity == d(quantity)


def test_a_naked_amount_is_worth_contracts_at_the_reference() -> None:
    assert sizing.naked_notional(bucket("-3"), market()) == 300
    assert sizing.naked_notional(bucket("3000", "1000"), market()) == 300
    assert sizing.naked_notional(bucket("3"), market(px=None)) is None
    assert sizing.naked_notional(bucket("3"), Market(None, PX)) is None


def split(
    quantity: str, one: Instrument, clip: str | None = None, px: Decimal | None = PX
) -> list[Decimal]:
    rules = HedgeRules(clip_notional=None if clip is None else d(clip))
    return list(sizing.split(d(quantity), one, px, rules))


@pytest.mark.parametrize(
    ("quantity", "most", "clip", "takers"),
    [
        ("1", None, None, ["1"]),
        ("1", "1", None, ["1"]),
        ("-2.5", "1", None, ["-0.9", "-0.8", "-0.8"]),
        ("1", None, "50", ["0.5", "0.5"]),
        ("1", "0.3", "50", ["0.3", "0.3", "0.2", "0.2"]),
    ],
)
def test_what_is_too_much_for_one_taker_becomes_several_of_one_size(
    quantity: str, most: str | None, clip: str | None, takers: list[str]
) -> None:
    one = instrument(HYPERLIQUID, SOL, "0.1", max_qty=None if most is None else d(most))

    assert split(quantity, one, clip) == [d(amount) for amount in takers]


def test_a_clip_is_never_so_small_that_its_parts_cannot_be_traded() -> None:
    one = instrument(HYPERLIQUID, SOL, "0.1", min_notional=d(30))

    takers = split("2", one, "1")

    assert all(amount * PX >= 30 for amount in takers)
    assert sum(takers) == 2


def test_without_a_price_no_clip_can_be_judged() -> None:
    assert split("2", instrument(HYPERLIQUID, SOL, "0.1"), "1", None) == [2]


def test_more_takers_than_one_decision_holds_go_with_the_next() -> None:
    one = instrument(HYPERLIQUID, SOL, "0.1", max_qty=d("0.1"))

    takers = split("-10", one)

    assert len(takers) == sizing.MAX_TAKERS
    assert set(takers) == {d("-0.1")}


def test_c10_what_holds_a_bucket_is_told_in_plain_digits() -> None:
    verdict = sizing.judge(bucket("0.00000001"), market("0.0000001"), 0, DEFAULT_RULES)

    assert verdict.text == "below the lot: 0.0000001"
