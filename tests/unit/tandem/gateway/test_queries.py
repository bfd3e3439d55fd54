"""How long a question waits for its answer, by what waits for it."""

import pytest

from tandem.gateway.queries import PROOF_TIMEOUT_S, QUERY_TIMEOUT_S, timeout_s
from tandem.gateway.requests import InstrumentsQuery, OpenOrdersQuery, TimeQuery
from tandem.transport.priority import Priority


def test_e6_what_proves_an_outcome_is_asked_again_soon_after_its_answer_was_lost() -> None:
    assert timeout_s(OpenOrdersQuery(), Priority.PROOF) == PROOF_TIMEOUT_S < QUERY_TIMEOUT_S


@pytest.mark.parametrize("priority", [Priority.BACKFILL, Priority.UPKEEP, Priority.QUESTION])
def test_what_nobody_is_owed_may_take_its_time(priority: Priority) -> None:
    assert timeout_s(OpenOrdersQuery(), priority) == QUERY_TIMEOUT_S


def test_a_large_table_takes_longer_and_the_time_is_worthless_when_it_is_late() -> None:
    assert timeout_s(InstrumentsQuery(), Priority.UPKEEP) > QUERY_TIMEOUT_S
    assert timeout_s(TimeQuery(), Priority.PROOF) < PROOF_TIMEOUT_S
