from services.paper_exchange.shell.schedule import Schedule


def test_tape_time_runs_at_speed() -> None:
    schedule = Schedule(anchor_mono_ns=100, anchor_tape_ns=5_000, speed=3.0, paused=False)

    assert schedule.tape_ns(110) == 5_030


def test_a_paused_tape_stands_still_and_nothing_is_due() -> None:
    schedule = Schedule(100, 5_000, 3.0, paused=False).with_paused(True, 110)

    assert (schedule.tape_ns(1_000), schedule.wait_ns(6_000, 1_000)) == (5_030, None)


def test_changing_speed_keeps_the_position() -> None:
    schedule = Schedule(100, 5_000, 3.0, paused=False).with_speed(10.0, 110)

    assert (schedule.tape_ns(110), schedule.tape_ns(111)) == (5_030, 5_040)


def test_the_wait_is_scaled_and_never_negative() -> None:
    schedule = Schedule(0, 0, 2.0, paused=False)

    assert (schedule.wait_ns(1_000, 100), schedule.wait_ns(10, 100)) == (400, 0)


def test_moving_sets_the_position() -> None:
    schedule = Schedule(0, 0, 2.0, paused=False).moved_to(700, 50)

    assert schedule.tape_ns(51) == 702
