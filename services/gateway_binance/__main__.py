"""Runs the Binance gateway: `python -m services.gateway_binance`."""

from services.gateway_binance.service import VARIABLES, build, read
from tandem.runtime.service import run_service

run_service("gateway-binance", build, VARIABLES, check=read)
