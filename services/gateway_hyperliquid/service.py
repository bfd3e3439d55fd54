"""Wires Hyperliquid's protocol to the gateway shell; decides nothing."""

from services.gateway_hyperliquid import config
from services.gateway_hyperliquid.protocol.venue import HyperliquidVenue
from tandem.gateway.settings import GATEWAY_VARIABLES, gateway_settings
from tandem.gateway.shell import GatewayService
from tandem.runtime.config import account
from tandem.runtime.context import Service, ServiceContext

DEFAULT_TICKERS = ("BTC", "ETH", "SOL")
VARIABLES = (*GATEWAY_VARIABLES, *config.VARIABLES)


def build(context: ServiceContext) -> Service:
    settings = gateway_settings(context.env, DEFAULT_TICKERS)
    own = config.read(context.env)
    exc = account(context.env, "hyperliquid")
    venue = HyperliquidVenue(exc, own.endpoints, own.signer, own.identity, own.options)
    return GatewayService(context, venue, settings)
