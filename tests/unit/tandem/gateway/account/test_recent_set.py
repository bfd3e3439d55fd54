"""Names seen lately, within a bound."""

from tandem.gateway.account.recent_set import MAX_SEEN, SeenSubjects


def test_newest_names_are_remembered_and_the_oldest_forgotten() -> None:
    seen = SeenSubjects()
    for number in range(2 * MAX_SEEN):
        seen.add(str(number))
    assert str(2 * MAX_SEEN - 1) in seen
    assert "0" not in seen
    assert len(seen.newer) + len(seen.older) <= MAX_SEEN + 1
