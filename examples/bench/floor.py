"""What the bare plumbing costs, from the reference script where it lies beside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path("../shared/bench/hedge_floor.py")


def measure_floor(root: Path, fills: int, rate_hz: int, *, sync_always: bool) -> dict[str, float]:
    """Return the floor's p50 and p99 in microseconds, or nothing when the script is not there."""
    script = (root / SCRIPT).resolve()
    if not script.is_file():
        return {}
    command = [sys.executable, str(script), "--bus", "js", "--order", "ws", "--runs", "1"]
    command += ["--n", str(fills), "--hz", str(rate_hz)]
    command += ["--sync", "always" if sync_always else "default"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return {}
    result = json.loads(lines[-1])["result"]["ws"]
    return {"p50": result["p50_us"], "p99": result["p99_us"]}
