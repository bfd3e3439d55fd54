"""What the server's JetStream bytes mean: publish answers, delivery metadata, API replies (pure).

1. A publish is `STORED`, or `TAKEN` (the subject already holds a message), or nothing else is
   known: every other answer is `NOT_STORED` and may be retried under the same subject.
2. `TAKEN` needs error 10077 *and* its text: the same code also reports full stream limits.
3. `REPLACED` answers only a publish that named the sequence it replaces: another is newest now.
"""

import enum
from dataclasses import dataclass
from datetime import datetime

import msgspec

SUBJECT_TAKEN_CODE = 10077
SUBJECT_TAKEN_TEXT = "maximum messages per subject exceeded"
MESSAGE_TOO_LARGE_CODE = 10054
NO_MESSAGE_CODE = 10037
NO_STREAM_CODE = 10059
REPLACED_CODE = 10071
EXPECTED_SEQ_HEADER = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_OF_HEADER = "Nats-Expected-Last-Subject-Sequence-Subject"

HEARTBEAT = "100"
LAST_CONSUMER_HEADER = "Nats-Last-Consumer"
STALLED_HEADER = "Nats-Consumer-Stalled"

_ACK_V1_TOKENS = 9
_ACK_V2_TOKENS = 11
_ACK_V2_SHIFT = 2


class ApiError(msgspec.Struct, frozen=True):
    """The error object of a JetStream answer."""

    code: int = 0
    err_code: int = 0
    description: str = ""


class Verdict(enum.Enum):
    STORED = "stored"
    TAKEN = "taken"
    TOO_LARGE = "too large"
    REPLACED = "replaced"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class PublishAnswer:
    """What a publish came to; `text` says why when it was not stored."""

    verdict: Verdict
    seq: int = 0
    text: str = ""


class _PubAck(msgspec.Struct, frozen=True):
    seq: int = 0
    error: ApiError | None = None


_ack_decoder = msgspec.json.Decoder(_PubAck)


def publish_answer(payload: bytes, status: str | None) -> PublishAnswer:
    """Read the answer to a publish; `status` is the NATS status header, if there was one."""
    if status is not None or not payload:
        return PublishAnswer(Verdict.NOT_STORED, text=f"status {status}: no stream listens")
    try:
        ack = _ack_decoder.decode(payload)
    except msgspec.DecodeError as error:
        return PublishAnswer(Verdict.NOT_STORED, text=f"unreadable answer: {error}")
    if ack.error is not None:
        return PublishAnswer(_refusal(ack.error), text=_text(ack.error))
    if not ack.seq:
        return PublishAnswer(Verdict.NOT_STORED, text="answer without a sequence")
    return PublishAnswer(Verdict.STORED, ack.seq)


def _refusal(error: ApiError) -> Verdict:
    if error.err_code == SUBJECT_TAKEN_CODE and SUBJECT_TAKEN_TEXT in error.description:
        return Verdict.TAKEN
    if error.err_code == MESSAGE_TOO_LARGE_CODE:
        return Verdict.TOO_LARGE
    if error.err_code == REPLACED_CODE:
        return Verdict.REPLACED
    return Verdict.NOT_STORED


def _text(error: ApiError) -> str:
    return f"{error.description} (code {error.code}, {error.err_code})"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a delivered message stands in its stream and in its consumer."""

    stream_seq: int
    consumer_seq: int
    ts_ns: int
    pending: int


def delivery(reply: str) -> Delivery | None:
    """Read the metadata in a delivery's reply subject; None when it is not one.

    Two forms exist: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.
    <pending>`, and one with a domain and an account hash before the stream (and maybe more at
    the end), which a server may switch to.
    """
    tokens = reply.split(".")
    if len(tokens) == _ACK_V1_TOKENS:
        first = 5
    elif len(tokens) >= _ACK_V2_TOKENS:
        first = 5 + _ACK_V2_SHIFT
    else:
        return None
    stream_seq, consumer_seq, ts_ns, pending = tokens[first : first + 4]
    return Delivery(int(stream_seq), int(consumer_seq), int(ts_ns), int(pending))


def time_ns(text: str) -> int:
    """Return the nanoseconds of an RFC 3339 time with up to nine decimals.

    Raises:
        ValueError: not such a time.
    """
    main, _, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] or main[len("2026-01-01T00:00:00") :]
    seconds = datetime.fromisoformat(main[:19] + zone.replace("Z", "+00:00")).timestamp()
    return int(seconds) * 1_000_000_000 + int((digits or "0").ljust(9, "0")[:9])
