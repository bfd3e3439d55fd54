"""Run the hedger."""

from services.hedger.config import VARIABLES
from services.hedger.service import build
from tandem.runtime.fold_service import FOLD_VARIABLES
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("hedger", build, (*VARIABLES, *FOLD_VARIABLES))
