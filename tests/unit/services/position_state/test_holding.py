"""The amount held follows from what the venue stated and the fills since."""

import itertools
from decimal import Decimal as D

import msgspec
import pytest

from services.position_state import holding as holdings
from services.position_state.holding import Holding, Holdings
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.messages.reports import FillReport, PositionReport

EXC, SOL = Exc("venue"), Ticker("SOL")


def fill(exec_id: str, qty: str, ts: int, px: str = "100") -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId(exec_id),
        venue_order_id=VenueOrderId("1"),
        side=Side.SELL if qty.startswith("-") else Side.BUY,
        last_qty=abs(D(qty)),
        last_px=D(px),
        source=ReportSource.EVENT,
        ts_event_ns=ts,
    )


def stated(amount: str, ts: int, entry: str = "90", *, inclusive: bool = False) -> PositionReport:
    return PositionReport(
        exc=EXC,
        ticker=SOL,
        amount=D(amount),
        entry=D(entry),
        source=ReportSource.EVENT,
        ts_event_ns=ts,
        unrealized_pnl=D(7),
        inclusive=inclusive,
    )


@pytest.fixture
def held() -> Holding:
    return holdings.holding_of(Holdings(), EXC, SOL)


def at(held: Holding) -> tuple[D, D | None]:
    position = holdings.position(held)
    return position.amount, position.entry


def test_fills_add_up_once_each_in_venue_order(held: Holding) -> None:
    assert holdings.join_fill(held, fill("b", "1", 5, "110"))
    assert holdings.join_fill(held, fill("a", "1", 3, "100"))
    assert not holdings.join_fill(held, fill("b", "1", 5, "110"))
    assert at(held) == (D(2), D(105))


def test_entry_is_that_of_the_venues_order_not_of_arrival(held: Holding) -> None:
    for one in (fill("c", "-1", 9, "130"), fill("b", "1", 5, "110"), fill("a", "1", 3, "100")):
        holdings.join_fill(held, one)
    assert at(held) == (D(1), D(105))


def test_first_statement_is_where_counting_starts(held: Holding) -> None:
    assert not holdings.join_report(held, stated("5", 10))
    assert not holdings.join_fill(held, fill("old", "1", 9))
    assert holdings.join_fill(held, fill("new", "1", 11))
    assert at(held)[0] == 6


def test_fills_known_before_the_first_statement_are_in_it_by_arithmetic(held: Holding) -> None:
    holdings.join_fill(held, fill("a", "1", 10))
    holdings.join_fill(held, fill("b", "2", 10))
    assert not holdings.join_report(held, stated("1", 10))
    assert at(held)[0] == 3


def test_unexplained_first_statement_covers_all_up_to_it(held: Holding) -> None:
    holdings.join_fill(held, fill("a", "1", 10))
    holdings.join_fill(held, fill("b", "2", 12))
    holdings.join_report(held, stated("50", 10))
    assert at(held)[0] == 52


