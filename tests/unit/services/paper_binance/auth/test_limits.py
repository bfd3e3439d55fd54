import pytest

from services.paper_binance.auth.limits import (
    BAN_AFTER_REFUSALS,
    FIRST_BAN_MS,
    AddressWeight,
    LimitSettings,
    OrderCounts,
    Window,
)
from services.paper_binance.wire.errors import BannedError, Code, VenueError

SETTINGS = LimitSettings(orders_10s=2, orders_1m=3)


def test_window_counts_within_its_interval_only() -> None:
    window = Window(1_000)

    counts = [window.add(1, 999), window.add(2, 999), window.add(1, 1_000), window.count(2_000)]

    assert counts == [1, 3, 1, 0]


def test_orders_over_ten_seconds_are_refused_uncounted() -> None:
    counts = OrderCounts(SETTINGS)
    counts.charge(2, 1, 0)

    with pytest.raises(VenueError, match="2 orders per 10 SECOND"):
        counts.charge(1, 1, 1)

    assert (counts.ten_seconds.count(1), counts.minute.count(1)) == (2, 1)


def test_orders_over_a_minute_are_refused_uncounted() -> None:
    counts = OrderCounts(SETTINGS)
    for at_ms in (0, 10_000, 20_000):
        counts.charge(1, 1, at_ms)

    with pytest.raises(VenueError, match="3 orders per 1 MINUTE"):
        counts.charge(1, 1, 30_000)

    assert counts.ten_seconds.count(30_000) == 0


def test_weight_over_the_limit_is_refused() -> None:
    weight = AddressWeight()
    used = weight.charge(10, 10, 0)

    with pytest.raises(VenueError) as refused:
        weight.charge(1, 10, 1)

    assert (used, refused.value.code, refused.value.http_status) == (
        10,
        Code.TOO_MANY_REQUESTS,
        429,
    )


def test_address_that_goes_on_is_banned_until_the_ban_is_over() -> None:
    weight = AddressWeight()
    for _ in range(BAN_AFTER_REFUSALS):
        with pytest.raises(VenueError):
            weight.charge(1, 0, 0)

    with pytest.raises(BannedError, match=f"banned until {FIRST_BAN_MS}"):
        weight.charge(1, 0, 0)
    with pytest.raises(BannedError):
        weight.charge(1, 100, FIRST_BAN_MS - 1)

    assert weight.charge(1, 100, FIRST_BAN_MS) == 1


def test_backing_off_forgets_the_refusals() -> None:
    weight = AddressWeight()
    for minute in range(BAN_AFTER_REFUSALS + 5):
        weight.charge(1, 1, minute * 60_000)
        with pytest.raises(VenueError) as refused:
            weight.charge(1, 1, minute * 60_000)
        assert refused.value.http_status == 429
