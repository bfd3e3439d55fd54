from collections.abc import Callable

from tandem.domain.errors import InvalidInputError
from tandem.messages.codec import Answer, Query, decode_answer, encode
from tandem.messages.queries import PageRequest, PositionsPage, QueryFailed
from tandem.runtime.fold.page_server import Answers


class Clock:
    """Each sleep moves the time and calls back."""

    def __init__(self, on_sleep: Callable[[], None]) -> None:
        self.now_ns = 0
        self._on_sleep = on_sleep

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)
        self._on_sleep()


def page(seq: int) -> PositionsPage:
    return PositionsPage(epoch=0, seq=seq, positions=())


async def test_an_answer_waits_until_its_sequence_is_read() -> None:
    read = [0]

    def on_sleep() -> None:
        read[0] += 1

    answers = Answers(Clock(on_sleep), lambda: read[0], lambda _subject, _query: page(read[0]))

    answer = decode_answer(await answers.reply("s", encode(PageRequest(min_seq=3))))

    assert answer == page(3)


async def test_a_copy_that_catches_up_does_not_answer() -> None:
    answers = Answers(Clock(lambda: None), lambda: None, lambda _subject, _query: page(0))

    answer = decode_answer(await answers.reply("s", encode(PageRequest())))

    assert isinstance(answer, QueryFailed)
    assert answer.retryable


async def test_what_the_fold_refuses_is_told() -> None:
    def refuse(_subject: str, _query: Query) -> Answer:
        raise InvalidInputError("exc", "nowhere", "a known account")

    answers = Answers(Clock(lambda: None), lambda: 0, refuse)

    answer = decode_answer(await answers.reply("s", encode(PageRequest())))

    assert answer == QueryFailed(text="exc=nowhere: a known account", retryable=False)


async def test_a_malformed_question_is_told() -> None:
    answers = Answers(Clock(lambda: None), lambda: 0, lambda _subject, _query: page(0))

    answer = decode_answer(await answers.reply("s", b"[]"))

    assert isinstance(answer, QueryFailed)
    assert not answer.retryable


async def test_e8_a_question_that_breaks_whoever_answers_is_answered_and_ends_nobody() -> None:
    def broken(_subject: str, _query: Query) -> Answer:
        raise LookupError("a bug")

    answers = Answers(Clock(lambda: None), lambda: 0, broken)

    answer = decode_answer(await answers.reply("s", encode(PageRequest())))

    assert answer == QueryFailed(text="cannot say: LookupError", retryable=False)
