import pytest

from tandem.domain.errors import ConfigurationError
from tandem.runtime.failpoints import no_seam, seam_from

TESTING = {"TANDEM_TESTING": "1"}


def test_the_wanted_point_kills_at_the_wanted_pass() -> None:
    kills: list[str] = []
    seam = seam_from(
        {**TESTING, "TANDEM_CRASH_AT": "fold.after_publish:3"}, lambda: kills.append("x")
    )

    for _ in range(2):
        seam("fold.after_publish")
    seam("fold.before_append")
    before = list(kills)
    seam("fold.after_publish")

    assert (before, kills) == ([], ["x"])


def test_without_a_count_the_first_pass_kills() -> None:
    kills: list[str] = []

    seam_from({**TESTING, "TANDEM_CRASH_AT": "a"}, lambda: kills.append("x"))("a")

    assert kills == ["x"]


def test_a_freeze_strikes_at_its_point() -> None:
    strikes: list[str] = []

    seam_from({**TESTING, "TANDEM_FREEZE_AT": "a:2"}, lambda: strikes.append("x"))("a")

    assert strikes == []


@pytest.mark.parametrize(
    "values", [{}, TESTING, {"TANDEM_CRASH_AT": "a"}, {"TANDEM_FREEZE_AT": "a"}]
)
def test_nothing_kills_unless_asked_for_in_a_test(values: dict[str, str]) -> None:
    assert seam_from(values) is no_seam


@pytest.mark.parametrize("text", ["a:0", "a:-1", "a:x"])
def test_a_malformed_count_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="TANDEM_CRASH_AT"):
        seam_from({**TESTING, "TANDEM_CRASH_AT": text})
