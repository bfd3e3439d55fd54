from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.auth.limits import Address, LimitSettings
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import LIMIT, NOW_MS, send, venue_with_books


def test_paper_account_is_ready_with_a_million() -> None:
    venue = venue_with_books()

    assert venue.engine.account(PAPER_ACCOUNT).wallet_balance == 1_000_000


def test_orders_without_client_id_get_different_ones() -> None:
    venue = venue_with_books()

    ids = {send(venue, "POST", "order", **LIMIT)[1]["clientOrderId"] for _ in range(2)}

    assert len(ids) == 2


def test_order_ids_do_not_fit_a_double() -> None:
    venue = venue_with_books()

    order_id = send(venue, "POST", "order", **LIMIT)[1]["orderId"]

    assert int(float(order_id)) != order_id or order_id > 2**53


def test_new_limits_start_new_counts() -> None:
    venue = venue_with_books()
    venue.order_counts(PAPER_ACCOUNT).charge(300, 1, 0)

    venue.limits = LimitSettings(orders_10s=1)

    assert venue.order_counts(PAPER_ACCOUNT).ten_seconds.count(0) == 0


def test_weight_is_kept_by_address() -> None:
    venue = venue_with_books()

    venue.weight_of(Address("a")).charge(5, 10, 0)

    counts = [venue.weight_of(Address(name)).minute.count(0) for name in ("a", "b")]
    assert counts == [5, 0]


def test_timers_with_nothing_due_do_nothing() -> None:
    venue = venue_with_books()
    send(venue, "POST", "order", **LIMIT)

    venue.run_timers((NOW_MS + 1) * NS_PER_MS)

    assert len(venue.engine.open_orders(PAPER_ACCOUNT)) == 1
