"""The values that the shell and a venue exchange."""

from tandem.gateway.port.requests import VenueQueryError


def test_query_error_says_when_to_ask_again() -> None:
    error = VenueQueryError("busy", 300)
    assert (str(error), error.retry_after_ms) == ("busy", 300)
