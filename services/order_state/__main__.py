"""Run order-state."""

from services.order_state.service import build
from tandem.runtime.fold_service import FOLD_VARIABLES
from tandem.runtime.log_watch import LOG_VARIABLES
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("order-state", build, (*FOLD_VARIABLES, *LOG_VARIABLES), gather_ms=3)
