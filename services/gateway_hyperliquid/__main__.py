"""Runs the Hyperliquid gateway: `python -m services.gateway_hyperliquid`."""

from services.gateway_hyperliquid.service import VARIABLES, build, read
from tandem.runtime.service import run_service

run_service("gateway-hyperliquid", build, VARIABLES, check=read)
