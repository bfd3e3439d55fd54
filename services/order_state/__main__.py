"""Run order-state."""

from services.order_state.service import build
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("order-state", build, gather_ms=3)
