"""Wires Binance's protocol to the gateway's shell; decides nothing."""

from services.gateway_binance import config
from services.gateway_binance.protocol.venue import BinanceVenue
from tandem.domain.ids import Exc
from tandem.gateway.settings import GATEWAY_VARIABLES, GatewaySettings, gateway_settings
from tandem.gateway.shell.service import GatewayService
from tandem.runtime.config import Environment, account
from tandem.runtime.context import Service, ServiceContext

DEFAULT_TICKERS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
VARIABLES = (*GATEWAY_VARIABLES, *config.VARIABLES)


def read(env: Environment) -> tuple[GatewaySettings, Exc, config.BinanceConfig]:
    """Read every setting of this service's own, before anything is connected to."""
    settings = gateway_settings(env, DEFAULT_TICKERS)
    return settings, account(env, "binance"), config.read(env)


def build(context: ServiceContext) -> Service:
    settings, exc, own = read(context.env)
    venue = BinanceVenue(exc, own.venue, own.signer)
    return GatewayService(context, venue, settings)
