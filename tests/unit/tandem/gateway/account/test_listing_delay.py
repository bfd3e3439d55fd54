"""A new epoch is waited for once, however often the account is backfilled for it."""

from tandem.gateway.account.listing_delay import QUIET_NS, EpochQuiet

AT = 50_000_000_000


def test_e6_a_second_backfill_of_one_epoch_does_not_wait_anew() -> None:
    quiet = EpochQuiet()
    quiet.begin(1, AT)
    assert quiet.left_ns(AT) == QUIET_NS
    assert quiet.left_ns(AT + QUIET_NS - 1) == 1
    assert quiet.left_ns(AT + QUIET_NS) == quiet.left_ns(AT + 2 * QUIET_NS) == 0


def test_each_epoch_is_waited_for() -> None:
    quiet = EpochQuiet()
    quiet.begin(1, AT)
    quiet.begin(2, AT + QUIET_NS)
    assert (quiet.epoch, quiet.left_ns(AT + QUIET_NS)) == (2, QUIET_NS)


def test_a_log_that_was_never_cut_is_not_waited_for() -> None:
    assert EpochQuiet().left_ns(AT) == 0
