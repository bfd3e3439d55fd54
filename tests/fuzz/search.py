"""Feeds cases until the time is up, and makes what fails as small as it can be made."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from time import perf_counter
from traceback import format_exception_only

from tests.fuzz.cases import DATA, SEEDS, Case, read_case
from tests.fuzz.mutation import case_of
from tests.fuzz.world import World

CORPUS = DATA / "fuzz"
CASES_A_BATCH = 500
MOST_SHRINKING = 2_000


@dataclass(frozen=True)
class Failure:
    """A case, why it fails, and whether it does so by itself (else its whole batch is needed)."""

    case: Case
    reason: str
    batch: str
    is_alone: bool


def corpus() -> Iterator[tuple[str, Case]]:
    """Yield every kept case with its name."""
    for path in sorted(Path(CORPUS).glob("*.json")):
        yield path.stem, read_case(path.read_text(encoding="utf-8"))


def fault_of(*cases: Case) -> tuple[Case, str] | None:
    """Feed cases to fresh gateways in turn; return the first that fails, and why."""
    return asyncio.run(_feed(cases))


async def _feed(cases: tuple[Case, ...]) -> tuple[Case, str] | None:
    worlds = {name: World(name) for name in SEEDS}
    try:
        return _first_fault(worlds, cases)
    finally:
        for world in worlds.values():
            await world.close()


def _first_fault(worlds: dict[str, World], cases: tuple[Case, ...]) -> tuple[Case, str] | None:
    for case in cases:
        try:
            worlds[case.venue].feed(case)
        except Exception as error:  # noqa: BLE001  (any error at all is what is looked for)
            return case, _reason(error)
    return None


def _reason(error: Exception) -> str:
    said = "".join(format_exception_only(error)).strip()
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    return f"{said[:300]} at {where}"


def batch(seed: str) -> tuple[Failure | None, int]:
    """Run one batch; return what fails in it, and how many payloads were fed."""
    rng = Random(seed)
    cases = tuple(case_of(rng) for _ in range(CASES_A_BATCH))
    found = fault_of(*cases)
    fed = sum(len(case.payloads) for case in cases)
    if found is None:
        return None, fed
    case, reason = found
    is_alone = fault_of(case) is not None
    return Failure(shrunk(case) if is_alone else case, reason, seed, is_alone), fed


def search(seed: str, seconds: float) -> tuple[Failure | None, int, float]:
    """Run batches for so long; return the first failure, the payloads fed, the time it took."""
    began, fed, number = perf_counter(), 0, 0
    while perf_counter() - began < seconds:
        failure, count = batch(f"{seed}/{number}")
        fed, number = fed + count, number + 1
        if failure is not None:
            return failure, fed, perf_counter() - began
    return None, fed, perf_counter() - began


def shrunk(case: Case) -> Case:
    """Return a smaller case that fails too: fewer frames, fewer fields, fewer bytes."""
    tried = 0
    while True:
        for smaller in _smaller(case):
            tried += 1
            if fault_of(smaller) is not None:
                case = smaller
                break
            if tried > MOST_SHRINKING:
                return case
        else:
            return case


def _smaller(case: Case) -> Iterator[Case]:
    if case.headers:
        yield replace(case, headers=())
    for at in range(len(case.payloads)):
        rest = case.payloads[:at] + case.payloads[at + 1 :]
        if rest:
            yield replace(case, payloads=rest)
    for at, payload in enumerate(case.payloads):
        for smaller in _smaller_payloads(payload):
            yield replace(case, payloads=(*case.payloads[:at], smaller, *case.payloads[at + 1 :]))


def _smaller_payloads(payload: bytes) -> Iterator[bytes]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        yield from (payload[: len(payload) // 2], payload[len(payload) // 2 :])
        return
    for smaller in _without_a_part(value):
        yield json.dumps(smaller).encode()


def _without_a_part(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key in value:
            yield {name: one for name, one in value.items() if name != key}
            for inner in _without_a_part(value[key]):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for at in range(len(value)):
            yield value[:at] + value[at + 1 :]
            for inner in _without_a_part(value[at]):
                yield [*value[:at], inner, *value[at + 1 :]]
