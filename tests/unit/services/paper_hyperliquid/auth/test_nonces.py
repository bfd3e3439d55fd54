"""Nonce admission per signer; the numbers are those of the module's invariants."""

import pytest

from services.paper_hyperliquid.auth import nonces as module
from services.paper_hyperliquid.auth.nonces import DAY_MS, KEPT_COUNT, NonceSet

NOW_MS = 1_790_000_000_000


def full_set() -> NonceSet:
    nonces = NonceSet()
    for index in range(KEPT_COUNT):
        assert nonces.admit(NOW_MS + 2 * index, NOW_MS) is None
    return nonces


def test_a_new_nonce_is_admitted_once() -> None:
    nonces = NonceSet()
    assert nonces.admit(NOW_MS, NOW_MS) is None
    assert nonces.admit(NOW_MS, NOW_MS) == f"Invalid nonce: duplicate nonce {NOW_MS}"


def test_nonces_may_arrive_out_of_order_within_the_kept_ones() -> None:
    assert full_set().admit(NOW_MS + 1, NOW_MS) is None


def test_a_full_set_refuses_what_lies_below_its_smallest() -> None:
    bound = NOW_MS + 1
    refusal = full_set().admit(NOW_MS - 5, NOW_MS)
    assert refusal == f"Invalid nonce: nonce too low {NOW_MS - 5} < {bound}"


def test_a_forgotten_nonce_is_still_a_duplicate() -> None:
    nonces = full_set()
    assert nonces.admit(NOW_MS + 10_000, NOW_MS) is None
    assert nonces.admit(NOW_MS, NOW_MS) == f"Invalid nonce: duplicate nonce {NOW_MS}"


def test_the_window_ends_two_days_back_and_one_day_ahead() -> None:
    nonces = NonceSet()
    low, high = NOW_MS - 2 * DAY_MS, NOW_MS + DAY_MS
    assert nonces.admit(low, NOW_MS) == f"Invalid nonce: nonce too low {low} < {low + 1}"
    assert nonces.admit(high, NOW_MS) == f"Invalid nonce: nonce too high {high} > {high - 1}"
    assert nonces.admit(low + 1, NOW_MS) is None
    assert nonces.admit(high - 1, NOW_MS) is None


def test_the_margin_moves_both_ends_in() -> None:
    nonces = NonceSet(margin_ms=120_000)
    assert nonces.admit(NOW_MS + DAY_MS - 120_000, NOW_MS) is not None
    assert nonces.admit(NOW_MS - 2 * DAY_MS + 120_000, NOW_MS) is not None


def test_a_refused_nonce_is_not_taken() -> None:
    nonces = NonceSet()
    ahead = NOW_MS + DAY_MS
    assert nonces.admit(ahead, NOW_MS) is not None
    assert nonces.admit(ahead, NOW_MS + 1) is None


def test_only_so_many_seen_values_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEEN_COUNT_MAX", 1)
    nonces = NonceSet()
    assert nonces.admit(NOW_MS, NOW_MS) is None
    assert nonces.admit(NOW_MS + 1, NOW_MS) is None
    assert nonces.admit(NOW_MS, NOW_MS) is None
