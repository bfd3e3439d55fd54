from tandem.gateway.account.failed_runs import TOO_MANY, Setbacks


def test_c5_the_third_failure_in_a_row_is_news_once_a_spell() -> None:
    setbacks = Setbacks()

    assert [setbacks.failed() for _ in range(TOO_MANY + 2)] == [False, False, True, False, False]
    assert setbacks.are_too_many
    assert setbacks.done()
    assert not setbacks.are_too_many
    assert [setbacks.failed() for _ in range(TOO_MANY)] == [False, False, True]
    assert setbacks.spells == 2


def test_c5_failures_that_are_not_in_a_row_are_no_news() -> None:
    setbacks = Setbacks()

    for _ in range(5):
        assert not setbacks.failed()
        assert not setbacks.failed()
        assert not setbacks.done()
