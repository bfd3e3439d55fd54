import pytest

from services.gateway_binance.protocol.keepalive import (
    REMEMBERED_ACKS,
    REMEMBERED_EVENTS,
    EventWatchdog,
    KeyRenewal,
    Lifetime,
    next_form,
    private_url,
)
from services.gateway_binance.protocol.settings import PrivateForm

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND


def test_connection_not_confirmed_in_time_is_at_fault() -> None:
    lifetime = Lifetime()
    assert lifetime.fault(100, is_ready=False) == ""
    assert lifetime.fault(100 + 5 * SECOND, is_ready=False) == "not confirmed within 5 s"
    assert lifetime.fault(100 + 5 * SECOND, is_ready=True) == ""


def test_connection_ends_before_the_venue_ends_it() -> None:
    lifetime = Lifetime()
    lifetime.age_ns(0)
    assert lifetime.fault(23 * HOUR, is_ready=True) == ""
    assert lifetime.fault(24 * HOUR - 300 * SECOND, is_ready=True) == "near the venue's 24 hours"


def test_listen_key_is_renewed_well_inside_its_hour() -> None:
    renewal = KeyRenewal(1_500)
    assert not renewal.is_due(0)
    assert not renewal.is_due(24 * 60 * SECOND)
    assert renewal.is_due(25 * 60 * SECOND)


def test_unanswered_renewal_is_asked_again_after_ten_seconds() -> None:
    renewal = KeyRenewal(1_500)
    renewal.is_due(0)
    assert renewal.is_due(25 * 60 * SECOND)
    assert not renewal.is_due(25 * 60 * SECOND + 9 * SECOND)
    assert renewal.is_due(25 * 60 * SECOND + 10 * SECOND)


def test_two_connections_are_replaced_each_at_its_own_moment() -> None:
    first, second = Lifetime(), Lifetime()
    first.age_ns(0)
    second.age_ns(10 * 60 * SECOND)
    at_ns = 23 * HOUR + 10 * 60 * SECOND
    assert first.is_to_renew(23 * HOUR, 23 * 3_600)
    assert not second.is_to_renew(at_ns, 23 * 3_600)
    assert second.is_to_renew(at_ns + 10 * 60 * SECOND, 23 * 3_600)


def test_connection_is_replaced_before_it_is_ended() -> None:
    lifetime = Lifetime()
    lifetime.age_ns(29 * 60 * SECOND)
    at_ns = lifetime_end = 29 * 60 * SECOND + 23 * HOUR + 29 * 60 * SECOND
    assert lifetime.is_to_renew(at_ns, 23 * 3_600)
    assert lifetime.fault(lifetime_end, is_ready=True) == ""


def test_renewed_key_is_left_alone_for_another_period() -> None:
    renewal = KeyRenewal(1_500)
    renewal.is_due(0)
    assert renewal.is_due(25 * 60 * SECOND)
    renewal.renewed()
    assert not renewal.is_due(49 * 60 * SECOND)
    assert renewal.is_due(50 * 60 * SECOND)


def test_acknowledged_order_without_an_event_is_overdue() -> None:
    watchdog = EventWatchdog(3_000)
    watchdog.acknowledged("BTCUSDT 1")
    assert watchdog.overdue(0) == ""
    assert watchdog.overdue(3 * SECOND) == ""
    assert watchdog.overdue(3 * SECOND + 1) == "BTCUSDT 1"


def test_event_before_the_acknowledgement_counts() -> None:
    watchdog = EventWatchdog(3_000)
    watchdog.mentioned("BTCUSDT 1")
    watchdog.mentioned("BTCUSDT 1")
    watchdog.acknowledged("BTCUSDT 1")
    watchdog.overdue(0)
    assert watchdog.overdue(HOUR) == ""


def test_event_after_the_acknowledgement_counts() -> None:
    watchdog = EventWatchdog(3_000)
    watchdog.acknowledged("BTCUSDT 1")
    watchdog.overdue(0)
    watchdog.mentioned("BTCUSDT 1")
    assert watchdog.overdue(HOUR) == ""


def test_new_connection_owes_nothing_for_the_old_one() -> None:
    watchdog = EventWatchdog(3_000)
    watchdog.acknowledged("BTCUSDT 1")
    watchdog.overdue(0)
    watchdog.forget()
    assert watchdog.overdue(HOUR) == ""


def test_what_is_remembered_is_bounded() -> None:
    watchdog = EventWatchdog(3_000)
    for number in range(REMEMBERED_EVENTS + 1):
        watchdog.mentioned(f"seen {number}")
    for number in range(REMEMBERED_ACKS + 1):
        watchdog.acknowledged(f"acknowledged {number}")
    for number in range(REMEMBERED_ACKS):
        watchdog.mentioned(f"acknowledged {number}")
    watchdog.overdue(0)
    assert watchdog.overdue(HOUR) == ""


@pytest.mark.parametrize(
    ("form", "follower"),
    [
        (PrivateForm.EVENTS, PrivateForm.QUERY),
        (PrivateForm.QUERY, PrivateForm.SUBSCRIBE),
        (PrivateForm.SUBSCRIBE, PrivateForm.EVENTS),
        (PrivateForm.PATH, PrivateForm.EVENTS),
    ],
)
def test_silent_form_is_followed_by_the_next(form: PrivateForm, follower: PrivateForm) -> None:
    assert next_form(form) is follower


@pytest.mark.parametrize(
    ("form", "url"),
    [
        (
            PrivateForm.EVENTS,
            "wss://x/private/ws?listenKey=a%2Fb&events=ACCOUNT_CONFIG_UPDATE/ACCOUNT_UPDATE/"
            "ALGO_UPDATE/MARGIN_CALL/ORDER_TRADE_UPDATE/TRADE_LITE/listenKeyExpired",
        ),
        (PrivateForm.QUERY, "wss://x/private/ws?listenKey=a%2Fb"),
        (PrivateForm.SUBSCRIBE, "wss://x/private/stream"),
        (PrivateForm.PATH, "wss://x/private/ws/a%2Fb"),
    ],
)
def test_private_address_of_each_form(form: PrivateForm, url: str) -> None:
    assert private_url("wss://x", form, "a/b") == url
