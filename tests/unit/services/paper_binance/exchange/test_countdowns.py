from services.paper_binance.exchange.countdowns import Countdown, Countdowns
from services.paper_exchange.engine.orders import AccountId

SOL = Countdown(AccountId("me"), "SOLUSDT")
BTC = Countdown(AccountId("me"), "BTCUSDT")


def test_countdown_fires_once_when_it_has_run_out() -> None:
    countdowns = Countdowns()
    countdowns.arm(SOL, 100, 0)
    countdowns.arm(BTC, 200, 0)

    fired = [countdowns.fire(at_ms) for at_ms in (99, 100, 101)]

    assert fired == [(), (SOL,), ()]
    assert countdowns.is_armed


def test_arming_again_replaces_the_time() -> None:
    countdowns = Countdowns()
    countdowns.arm(SOL, 100, 0)

    countdowns.arm(SOL, 100, 50)

    assert (countdowns.fire(149), countdowns.fire(150)) == ((), (SOL,))


def test_zero_disarms() -> None:
    countdowns = Countdowns()
    countdowns.arm(SOL, 100, 0)

    countdowns.arm(SOL, 0, 50)

    assert not countdowns.is_armed
