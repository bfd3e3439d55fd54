import pytest

from services.paper_exchange.shell.frames import text_frame


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_header_carries_the_length_in_the_shortest_form(size: int, header: bytes) -> None:
    payload = b"x" * size

    assert text_frame(payload) == header + payload
