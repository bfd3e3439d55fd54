"""The values that transports carry."""

from tandem.transport.exchange import RawAnswer, Transport


def test_header_is_found_by_its_lower_case_name() -> None:
    answer = RawAnswer(Transport.HTTP, 200, b"", 1, (("retry-after", "3"), ("x", "y")))
    assert answer.header("retry-after") == "3"
    assert answer.header("absent") is None
