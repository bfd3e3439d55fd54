from services.paper_hyperliquid.faults import Faults, FaultSwitches, active, supported


def test_nothing_is_on_by_default() -> None:
    assert active(FaultSwitches().now) == ()


def test_faults_are_named_by_their_fields() -> None:
    assert active(Faults(mute_users=True, hide_orders=True)) == ("mute_users", "hide_orders")
    assert set(active(Faults(repeat_fills=True))) < set(supported())
