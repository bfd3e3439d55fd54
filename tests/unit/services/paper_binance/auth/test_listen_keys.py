import pytest

from services.paper_binance.auth.listen_keys import VALIDITY_MS, ListenKeys
from services.paper_binance.wire.errors import VenueError
from services.paper_exchange.engine.orders import AccountId

ME = AccountId("me")


def test_asking_again_extends_the_same_key() -> None:
    keys = ListenKeys("seed")
    first = keys.open(ME, 0)

    again = keys.open(ME, 1_000)

    assert first == again
    assert keys.expire(VALIDITY_MS) == ()
    assert [lease.key for lease in keys.expire(1_000 + VALIDITY_MS)] == [first]


def test_ended_key_never_becomes_valid_again() -> None:
    keys = ListenKeys("seed")
    first = keys.open(ME, 0)
    keys.close(ME)

    second = keys.open(ME, 0)

    assert (first == second, keys.current(ME)) == (False, second)


def test_key_is_64_characters_and_differs_by_account() -> None:
    keys = ListenKeys("seed")

    mine, other = keys.open(ME, 0), keys.open(AccountId("other"), 0)

    assert (len(mine), mine == other) == (64, False)


def test_extending_needs_a_key() -> None:
    keys = ListenKeys("seed")

    with pytest.raises(VenueError, match="does not exist"):
        keys.extend(ME, 0)


def test_extension_counts_from_now() -> None:
    keys = ListenKeys("seed")
    keys.open(ME, 0)

    keys.extend(ME, VALIDITY_MS - 1)

    assert keys.expire(VALIDITY_MS) == ()


def test_account_without_key_has_none() -> None:
    keys = ListenKeys("seed")

    assert (keys.current(ME), keys.close(ME)) == (None, None)
