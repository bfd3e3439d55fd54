from services.position_state.exposure.state import MOST_TIMINGS, Timings
from services.position_state.exposure.timing_reader import TimingReader


def timings(*waited_ns: int) -> Timings:
    made = Timings()
    for one in waited_ns:
        made.add(one)
    return made


def test_each_timing_is_read_once_and_none_from_before() -> None:
    reader, known = TimingReader(), timings(1, 2)
    assert reader.read(known) == []
    known.add(3)
    known.add(4)
    assert reader.read(known) == [3, 4]
    assert reader.read(known) == []


def test_a_copy_that_is_made_anew_tells_nothing_a_second_time() -> None:
    reader, known = TimingReader(), timings(1)
    reader.read(known)
    again = timings(1, 2, 3)
    assert reader.read(again) == []
    again.add(4)
    assert reader.read(again) == [4]


def test_of_more_than_are_kept_the_newest_are_read() -> None:
    reader, known = TimingReader(), timings(7)
    reader.read(known)
    for _ in range(MOST_TIMINGS + 5):
        known.add(8)
    assert reader.read(known) == [8] * MOST_TIMINGS
