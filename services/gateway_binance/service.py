"""Wires Binance's protocol to the gateway's shell; decides nothing."""

from services.gateway_binance import config
from services.gateway_binance.protocol.venue import BinanceVenue
from tandem.gateway.settings import GATEWAY_VARIABLES, gateway_settings
from tandem.gateway.shell import GatewayService
from tandem.runtime.config import account
from tandem.runtime.context import Service, ServiceContext

DEFAULT_TICKERS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
VARIABLES = (*GATEWAY_VARIABLES, *config.VARIABLES)


def build(context: ServiceContext) -> Service:
    settings = gateway_settings(context.env, DEFAULT_TICKERS)
    own = config.read(context.env)
    venue = BinanceVenue(account(context.env, "binance"), own.venue, own.signer)
    return GatewayService(context, venue, settings)
