"""Every input that once broke a codec, and a few thousand new ones under a fixed seed."""

import json
from random import Random

import pytest

from tests.fuzz.cases import SEEDS, STREAMS, Case, read_case
from tests.fuzz.mutation import case_of
from tests.fuzz.search import batch, corpus, fault_of


@pytest.mark.parametrize(("name", "case"), list(corpus()))
def test_e4_what_once_failed_passes(name: str, case: Case) -> None:
    assert fault_of(case) is None, name


@pytest.mark.parametrize("number", range(6))
def test_e4_no_frame_and_no_answer_does_more_than_be_refused(number: int) -> None:
    failure, fed = batch(f"test/{number}")
    assert failure is None
    assert fed > 500


def test_the_same_seed_gives_the_same_cases() -> None:
    first, second = (case_of(Random("seed")) for _ in range(2))
    assert first == second
    assert read_case(first.text()) == first


@pytest.mark.parametrize("venue", list(SEEDS))
def test_seeds_are_facts_that_pass(venue: str) -> None:
    """Without a change everything passes: the door refuses nothing that the venue does send."""
    for kind, seeds in SEEDS[venue].items():
        payloads = tuple(json.dumps(seed).encode() for seed in seeds)
        cases = [Case(venue, kind, payloads)] if kind in STREAMS else []
        cases += [Case(venue, kind, (payload,)) for payload in payloads if kind not in STREAMS]
        assert fault_of(*cases) is None
