"""An order that was not cancelled says why."""

import pytest
from msgspec import structs

from tandem.domain.ids import Token
from tandem.messages import subjects
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import IntentRefused
from tests.unit.services.order_state.test_fold import CLOID, EXC, STRATEGY, World


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cancel", "cancel refused: HTTP 400 -4998 no"),
        ("valid_for_ms", "cancel refused: valid_for_ms: HTTP 400 -4998 no"),
    ],
)
def test_c3_a_refused_cancel_says_why_in_the_row_until_it_is_asked_for_again(
    name: str, text: str
) -> None:
    world = World()
    world.place()
    cancel = CancelOrder(exc=EXC, token=Token("t"), strategy=STRATEGY, client_order_id=CLOID)
    subject = subjects.cancel_order(EXC, STRATEGY, CLOID, Token("t"))
    world.read(cancel, subject)

    rule = "HTTP 400 -4998 no"
    world.read(IntentRefused(exc=EXC, subject=subject, field_name=name, rule=rule))

    assert world.page()[0].text == text
    again = subjects.cancel_order(EXC, STRATEGY, CLOID, Token("u"))
    world.read(structs.replace(cancel, token=Token("u")), again)
    assert world.page()[0].text == ""
