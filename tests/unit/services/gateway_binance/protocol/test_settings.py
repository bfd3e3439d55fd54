from services.gateway_binance.protocol.settings import Endpoints, PrivateForm, VenueSettings
from tandem.domain.order import PriceMatch


def test_defaults_are_the_cautious_side_of_what_the_documentation_leaves_open() -> None:
    settings = VenueSettings(endpoints=Endpoints("", "", ""))
    assert settings.window_ms == 1_000
    assert settings.shared_weight
    assert settings.private_form is PrivateForm.EVENTS
    assert settings.refused_price_match == {PriceMatch.OPPONENT_10, PriceMatch.OPPONENT_20}
