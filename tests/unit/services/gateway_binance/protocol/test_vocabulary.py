import pytest

from services.gateway_binance.protocol.vocabulary import EXPIRY_REASONS, is_system, why
from tandem.domain.order import RejectReason


def test_orders_that_the_exchange_makes_are_known_by_their_prefix() -> None:
    assert is_system("autoclose-1790000000700000001")
    assert is_system("adl_autoclose")
    assert is_system("settlement_autoclose-1")
    assert is_system("delivery_autoclose-1")


def test_orders_of_people_and_brokers_are_not_the_exchanges_own() -> None:
    assert not is_system("web_autoclose-1")
    assert not is_system("x-cvBPrNm9abc")
    assert not is_system("0x7a4d0000000000000000000000000000")
    assert not is_system("")


ENDS = [
    ("EXPIRED", "0", None, ""),
    ("EXPIRED", "", None, ""),
    ("CANCELED", "0", None, ""),
    ("CANCELED", "7", RejectReason.MARKET_STATE, "symbol delisted"),
    ("EXPIRED_IN_MATCH", "0", RejectReason.OTHER, "self-trade prevention"),
    ("REJECTED", "0", RejectReason.OTHER, "REJECTED, without a reason of the venue's"),
    ("EXPIRED", "10", RejectReason.OTHER, "expiry reason 10"),
    *(("EXPIRED", word, *told) for word, told in EXPIRY_REASONS.items()),
]


@pytest.mark.parametrize(("status", "word", "reason", "text"), ENDS)
def test_c8_every_end_says_why(
    status: str, word: str, reason: RejectReason | None, text: str
) -> None:
    assert why(status, word) == (reason, text)


def test_c8_every_expiry_reason_has_words() -> None:
    assert set(EXPIRY_REASONS) == set("123456789")
    assert all(text for _, text in EXPIRY_REASONS.values())
