"""Run access."""

import sys

from services.access.config import VARIABLES, access_settings
from services.access.service import build
from tandem.runtime.service import run_service

if __name__ == "__main__":
    sys.exit(run_service("access", build, VARIABLES, check=access_settings))
