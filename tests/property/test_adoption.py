"""Whatever decisions a cut has lost, and in whatever order facts come back: the same ledger."""

from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.hedger.book import ledger
from tandem.domain.order import OrderStatus
from tandem.messages.codec import Fact
from tandem.messages.hedges import Alarm, Decision, Rules
from tandem.messages.reports import SpecsReport
from tests.unit.services.hedger.desk import Desk, two_venues

LOT = Decimal("0.01")
Story = list[tuple[str, Fact]]


@dataclass
class Plan:
    """How much the maker fills each time, and how much of each taker fills in how many pieces."""

    fills: list[int] = field(default_factory=list)
    takers: list[tuple[int, int]] = field(default_factory=list)


plans = st.builds(
    Plan,
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 3)), min_size=8, max_size=8),
)


def tell(plan: Plan) -> tuple[Desk, Story]:
    """Live through a hedge with nothing lost; return the desk and all that its log holds."""
    desk = two_venues()
    hedge_id = desk.hedge("h1", "-2")
    shares = iter(plan.takers)
    for fill in plan.fills:
        desk.maker_fill(hedge_id, str(fill * LOT))
        for decision in desk.decide():
            _trade(desk, decision, *next(shares, (100, 1)))
    return desk, [(event.subject, event.fact) for event in desk.log]  # type: ignore[misc]


def _trade(desk: Desk, decision: Decision, percent: int, pieces: int) -> None:
    """Fill a share of the taker piece by piece; the rest of it expires."""
    (taker,) = decision.takers
    whole = abs(taker.amount)
    filled = Decimal(0)
    for piece in range(1, pieces + 1):
        share = (whole * percent * piece / (100 * pieces)).quantize(LOT)
        if share > filled:
            desk.taker_fill(taker.client_order_id, share - filled)
            filled = share
    status = OrderStatus.FILLED if filled == whole else OrderStatus.EXPIRED
    desk.taker_report(taker.client_order_id, status, filled, amount=taker.amount)


def retell(story: Story) -> Desk:
    desk = Desk()
    for subject, fact in story:
        desk.read(fact, subject)
    return desk


def _is_needed_first(fact: Fact) -> bool:
    return isinstance(fact, SpecsReport | Rules)


def numbers(desk: Desk) -> tuple[Decimal, ...]:
    bucket = desk.bucket()
    return (bucket.target, bucket.done, *ledger.interval(bucket), ledger.certain_need(bucket))


@settings(max_examples=150, deadline=None)
@given(plans, st.data())
def test_lost_decisions_and_any_order_of_facts_end_in_the_same_ledger(
    plan: Plan, data: st.DataObject
) -> None:
    desk, story = tell(plan)
    decisions = [subject for subject, fact in story if isinstance(fact, Decision)]
    lost = data.draw(st.sets(st.sampled_from(decisions))) if decisions else set()
    first = [one for one in story if _is_needed_first(one[1])]
    rest = [one for one in story if one not in first and one[0] not in lost]

    back = retell([*first, *data.draw(st.permutations(rest))])

    assert numbers(back) == numbers(desk)
    assert not back.bucket().flying
    assert back.bucket().decisions == desk.bucket().decisions
    assert not back.state.strays


@settings(max_examples=100, deadline=None)
@given(plans, st.data())
def test_a_repeated_fact_of_an_adopted_taker_counts_once(plan: Plan, data: st.DataObject) -> None:
    desk, story = tell(plan)
    kept = [one for one in story if not isinstance(one[1], Decision)]
    repeated = data.draw(st.lists(st.sampled_from(kept), max_size=10))

    back = retell([*kept, *(one for one in repeated if not isinstance(one[1], Alarm))])

    assert numbers(back) == numbers(desk)
