"""Run position-state."""

from services.position_state.service import VARIABLES, build, read
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("position-state", build, VARIABLES, gather_ms=3, check=read)
