"""A server that has too much gets less, and as much as before once it answers."""

from tandem.bus.nats.congestion import (
    FIRST_AFTER_RECONNECT,
    MOST_PATIENCE_NS,
    NARROWEST,
    PATIENCE_NS,
    WIDEST,
    Congestion,
)


def test_a_server_that_does_not_answer_gets_half_and_twice_the_time() -> None:
    congestion = Congestion()
    congestion.late()
    assert (congestion.window, congestion.patience_ns) == (WIDEST // 2, PATIENCE_NS * 2)


def test_a_server_that_refuses_gets_half() -> None:
    congestion = Congestion()
    congestion.refused()
    assert (congestion.window, congestion.patience_ns) == (WIDEST // 2, PATIENCE_NS)


def test_something_is_always_under_way() -> None:
    congestion = Congestion()
    for _ in range(50):
        congestion.late()
        congestion.refused()
    assert (congestion.window, congestion.patience_ns) == (NARROWEST, MOST_PATIENCE_NS)


def test_a_windows_answers_double_it_up_to_the_widest() -> None:
    congestion = Congestion()
    congestion.reconnected()
    for _ in range(FIRST_AFTER_RECONNECT):
        congestion.answered(at_first=True)
    assert congestion.window == 2 * FIRST_AFTER_RECONNECT
    for _ in range(WIDEST):
        congestion.answered(at_first=True)
    assert congestion.window == WIDEST


def test_patience_ends_only_with_a_prompt_answer() -> None:
    congestion = Congestion()
    congestion.late()
    congestion.answered(at_first=False)
    assert congestion.patience_ns == 2 * PATIENCE_NS
    congestion.answered(at_first=True)
    assert congestion.patience_ns == PATIENCE_NS
