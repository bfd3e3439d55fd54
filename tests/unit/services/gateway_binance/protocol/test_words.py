from services.gateway_binance.protocol.words import is_system


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
