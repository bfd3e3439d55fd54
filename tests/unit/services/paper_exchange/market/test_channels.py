from services.paper_exchange.market.channels import Channel, HeldBack, Silences


def test_what_is_held_back_comes_when_due_oldest_first() -> None:
    held: HeldBack[str] = HeldBack()
    for due_ns, item in ((30, "c"), (10, "a"), (10, "b"), (50, "d")):
        held.add(due_ns, item)

    taken = [held.take_due(now_ns) for now_ns in (9, 30, 30, 50)]

    assert taken == [[], ["a", "b", "c"], [], ["d"]]


def test_a_silence_ends_at_the_later_end() -> None:
    silences = Silences()
    silences.begin(Channel.USER, 10)
    silences.begin(Channel.USER, 5)

    holds = [silences.holds(Channel.USER, now_ns) for now_ns in (5, 9, 10)]

    assert holds == [True, True, False]
    assert not silences.holds(Channel.MARKET, 0)
    assert silences.channels == (Channel.USER,)


def test_silences_can_be_ended_at_once() -> None:
    silences = Silences()
    silences.begin(Channel.ORDER, 10)

    silences.end()

    assert not silences.holds(Channel.ORDER, 0)
    assert silences.channels == ()
