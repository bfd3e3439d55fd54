"""Runs seeds of the simulation: `python -m tests.simulation --seeds 1000`.

Prints progress, every failing seed with what replays it, what the runs contained, and one JSON
line. Exit code 1 when a seed failed, or when a fault never fired over a whole set.
"""

import argparse
import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from time import perf_counter

from tandem.runtime.interrupts import run_command
from tests.simulation import course, shrink, summary
from tests.simulation.course import Result
from tests.simulation.plan import plan, wiped

LEAST_FOR_ALL_FAULTS = 200
PROGRESS_S = 2.0
SEEDS_A_PROCESS = 16


def main() -> int:
    args = _parser().parse_args()
    if args.seed is not None:
        return _one(args)
    return _many(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--wiped", action="store_true", help="the server loses its whole store")
    parser.add_argument("--seed", type=int, help="run one seed")
    parser.add_argument("--without", default="", help="faults to leave out, comma-separated")
    parser.add_argument("--quotes", type=int, default=99, help="at most so many hedge orders")
    parser.add_argument("--trace", action="store_true", help="print what happened, with --seed")
    parser.add_argument("--most-failures", type=int, default=10, help="then stop")
    parser.add_argument("--explain", type=int, default=2, help="so many failures, made smallest")
    parser.add_argument("--shrink", action="store_true", help="find the smallest failing variant")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _one(args: argparse.Namespace) -> int:
    """Run one seed, with its trace if wished."""
    without = frozenset(filter(None, args.without.split(",")))
    quotes = args.quotes
    if args.shrink:
        without, quotes, _ = shrink.shrink(args.seed, _say)
        _say(f"replay: {shrink.command(args.seed, without, quotes)}")
    world = wiped(args.seed) if args.wiped else plan(args.seed, without, quotes)
    result = course.run(world, traces=args.trace)
    for line in result.trace:
        _say(line)
    for line in summary.lines(Counter(result.counts)):
        _say(line)
    for violation in result.violations:
        _say(f"VIOLATION {violation}")
    verdict = "holds" if result.is_good else "FAILS"
    _say(f"seed {args.seed} {verdict}, digest {result.digest}")
    return 0 if result.is_good else 1


def _many(args: argparse.Namespace) -> int:
    began, counts, failed = perf_counter(), Counter[str](), list[Result]()
    told = began
    seeds = range(args.first, args.first + args.seeds)
    results = _results(seeds, args.jobs, is_wiped=args.wiped)
    for done, result in enumerate(results, 1):
        counts.update(result.counts)
        if not result.is_good:
            failed.append(result)
            _say(f"seed {result.seed} FAILS: {result.violations[0]}")
            for violation in result.violations[1:6]:
                _say(f"    {violation}")
        if len(failed) >= args.most_failures:
            break
        if perf_counter() - told > PROGRESS_S:
            told = perf_counter()
            _say(_progress(done, args.seeds, counts, len(failed), told - began))
    return _verdict(args, counts, failed, perf_counter() - began)


def _results(seeds: range, jobs: int, *, is_wiped: bool) -> Iterator[Result]:
    run = course.timed_wiped if is_wiped else course.timed
    # A process forked anew after some seeds costs less than collecting what each of them left.
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=SEEDS_A_PROCESS) as pool:
        yield from pool.imap_unordered(run, seeds, chunksize=1)


def _progress(done: int, seeds: int, counts: Counter[str], failed: int, elapsed_s: float) -> str:
    rate = counts["maker fills"] / elapsed_s
    return f"{done}/{seeds} seeds, {failed} failed, {rate:,.0f} maker fills a second"


def _verdict(
    args: argparse.Namespace, counts: Counter[str], failed: list[Result], elapsed_s: float
) -> int:
    _say("what the runs contained:")
    for line in summary.lines(counts):
        _say(line)
    is_whole = args.seeds >= LEAST_FOR_ALL_FAULTS and not args.wiped
    missing = summary.never_fired(counts) if is_whole else ()
    for name in missing:
        _say(f"never fired: {name}")
    for result in failed[: 0 if args.wiped else args.explain]:
        _explain(result.seed)
    told: dict[str, object] = {
        "seeds": args.seeds,
        "from": args.first,
        "failed": sorted(result.seed for result in failed),
        "never_fired": list(missing),
        "elapsed_s": round(elapsed_s, 1),
        "maker_fills": counts["maker fills"],
        "maker_fills_per_s": round(counts["maker fills"] / elapsed_s),
        "maker_fills_per_cpu_s": round(counts["maker fills"] * 1e6 / max(1, counts["cpu us"])),
        "counts": {name: counts[name] for name in sorted(counts)},
    }
    _say(json.dumps(told))
    return 1 if failed or missing else 0


def _explain(seed: int) -> None:
    """Print the smallest failing variant of a seed and the end of its trace."""
    without, quotes, _ = shrink.shrink(seed, lambda _: None)
    result = course.run(plan(seed, without, quotes), traces=True)
    _say(f"seed {seed}, smallest failing variant:")
    for line in result.trace[-40:]:
        _say(f"  {line[:200]}")
    for violation in result.violations[:6]:
        _say(f"  VIOLATION {violation}")
    _say(f"  replay: {shrink.command(seed, without, quotes)}")


if __name__ == "__main__":
    sys.exit(run_command(main))
