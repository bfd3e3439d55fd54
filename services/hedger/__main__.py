"""Run the hedger."""

from services.hedger.service import VARIABLES, build, read
from tandem.runtime.service import run_service

if __name__ == "__main__":
    run_service("hedger", build, VARIABLES, check=read)
