"""The lease under arbitrary delays, losses, freezes and wipes: never two holders at a time."""

import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.gateway.core.clocks import Stamps
from tandem.gateway.core.lease import Lease, LeaseTimes, Look, Record, Write

TTL, MARGIN = 1_200, 120
STEPS = 400
COPIES = 3


@dataclass
class Store:
    """What the server keeps: one record, and the sequence that every write raises."""

    seq: int = 0
    record: Record | None = None
    last: int = 0

    def replace(self, write: Write) -> int | None:
        if write.expected_seq != self.seq:
            return None
        self.last += 1
        self.seq, self.record = self.last, write.record
        return self.seq

    def wipe(self) -> None:
        self.seq, self.record = 0, None


@dataclass
class Copy:
    """One process: its machine, the offset of its clock, and what it waits for."""

    lease: Lease
    offset: int
    awake_at: int = 0
    arrives_at: int | None = None
    asked: Write | Look | None = None
    is_leaving: bool = False

    def clock(self, now: int) -> int:
        return now + self.offset


class World:
    """Copies and a store on one timeline; each request and answer takes its own time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.store = Store()
        self.late: list[tuple[int, Write]] = []
        self.times = LeaseTimes(TTL, MARGIN)
        self.copies = [self.copy(n) for n in range(COPIES)]
        self.now = 0
        self.started = COPIES
        self.terms: list[int] = []
        self.held_steps = 0
        self.is_kept = False

    def copy(self, number: int) -> Copy:
        return Copy(Lease(f"run{number}", self.times), self.random.randrange(10**6))

    def run(self) -> None:
        for _ in range(STEPS):
            self.now += self.random.choice((1, 5, 20, 60, 150))
            if not self.is_kept and self.random.random() < 0.004:
                self.wipe()
            self.arrive_late()
            for index, copy in enumerate(self.copies):
                self.act(copy)
                if copy.is_leaving and copy.lease.is_left and copy.asked is None:
                    self.copies[index] = self.copy(self.started)
                    self.started += 1
            self.check()

    def wipe(self) -> None:
        """The server comes back without the record: every connection is new."""
        self.store.wipe()
        self.late.clear()
        for copy in self.copies:
            copy.lease.unseen()

    def arrive_late(self) -> None:
        due = [write for at, write in self.late if at <= self.now]
        self.late = [(at, write) for at, write in self.late if at > self.now]
        for write in due:
            self.store.replace(write)

    def act(self, copy: Copy) -> None:
        if self.now < copy.awake_at:
            return
        if self.random.random() < 0.01:
            copy.awake_at = self.now + self.random.randrange(3 * TTL)
            return
        if self.random.random() < 0.005:
            copy.is_leaving = True
            copy.lease.leave()
        if copy.asked is None:
            self.ask(copy)
        elif self.now >= (copy.arrives_at or 0):
            self.end(copy, copy.asked)

    def ask(self, copy: Copy) -> None:
        handicap = self.random.choice((0, 0, 0, 500, None))
        copy.asked = copy.lease.due(copy.clock(self.now), handicap)
        if isinstance(copy.asked, Write):
            copy.lease.begin(copy.asked, copy.clock(self.now))
        copy.arrives_at = self.now + self.random.choice((1, 2, 30, 200))

    def end(self, copy: Copy, asked: Write | Look) -> None:
        """The request reaches the store, or is lost; the answer is heard, or is lost."""
        copy.asked = None
        if isinstance(asked, Look):
            copy.lease.saw(self.store.seq, self.store.record, copy.clock(self.now))
        elif (fate := self.random.random()) < 0.1:
            copy.lease.unanswered()
        elif fate < 0.2:
            self.late.append((self.now + self.random.randrange(3 * TTL), asked))
            copy.lease.unanswered()
        elif fate < 0.3:
            self.store.replace(asked)
            copy.lease.unanswered()
        else:
            seq = self.store.replace(asked)
            heard = copy.clock(self.now)
            if seq is None:
                copy.lease.refused()
            else:
                copy.lease.stored(seq, heard)

    def check(self) -> None:
        held = [copy.lease.term_at(copy.clock(self.now)) for copy in self.copies]
        terms = [term for term in held if term]
        assert len(terms) <= 1
        self.held_steps += len(terms)
        self.terms += [term for term in terms if [term] != self.terms[-1:]]


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_two_copies_never_hold_it_at_once(seed: int) -> None:
    World(seed).run()


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_terms_only_rise_while_the_store_keeps_its_record(seed: int) -> None:
    world = World(seed)
    world.is_kept = True
    world.run()
    assert world.terms == sorted(set(world.terms))


def test_somebody_holds_it_most_of_the_time_and_it_changes_hands() -> None:
    worlds = [World(seed) for seed in range(20)]
    for world in worlds:
        world.run()
    assert sum(world.held_steps for world in worlds) > len(worlds) * STEPS / 2
    assert sum(len(world.terms) for world in worlds) > 2 * len(worlds)


@given(
    st.lists(
        st.tuples(st.integers(min_value=1, max_value=6), st.integers(0, 50)),
        min_size=2,
        max_size=80,
    )
)
def test_nonces_never_collide_between_the_terms_of_successive_senders(
    requests: list[tuple[int, int]],
) -> None:
    terms = {term: Stamps(1_000, term=term) for term in range(1, 7)}
    made = [terms[term].make(1_000 + venue_ms).nonce for term, venue_ms in requests]
    assert len(made) == len(set(made))
