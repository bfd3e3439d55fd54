import pytest

from tandem.bus.filters import matcher


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.b.d", False),
        ("a.>", "a.b", True),
        ("a.>", "a.b.c.d", True),
        ("a.>", "a", False),
        (">", "a", True),
        ("*.>", "a.b", True),
        ("a.*.>", "a.b", False),
    ],
)
def test_wildcards(pattern: str, subject: str, expected: bool) -> None:
    assert bool(matcher([pattern])(subject)) is expected


def test_one_filter_of_several_is_enough() -> None:
    matches = matcher(["a.>", "b.*"])

    assert [bool(matches(subject)) for subject in ("a.x.y", "b.x", "b.x.y", "c")] == [
        True,
        True,
        False,
        False,
    ]
