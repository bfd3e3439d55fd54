from services.paper_exchange.engine.orders import Side
from tests.unit.services.paper_hyperliquid.floor import Floor


def test_d5_makers_and_takers_are_told_apart_by_day() -> None:
    floor = Floor()
    floor.take("buy", "1")
    floor.rest("buy", "149.99", "1")
    floor.trade(Side.SELL, "149.98", "30")
    floor.pass_ms(86_400_000)
    floor.take("buy", "2")

    yesterday, today = floor.ask_mine("userFees")["dailyUserVlm"][-2:]

    assert (yesterday["date"], today["date"]) == ("2026-09-21", "2026-09-22")
    assert (yesterday["userCross"], yesterday["userAdd"]) == ("150.01", "149.99")
    assert (today["userCross"], today["userAdd"]) == ("300.02", "0.0")


def test_d5_the_accounts_rates_are_the_schedules() -> None:
    fees = Floor().ask_mine("userFees")

    for kind in ("Cross", "Add"):
        schedule = fees["feeSchedule"]
        assert fees[f"user{kind}Rate"] == schedule[kind.lower()]
        assert fees[f"userSpot{kind}Rate"] == schedule[f"spot{kind}"]
