from dataclasses import replace

from tandem.domain.ids import ClientOrderId, Ticker
from tandem.gateway.core.effects import LookUp

THOROUGH = LookUp(ClientOrderId("a"), Ticker("SOL"), since_ms=0, past_ms=100, is_thorough=True)


def test_round_counts_only_past_what_it_must_be() -> None:
    assert not THOROUGH.may_prove(100)
    assert THOROUGH.may_prove(101)


def test_e11_round_that_was_not_planned_as_thorough_never_counts() -> None:
    """In a round with others it may have been asked for by a list alone."""
    assert not replace(THOROUGH, is_thorough=False).may_prove(10_000)
