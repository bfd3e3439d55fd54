"""Feeds changed frames and answers to both gateways' codecs: `python -m tests.fuzz --minutes 1`.

Whatever the bytes, the only error is the typed one, and every fact that comes out is sound by an
oracle of its own. The corpus in tests/data/fuzz goes first. What fails is made small and printed
with the name of the file that keeps it: add that file, and the tests feed it from then on.
"""

import argparse
import multiprocessing
import secrets
import sys
from hashlib import sha256

from tandem.runtime.interrupts import run_command
from tests.fuzz.search import CORPUS, Failure, batch, corpus, fault_of, search

SECONDS_A_MINUTE = 60
Found = tuple[Failure | None, int, float]


def main() -> int:
    args = _parser().parse_args()
    if args.batch:
        return _tell(batch(args.batch)[0])
    for name, case in corpus():
        found = fault_of(case)
        if found is not None:
            _say(f"the corpus fails: {name}: {found[1]}")
            return 1
    seed = args.seed or secrets.token_hex(4)
    _say(f"seed {seed}, {args.minutes:g} minutes in {args.jobs} processes")
    seconds = args.minutes * SECONDS_A_MINUTE
    jobs = [(f"{seed}.{job}", seconds) for job in range(args.jobs)]
    with multiprocessing.Pool(args.jobs) as pool:
        results = pool.starmap(search, jobs)
    fed = sum(count for _, count, _ in results)
    took = max(seconds for _, _, seconds in results)
    _say(f"{fed:,} payloads, {fed / took:,.0f} a second")
    return max(_tell(failure) for failure, _, _ in results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="how long")
    parser.add_argument("--seed", default="", help="of the generator; a fresh one by itself")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--batch", default="", help="run one batch again, as a failure names it")
    return parser


def _tell(failure: Failure | None) -> int:
    """Print what fails and how to keep it; return the exit code."""
    if failure is None:
        return 0
    text = failure.case.text()
    name = f"{failure.case.venue}-{failure.case.kind}-{sha256(text.encode()).hexdigest()[:8]}.json"
    _say(f"FAILED {failure.reason}")
    _say(f"again: python -m tests.fuzz --batch {failure.batch}")
    for payload in failure.case.payloads:
        _say(f"payload ({failure.case.venue} {failure.case.kind}): {payload[:400]!r}")
    if failure.is_alone:
        _say(f"keep it: write this to {CORPUS.relative_to(CORPUS.parents[2])}/{name}\n{text}")
    else:
        _say("it fails only after the cases of its batch before it")
    return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_command(main))