def test_statement_that_fits_changes_nothing(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    holdings.join_fill(held, fill("a", "1", 11))
    assert not holdings.join_report(held, stated("6", 12))
    assert not holdings.join_report(held, stated("9", 3))
    assert at(held)[0] == 6
    assert not held.doubts


def test_doubt_ends_when_the_missing_fill_comes(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    assert holdings.join_report(held, stated("7", 12))
    holdings.join_fill(held, fill("a", "1", 11))
    assert held.doubts
    holdings.join_fill(held, fill("b", "1", 11))
    assert not held.doubts
    assert holdings.adopt(held, 12) is None
    assert at(held)[0] == 7


def test_doubt_ends_when_a_later_statement_fits(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    holdings.join_report(held, stated("7", 12))
    assert not holdings.join_report(held, stated("5", 14))
    assert holdings.adopt(held, 12) is None
    assert at(held)[0] == 5


def test_older_statement_does_not_replace_a_newer_in_doubt(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    assert holdings.join_report(held, stated("7", 14))
    assert not holdings.join_report(held, stated("9", 12))
    assert not holdings.join_report(held, stated("5", 13))
    assert holdings.adopt(held, 14) == 2
    assert at(held) == (D(7), D(90))


def test_doubt_that_has_just_begun_is_not_adopted_by_the_timer_of_one_answered(
    held: Holding,
) -> None:
    holdings.join_report(held, stated("5", 10))
    assert holdings.join_report(held, stated("6", 11))
    holdings.join_fill(held, fill("a", "1", 11))
    assert holdings.join_report(held, stated("7", 12))
    assert holdings.adopt(held, 11) is None
    holdings.join_fill(held, fill("b", "1", 12))
    assert holdings.adopt(held, 12) is None
    assert at(held)[0] == 7


def test_doubt_is_adopted_although_others_follow_it(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    assert holdings.join_report(held, stated("8", 12))
    assert holdings.join_report(held, stated("9", 13))
    assert holdings.adopt(held, 12) == 3
    holdings.join_fill(held, fill("b", "1", 13))
    assert holdings.adopt(held, 13) is None
    assert at(held)[0] == 9


def test_adopted_number_stands_for_the_fills_up_to_it(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    holdings.join_fill(held, fill("a", "1", 11))
    holdings.join_fill(held, fill("b", "1", 15))
    holdings.join_report(held, stated("9", 12))
    assert holdings.adopt(held, 12) == 3
    assert at(held)[0] == 10
    assert holdings.adopt(held, 12) is None


def test_timer_of_a_later_doubt_is_not_this_ones(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    holdings.join_report(held, stated("7", 12))
    assert holdings.adopt(held, 13) is None


def test_doubt_that_fits_after_all_is_not_adopted(held: Holding) -> None:
    holdings.join_report(held, stated("5", 10))
    holdings.join_report(held, stated("7", 12))
    holdings.join_fill(held, fill("a", "2", 12))
    assert holdings.adopt(held, 12) is None
    assert at(held)[0] == 7


def test_anchor_moves_on_when_many_fills_lie_behind_it(
    held: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings, "MAX_FILLS_SINCE_ANCHOR", 2)
    holdings.join_report(held, stated("0", 10, entry="0"))
    for number in range(3):
        holdings.join_fill(held, fill(f"e{number}", "1", 11 + 2 * number, f"{100 + number}"))
    assert not holdings.join_report(held, stated("2", 13))
    assert len(held.fills) == 3
    assert not holdings.join_report(held, stated("2", 14))
    assert [one.exec_id for one in held.fills] == ["e2"]
    assert held.seen == {"e2"}
    assert at(held) == (D(3), D(101))


def test_number_that_may_or_may_not_cover_a_fill_is_no_reason_to_doubt(held: Holding) -> None:
    """Found by simulation seed 100: what fits some choice by chance was adopted or believed."""
    holdings.join_report(held, stated("0", 5))
    holdings.join_fill(held, fill("a", "1", 10))
    holdings.join_fill(held, fill("b", "1", 10))
    assert not holdings.join_report(held, stated("7", 10))
    assert not held.doubts
    assert at(held)[0] == 2


def test_doubt_of_which_fills_leave_a_choice_meanwhile_is_not_adopted(held: Holding) -> None:
    holdings.join_report(held, stated("0", 5))
    assert holdings.join_report(held, stated("7", 10))
    holdings.join_fill(held, fill("a", "1", 10))
    assert holdings.adopt(held, 10) is None
    assert at(held)[0] == 1


def test_number_that_covers_all_of_its_time_is_adopted_whole(held: Holding) -> None:
    holdings.join_report(held, stated("0", 5))
    holdings.join_fill(held, fill("a", "1", 10))
    assert holdings.join_report(held, stated("3", 10, inclusive=True))
    assert not holdings.join_report(held, stated("1", 10))
    assert holdings.adopt(held, 10) == 2
    assert not holdings.join_fill(held, fill("b", "2", 10))
    assert not holdings.join_fill(held, fill("c", "-1", 10))
    assert at(held)[0] == 3


def test_number_that_covers_all_of_its_time_is_where_counting_goes_on(held: Holding) -> None:
    """Else a number taken wrongly and a missed fill hide each other until the fill is found."""
    holdings.join_report(held, stated("0", 5))
    holdings.join_fill(held, fill("a", "1", 10))
    assert not holdings.join_report(held, stated("1", 10, inclusive=True))
    assert held.fills == []
    assert not holdings.join_fill(held, fill("missed", "1", 10))
    assert not holdings.join_report(held, stated("0", 10))
    assert at(held)[0] == 1


def test_adopting_one_number_may_explain_a_later_one_that_covers_all(held: Holding) -> None:
    holdings.join_report(held, stated("2", 10))
    holdings.join_fill(held, fill("a", "1", 11))
    assert holdings.join_report(held, stated("3", 10))
    assert holdings.join_report(held, stated("4", 11, inclusive=True))
    assert holdings.adopt(held, 10) == 1
    assert holdings.adopt(held, 11) is None
    assert not holdings.join_report(held, stated("4", 10))
    assert at(held)[0] == 4


def test_number_of_the_same_time_ends_no_doubt_about_the_one_that_covers_all(
    held: Holding,
) -> None:
    holdings.join_report(held, stated("0", 5))
    assert holdings.join_report(held, stated("2", 10, inclusive=True))
    assert not holdings.join_report(held, stated("0", 10))
    assert holdings.adopt(held, 10) == 2


def test_fill_that_explains_a_number_that_covers_all_ends_the_guesses_too(held: Holding) -> None:
    holdings.join_report(held, stated("0", 5))
    assert holdings.join_report(held, stated("2", 10, inclusive=True))
    assert holdings.join_report(held, stated("9", 12, inclusive=True))
    assert holdings.join_fill(held, fill("a", "2", 8))
    assert [one.ts_event_ns for one in held.doubts] == [12]
    assert not holdings.join_fill(held, fill("b", "1", 9))
    assert at(held)[0] == 2


def test_view_values_the_position(held: Holding) -> None:
    state = Holdings()
    assert holdings.view(state, held).timestamp == 0
    holdings.join_report(held, stated("2", 5_000_000, entry="100"))
    shown = holdings.view(state, held)
    assert (shown.amount, shown.value, shown.unrealized_pnl) == (D(2), D(200), D(7))
    assert (shown.timestamp, shown.is_listed) == (5, True)
    holdings.join_fill(held, fill("a", "1", 9_000_000))
    assert holdings.view(state, held).timestamp == 9


@pytest.mark.parametrize(
    ("fills", "entry"),
    [
        ((("1", "100"), ("1", "100.1"), ("1", "100.1")), "100.0666667"),
        ((("3", "64123.1"), ("4", "64123.4")), "64123.27143"),
        ((("3", "0.000012345"), ("4", "0.000012349")), "0.00001234728571"),
        ((("2", "140.50"),), "140.5"),
    ],
)
def test_f13_an_entry_has_as_many_digits_as_a_venue_shows(
    held: Holding, fills: tuple[tuple[str, str], ...], entry: str
) -> None:
    for number, (qty, px) in enumerate(fills):
        holdings.join_fill(held, fill(f"e{number}", qty, number, px))

    shown = holdings.view(Holdings(), held)

    assert str(shown.entry) == entry
    assert shown.value == shown.amount * shown.entry


def started(exec_id: str, qty: str, start: str, ts: int, px: str = "100") -> FillReport:
    return msgspec.structs.replace(fill(exec_id, qty, ts, px), start_position=D(start))


@pytest.mark.parametrize(
    ("told", "amount", "entry"),
    [
        ([started("a", "-10", "10", 1)], "0", "0"),  # what was held before is sold
        ([started("a", "-4", "10", 1)], "6", "0"),  # and its price is not known
        ([started("a", "4", "10", 1, "90")], "14", "0"),
        ([started("a", "-12", "10", 1, "90")], "-2", "90"),  # turned: known from here on
        ([started("a", "4", "0", 1, "90")], "4", "90"),
        ([started("a", "1", "0", 1), started("b", "1", "1", 2, "200")], "2", "150"),
        ([started("a", "1", "0", 1), started("b", "1", "5", 2, "200")], "6", "0"),  # one is missing
        ([started("b", "1", "0", 1), started("a", "1", "1", 1, "200")], "2", "150"),
        ([started("a", "1", "1", 1, "200"), started("b", "1", "0", 1)], "2", "150"),
        ([fill("a", "1", 1), fill("b", "2", 2)], "3", "100"),  # a venue that tells no start
    ],
)
def test_c6_what_no_list_states_starts_where_its_fills_say(
    told: list[FillReport], amount: str, entry: str
) -> None:
    for facts in itertools.permutations(told):
        held = holdings.holding_of(Holdings(), EXC, SOL)
        for fact in facts:
            assert holdings.join_fill(held, fact)
        shown = holdings.view(Holdings(), held)
        assert (shown.amount, shown.entry, shown.is_listed) == (D(amount), D(entry), False)


def test_c6_once_the_venue_states_a_position_its_number_counts(held: Holding) -> None:
    holdings.join_fill(held, started("a", "4", "10", 1))
    assert not holdings.join_report(held, stated("14", 5))

    assert at(held) == (D(14), D(90))
    assert holdings.view(Holdings(), held).is_listed


def test_a_flat_position_that_is_stated_keeps_its_last_entry(held: Holding) -> None:
    holdings.join_fill(held, fill("a", "2", 1, "110"))
    holdings.join_fill(held, fill("b", "-2", 2, "120"))
    holdings.join_report(held, stated("0", 5, "0"))
    assert at(held) == (D(0), D(110))
    holdings.join_fill(held, fill("c", "3", 6, "130"))
    assert holdings.join_report(held, stated("0", 7, "0"))
    assert holdings.adopt(held, 7) == -3
    assert at(held) == (D(0), D(130))


def adopted(held: Holding, amount: str, ts: int) -> None:
    assert holdings.join_report(held, stated(amount, ts))
    assert holdings.adopt(held, ts) is not None


def test_missed_fill_found_after_its_own_position_was_adopted_counts_once(held: Holding) -> None:
    holdings.join_report(held, stated("1", 5))
    adopted(held, "-1", 10)
    assert not holdings.join_fill(held, fill("late", "-2", 10))
    assert not holdings.join_fill(held, fill("late", "-2", 10))
    assert at(held)[0] == -1
    assert holdings.join_fill(held, fill("next", "-1", 11))
    assert at(held)[0] == -2


def test_missed_fills_before_and_at_an_adopted_position_count_in_any_order(held: Holding) -> None:
    holdings.join_report(held, stated("1", 5))
    adopted(held, "4", 10)
    for late in (fill("b", "2", 10), fill("a", "1", 9)):
        assert not holdings.join_fill(held, late)
    assert at(held)[0] == 4
    assert holdings.join_fill(held, fill("c", "1", 10))
    assert at(held)[0] == 5


def test_position_told_before_the_fill_that_made_it_is_not_counted_twice(held: Holding) -> None:
    assert not holdings.join_report(held, stated("-1", 10))
    assert not holdings.join_fill(held, fill("a", "-1", 10))
    assert at(held)[0] == -1


def test_fill_that_begins_at_the_stated_amount_follows_it(held: Holding) -> None:
    assert not holdings.join_report(held, stated("-1", 10))
    after = msgspec.structs.replace(fill("a", "-1", 10), start_position=D(-1))
    assert holdings.join_fill(held, after)
    assert at(held)[0] == -2


def test_fill_older_than_an_explained_position_leaves_no_room_for_another(held: Holding) -> None:
    holdings.join_report(held, stated("0", 5))
    holdings.join_fill(held, fill("a", "1", 10))
    holdings._move_anchor(held, holdings.Stated(10, D(1), D(100)), 1)
    assert not holdings.join_fill(held, fill("old", "1", 4))
    assert holdings.join_fill(held, fill("b", "1", 10))
    assert at(held)[0] == 2


@pytest.mark.parametrize("count", [1_000, 4_000])
def test_e7_fills_leave_once_the_venue_has_stated_what_they_come_to(
    held: Holding, count: int
) -> None:
    most = 0
    for number in range(1, count + 1):
        holdings.join_fill(held, fill(f"e{number}", "1", 2 * number))
        if number % 50 == 0:
            holdings.join_report(held, stated(str(number), 2 * number + 1, inclusive=True))
        most = max(most, len(held.fills), len(held.seen), len(held.steps), len(held.doubts))

    assert most <= 51
    assert at(held)[0] == count


@pytest.mark.parametrize("count", [6_000, 12_000])
def test_e7_fills_leave_where_each_number_is_of_the_time_of_a_fill(
    held: Holding, count: int
) -> None:
    """What Binance states in a market that never rests: no number is free of a guess."""
    most, step_ns = 0, holdings.CONFIRMED_NS // 2_000
    holdings.join_report(held, stated("0", 0))
    for number in range(1, count + 1):
        repeated = fill(f"e{number - 1}", "1", (number - 1) * step_ns, "100")
        assert holdings.join_fill(held, fill(f"e{number}", "1", number * step_ns, str(number)))
        assert not (number > 1 and holdings.join_fill(held, repeated))
        holdings.join_report(held, stated(str(number), number * step_ns))
        most = max(most, len(held.fills), len(held.seen), len(held.steps))

    assert most <= 2_000 + holdings.MAX_FILLS_SINCE_ANCHOR + 1
    assert at(held) == (D(count), D(count + 1) / 2)


def test_a_number_that_does_not_fit_puts_nothing_under_an_anchor(held: Holding) -> None:
    holdings.join_report(held, stated("0", 0))
    for number in range(1, 600):
        holdings.join_fill(held, fill(f"e{number}", "1", number))
    late_ns = holdings.CONFIRMED_NS + 1_000
    holdings.join_fill(held, fill("e600", "1", late_ns))
    holdings.join_report(held, stated("700", late_ns))
    assert len(held.fills) == 600
    holdings.join_report(held, stated("600", late_ns))
    assert [one.exec_id for one in held.fills] == ["e600"]
    assert at(held)[0] == 600


def test_what_is_in_doubt_is_not_put_under_an_anchor(held: Holding) -> None:
    holdings.join_report(held, stated("0", 0))
    for number in range(1, 600):
        holdings.join_fill(held, fill(f"e{number}", "1", number))
    late_ns = holdings.CONFIRMED_NS + 1_000
    assert holdings.join_report(held, stated("600", late_ns - 1))
    holdings.join_fill(held, fill("e600", "1", late_ns))
    holdings.join_report(held, stated("600", late_ns))
    assert len(held.fills) == 600
    assert holdings.join_fill(held, fill("missed", "1", 300))
    assert at(held)[0] == 601
