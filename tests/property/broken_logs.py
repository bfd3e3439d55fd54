"""Breaks a true log in as many ways as a writer could: what each fold then has to survive.

A change that the subject would give away is made under the subject that fits it most of the time:
what is malformed ends at the door, and it is past the door that a fold can fall.
"""

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from tandem.bus.port import Entry
from tandem.domain.errors import MalformedMessageError
from tandem.messages import codec, subjects
from tandem.messages.facts import subject_of

NUMBERS = (
    "NaN", "sNaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e15", "1e-60", "1e-61", "-0", "0",
    "0.000000000000000001", "999999999999999", "123456789.123456789123456789", "-1", "1E+3", "",
    0, -1, 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, 2**70, -(2**63), -(2**70), 1.5, 1e300,
    1_790_000_000_000_000, 1_790_000_000_000_000_000_000, 9_000_000_000_000_000_000,
)  # fmt: skip
TEXTS = (
    "",
    "-",
    ".",
    "a.b",
    ">",
    "*",
    " ",
    "\x00",
    "é",
    "0x",
    "x" * 200,
    "x" * 5_000,
    "alpha",
    "%2D",
)
THINGS: tuple[object, ...] = (None, True, False, [], {}, [[]], {"a": {"b": []}}, [1] * 50)
RAW = (
    b"", b"{", b"[]", b"null", b"0", b'"', b"\xff\xfe", b"\x00" * 9, b'{"a":' * 1_200,
    b"[" * 5_000, b'{"type":"alarm"}', b'{"type":"fill_report"}', b'{"type":17}', b"1e400",
)  # fmt: skip


class Breaker:
    """Makes broken logs of one true one."""

    def __init__(self, log: Sequence[Entry], seed: int) -> None:
        self._log = log
        self._random = random.Random(seed)

    def broken(self, most: int = 8) -> tuple[Entry, ...]:
        """Return the log with some messages changed, moved, lost, doubled or put in."""
        entries = list(self._log)
        for _ in range(self._random.randrange(1, most + 1)):
            self._random.choice(self._ways())(entries)
        numbered = zip(entries, range(1, len(entries) + 1), strict=True)
        return tuple(structs.replace(entry, seq=seq) for entry, seq in numbered)

    def _ways(self) -> tuple[Any, ...]:
        return (
            *([self._change] * 8),
            self._truncate,
            self._flip,
            self._drop,
            self._move,
            self._double,
            self._put_raw,
            self._squat,
            self._swap_subject,
            self._shift_clock,
        )

    def _place(self, entries: list[Entry]) -> int:
        return self._random.randrange(len(entries))

    def _change(self, entries: list[Entry]) -> None:
        """Change a field or two, below any depth."""
        place = self._place(entries)
        entry = entries[place]
        try:
            message = json.loads(entry.payload)
        except (ValueError, RecursionError):
            return
        for _ in range(self._random.choice((1, 1, 2))):
            self._change_field(message)
        payload = json.dumps(message).encode()
        entries[place] = structs.replace(
            entry, payload=payload, subject=self._fitting(entry, payload)
        )

    def _change_field(self, message: Any) -> None:
        node = message
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = self._random.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and self._random.random() < 0.8:
                node = node[key]
                continue
            if self._random.random() < 0.05:
                del node[key]
            else:
                node[key] = self._other(node[key])
            return

    def _other(self, value: object) -> object:
        chance = self._random.random()
        if chance < 0.6:
            return self._random.choice(NUMBERS)
        if chance < 0.85:
            return self._random.choice((*TEXTS, self._somewhere(value)))
        return copy.deepcopy(self._random.choice(THINGS))

    def _somewhere(self, value: object) -> object:
        """Return what a field of another message holds: an id of another order, say."""
        other = self._random.choice(self._log)
        try:
            message = json.loads(other.payload)
        except (ValueError, RecursionError):
            return value
        return self._random.choice(list(message.values())) if isinstance(message, dict) else value

    def _fitting(self, entry: Entry, payload: bytes) -> str:
        if self._random.random() < 0.2:
            return entry.subject
        try:
            return subject_of(codec.decode_fact(payload))
        except (MalformedMessageError, ValueError, ArithmeticError):
            return entry.subject

    def _truncate(self, entries: list[Entry]) -> None:
        place = self._place(entries)
        payload = entries[place].payload
        cut = self._random.randrange(len(payload) + 1)
        entries[place] = structs.replace(entries[place], payload=payload[:cut])

    def _flip(self, entries: list[Entry]) -> None:
        place = self._place(entries)
        payload = bytearray(entries[place].payload)
        if payload:
            payload[self._random.randrange(len(payload))] = self._random.randrange(256)
            entries[place] = structs.replace(entries[place], payload=bytes(payload))

    def _drop(self, entries: list[Entry]) -> None:
        if len(entries) > 1:
            del entries[self._place(entries)]

    def _move(self, entries: list[Entry]) -> None:
        entry = entries.pop(self._place(entries))
        entries.insert(self._random.randrange(len(entries) + 1), entry)

    def _double(self, entries: list[Entry]) -> None:
        entries.insert(self._place(entries), entries[self._place(entries)])

    def _put_raw(self, entries: list[Entry]) -> None:
        entry = entries[self._place(entries)]
        raw = structs.replace(entry, payload=self._random.choice(RAW))
        entries.insert(self._place(entries), raw)

    def _squat(self, entries: list[Entry]) -> None:
        """Take what a later fact would stand under: the next number of its last token."""
        entry = entries[self._place(entries)]
        stem, _, last = entry.subject.rpartition(".")
        taken = f"{stem}.{int(last) + 1}" if last.isdecimal() else subjects.epoch(1)
        squatter = structs.replace(entry, subject=taken, payload=self._random.choice(RAW))
        entries.insert(self._place(entries), squatter)

    def _swap_subject(self, entries: list[Entry]) -> None:
        place, other = self._place(entries), self._place(entries)
        entries[place] = structs.replace(entries[place], subject=entries[other].subject)

    def _shift_clock(self, entries: list[Entry]) -> None:
        place = self._place(entries)
        shift = self._random.choice((-(10**15), -(10**9), 10**9, 10**14, 10**15))
        entries[place] = structs.replace(entries[place], ts_ns=entries[place].ts_ns + shift)
