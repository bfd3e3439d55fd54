import pytest

from tandem.messages import subjects
from tandem.runtime.filters import together


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((("a.>",), ("b.*",)), ("a.>", "b.*")),
        ((("a.>",), ("a.>",)), ("a.>",)),
        ((("a.>",), ("a.b.c", "a.*.d", "a.b.>")), ("a.>",)),
        ((("a.b",), ("a.*",)), ("a.*",)),
        ((("oms.>",), ("oms.control.epoch.*", "oms.venue.*.link.>")), ("oms.>",)),
        ((("a.*.c",), ("a.b.d",)), ("a.*.c", "a.b.d")),
        ((("a.b",), ("a.b.c",)), ("a.b", "a.b.c")),
        ((("a.*",), ("a.>",)), ("a.>",)),
        ((("a.>",), ("a",)), ("a.>", "a")),
    ],
)
def test_filters_within_others_are_left_out(
    groups: tuple[tuple[str, ...], ...], expected: tuple[str, ...]
) -> None:
    assert together(*groups) == expected


@pytest.mark.parametrize(
    "groups",
    [(("a.*.c",), ("a.b.*",)), (("oms.venue.x.>",), ("oms.venue.*.link.>",)), (("*.b",), ("a.>",))],
)
def test_filters_that_overlap_in_part_become_everything(
    groups: tuple[tuple[str, ...], ...],
) -> None:
    assert together(*groups) == (subjects.ALL_FACTS,)
