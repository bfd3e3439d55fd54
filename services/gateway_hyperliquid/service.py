"""Wires Hyperliquid's protocol to the gateway shell; decides nothing."""

from services.gateway_hyperliquid import config
from services.gateway_hyperliquid.protocol.venue import HyperliquidVenue
from tandem.domain.ids import Exc
from tandem.gateway.settings import GATEWAY_VARIABLES, GatewaySettings, gateway_settings
from tandem.gateway.shell.service import GatewayService
from tandem.runtime.config import Environment, account
from tandem.runtime.context import Service, ServiceContext

DEFAULT_TICKERS = ("BTC", "ETH", "SOL")
VARIABLES = (*GATEWAY_VARIABLES, *config.VARIABLES)


def read(env: Environment) -> tuple[GatewaySettings, Exc, config.GatewayConfig]:
    """Read every setting of this service's own, before anything is connected to."""
    settings = gateway_settings(env, DEFAULT_TICKERS)
    return settings, account(env, "hyperliquid"), config.read(env)


def build(context: ServiceContext) -> Service:
    settings, exc, own = read(context.env)
    venue = HyperliquidVenue(exc, own.endpoints, own.signer, own.identity, own.options)
    return GatewayService(context, venue, settings)
