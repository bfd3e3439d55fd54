"""Run position-state."""

from services.position_state.service import build
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("position-state", build, gather_ms=3)
