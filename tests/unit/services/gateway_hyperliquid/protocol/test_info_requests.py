"""Questions to the info endpoint as HTTP requests."""

import pytest

from services.gateway_hyperliquid.protocol.info_requests import Info, info_request, oid_number
from tandem.domain.ids import VenueOrderId
from tandem.transport.exchange import HttpMethod


def test_a_question_is_posted_as_json() -> None:
    request = info_request("http://venue", Info("orderStatus", "0x1", oid=7))

    assert (request.method, request.url) == (HttpMethod.POST, "http://venue/info")
    assert request.headers == (("Content-Type", "application/json"),)
    assert request.body == b'{"type":"orderStatus","user":"0x1","oid":7}'


@pytest.mark.parametrize(
    ("text", "number"),
    [("556696349186", 556696349186), ("", 0), ("abc", 0), ("-1", 0), ("²", 0), ("9" * 20, 0)],
)
def test_an_id_that_is_no_number_is_one_that_no_order_has(text: str, number: int) -> None:
    assert oid_number(VenueOrderId(text)) == number
