"""Questions to the info endpoint as HTTP requests."""

from services.gateway_hyperliquid.protocol.infos import Info, info_request
from tandem.transport.exchange import HttpMethod


def test_a_question_is_posted_as_json() -> None:
    request = info_request("http://venue", Info("orderStatus", "0x1", oid=7))

    assert (request.method, request.url) == (HttpMethod.POST, "http://venue/info")
    assert request.headers == (("Content-Type", "application/json"),)
    assert request.body == b'{"type":"orderStatus","user":"0x1","oid":7}'
