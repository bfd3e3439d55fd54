import msgspec
import pytest

from tandem.bus.nats.api import StreamConfig
from tandem.bus.topology import Limits, check, streams
from tandem.domain.errors import ConfigurationError
from tandem.messages import subjects

FACTS, DELTAS, SNAPSHOTS, MARKS, LEASES = streams(Limits(retention_s=60, replicas=3))


@pytest.mark.parametrize("stream", [FACTS, DELTAS])
def test_logs_keep_one_message_a_subject_and_refuse_the_next(stream: StreamConfig) -> None:
    assert (stream.max_msgs_per_subject, stream.discard, stream.discard_new_per_subject) == (
        1,
        "new",
        True,
    )
    assert (stream.max_msgs, stream.max_bytes) == (-1, -1)


@pytest.mark.parametrize("stream", [SNAPSHOTS, MARKS, LEASES])
def test_snapshots_marks_and_leases_keep_the_newest(stream: StreamConfig) -> None:
    assert (stream.max_msgs_per_subject, stream.discard) == (1, "old")


def test_snapshots_outlive_the_facts_before_them() -> None:
    assert SNAPSHOTS.max_age > FACTS.max_age == 60 * 10**9


def test_only_marks_live_in_memory() -> None:
    assert [stream.storage for stream in (FACTS, DELTAS, SNAPSHOTS, MARKS, LEASES)] == [
        "file",
        "file",
        "file",
        "memory",
        "file",
    ]


def test_a_lease_never_expires_in_its_stream() -> None:
    assert LEASES.max_age == 0


def test_every_stream_has_its_copies_and_no_two_share_subjects() -> None:
    taken = [subject for stream in streams(Limits()) for subject in stream.subjects]

    assert {stream.num_replicas for stream in (FACTS, DELTAS, SNAPSHOTS, MARKS, LEASES)} == {3}
    assert len(taken) == len(set(taken))
    assert subjects.ALL_FACTS in taken


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_msgs", 10),
        ("max_bytes", 10),
        ("max_msgs_per_subject", 2),
        ("discard", "old"),
        ("discard_new_per_subject", False),
        ("storage", "memory"),
        ("retention", "workqueue"),
    ],
)
def test_a_stream_that_could_lose_or_refuse_facts_is_refused(setting: str, value: object) -> None:
    found = msgspec.structs.replace(FACTS, **{setting: value})

    with pytest.raises(ConfigurationError, match=f"stream OMS {setting}"):
        check(found, FACTS)


def test_another_age_is_no_reason_to_refuse() -> None:
    check(msgspec.structs.replace(FACTS, max_age=1), FACTS)


def test_e7_deltas_are_kept_for_hours_and_never_longer_than_facts() -> None:
    ages = {
        limits: next(one.max_age for one in streams(limits) if one.name == "DELTAS")
        for limits in (Limits(), Limits(retention_s=60))
    }
    assert [age // 10**9 for age in ages.values()] == [7_200, 60]
