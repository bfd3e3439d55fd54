"""Which streams there are and how each must be set, as data; applied idempotently at start.

1. A log keeps one message a subject and refuses the next; neither count nor size ever limits it,
   because a full stream would refuse new facts in the words of a duplicate.
2. A stream that breaks rule 1, or lies on another storage, is refused; smaller differences
   (retention, copies, subjects) are corrected in place.
"""

from dataclasses import dataclass

import msgspec

from tandem.bus.nats.api import JetStreamError, StreamConfig, StreamInfo
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.wire import NO_STREAM_CODE
from tandem.domain.errors import ConfigurationError
from tandem.messages import subjects

NS = 1_000_000_000
SNAPSHOT_AGES = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """How long facts and deltas are kept, and on how many servers.

    Deltas are for readers that are away for a moment; whoever was away for longer asks for a page.
    """

    retention_s: int = 48 * 3600
    replicas: int = 1
    deltas_s: int = 2 * 3600


def streams(limits: Limits) -> tuple[StreamConfig, ...]:
    """Return every stream of a desk.

    Snapshots outlive the facts before them; marks are asked again and live in memory; a lease's
    term only rises, so its record never expires.
    """
    age_ns = limits.retention_s * NS
    facts = StreamConfig(
        name=subjects.OMS_STREAM,
        subjects=(subjects.ALL_FACTS,),
        discard_new_per_subject=True,
        max_age=age_ns,
        num_replicas=limits.replicas,
        deny_delete=True,
        deny_purge=True,
    )
    newest = StreamConfig(
        name=subjects.SNAP_STREAM,
        subjects=(subjects.ALL_SNAPSHOTS,),
        discard="old",
        max_age=SNAPSHOT_AGES * age_ns,
        num_replicas=limits.replicas,
    )
    return (
        facts,
        msgspec.structs.replace(
            facts,
            name=subjects.DELTAS_STREAM,
            subjects=subjects.ALL_DELTAS,
            max_age=min(age_ns, limits.deltas_s * NS),
        ),
        newest,
        msgspec.structs.replace(
            newest, name=subjects.MARKS_STREAM, subjects=(subjects.ALL_MARKS,), storage="memory"
        ),
        msgspec.structs.replace(
            newest, name=subjects.LEASES_STREAM, subjects=(subjects.ALL_LEASES,), max_age=0
        ),
    )


async def apply(bus: NatsBus, limits: Limits) -> None:
    """Create what is missing, correct what may be corrected.

    Raises:
        ConfigurationError: a stream exists whose settings could lose or refuse facts.
    """
    for wanted in streams(limits):
        found = await _find(bus, wanted.name)
        if found is None:
            await bus.api.create_stream(wanted)
            continue
        check(found.config, wanted)
        if found.config != wanted:
            await bus.api.update_stream(wanted)


async def restore(bus: NatsBus, limits: Limits) -> None:
    """Create anew what a restarted server does not have: all that it held in memory, or lost."""
    for wanted in streams(limits):
        if await _find(bus, wanted.name) is None:
            await bus.api.create_stream(wanted)


async def _find(bus: NatsBus, name: str) -> StreamInfo | None:
    try:
        return await bus.api.stream_info(name)
    except JetStreamError as error:
        if error.err_code == NO_STREAM_CODE:
            return None
        raise


def check(found: StreamConfig, wanted: StreamConfig) -> None:
    """Refuse a stream that this version must not write to."""
    for name in (
        "max_msgs",
        "max_bytes",
        "max_msgs_per_subject",
        "discard",
        "discard_new_per_subject",
        "storage",
        "retention",
    ):
        has, needs = getattr(found, name), getattr(wanted, name)
        if has != needs:
            raise ConfigurationError(f"stream {wanted.name} {name}", has, f"must be {needs}")
