"""Runs the Binance gateway: `python -m services.gateway_binance`."""

from services.gateway_binance import config
from services.gateway_binance.service import VARIABLES, build
from tandem.runtime.service import run_service

run_service("gateway-binance", build, VARIABLES, check=config.read)
