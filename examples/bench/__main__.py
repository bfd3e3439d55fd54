"""Measure and print one JSON line: latency beside the floor, rates, memory.

`fill_to_taker`: from one exchange writing a fill until the other has parsed the taker that covers
it. The floor is the same hops with nothing in between, measured in turns with it; it is left out
where its script does not lie beside the checkout (`../shared/bench`).
"""

import argparse
import json
import sys
from statistics import median

from examples.bench import latency, rates
from examples.bench.floor import measure_floor
from examples.bench.latency import Setting
from tandem.cli.stack import checkout
from tandem.runtime.interrupts import run_command

SETTINGS = (
    Setting(sync_always=False, copies=1),
    Setting(sync_always=False, copies=2),
    Setting(sync_always=True, copies=1),
    Setting(sync_always=True, copies=2),
)

NAMES = "; ".join(setting.name for setting in SETTINGS)


def main() -> int:
    """Run every part that was asked for and print the line."""
    defaults = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=defaults)
    parser.add_argument("--fills", type=int, default=1_500, help="maker fills a run")
    parser.add_argument("--hz", type=int, default=200, help="maker fills a second")
    parser.add_argument("--runs", type=int, default=3, help="runs of each setting")
    parser.add_argument("--messages", type=int, default=1_000_000, help="facts to log; 0: skip")
    parser.add_argument(
        "--only", type=int, default=len(SETTINGS), help=f"how many of the settings {NAMES}"
    )
    options = parser.parse_args()
    result: dict[str, object] = {"bench": "tandem", "unit": "us", "hz": options.hz}
    result["fill_to_taker"] = {
        setting.name: _turns(setting, options) for setting in SETTINGS[: options.only]
    }
    if options.messages:
        found = rates.measure(options.messages)
        result["log_appends_per_s"] = found.append_per_s
        result["replay_per_s"] = found.replay_per_s
        result["rss_mib"] = found.rss_mib
        result["log_messages"] = options.messages
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def _turns(setting: Setting, options: argparse.Namespace) -> dict[str, object]:
    """Run product and floor in turns; the ratio is that of their median medians."""
    runs, floors = [], []
    for turn in range(options.runs):
        sys.stderr.write(f"{setting.name}: run {turn + 1} of {options.runs}\n")
        floor = measure_floor(
            checkout(), options.fills, options.hz, sync_always=setting.sync_always
        )
        if floor:
            floors.append(floor)
        runs.append(latency.measure(setting, options.fills, options.hz))
        sys.stderr.write(f"  product {json.dumps(runs[-1])}, floor {json.dumps(floor)}\n")
    result: dict[str, object] = {
        "p50": median(float(str(run["p50"])) for run in runs),
        "p99": median(float(str(run["p99"])) for run in runs),
        "runs": runs,
    }
    if floors:
        result["floor_p50"] = median(floor["p50"] for floor in floors)
        result["floor_p99"] = median(floor["p99"] for floor in floors)
        result["ratio_p50"] = round(float(str(result["p50"])) / float(str(result["floor_p50"])), 2)
    return result


if __name__ == "__main__":
    sys.exit(run_command(main))
