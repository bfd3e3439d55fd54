"""What a strategy asks of `access`, the one service that it may speak to, and what it is told.

1. A strategy's name is a token of the subject that it asks under, which the server holds it to;
   no message here says who asks.
2. A reader keeps its own place (`ReadOn`): whichever copy is asked goes on from there.
"""

from enum import StrEnum

from msgspec import Struct

from tandem.domain.ids import Token
from tandem.messages.message import Message
from tandem.messages.presence import ClientState, OtherClient


class ReadableStream(StrEnum):
    """The streams that a strategy may read something of."""

    OMS = "OMS"
    DELTAS = "DELTAS"
    MARKS = "MARKS"


class LogIntent(Message, frozen=True, kw_only=True, tag="log_intent"):
    """Log this under its own subject, once; asked again it is the same."""

    subject: str
    payload: bytes


class FindEntry(Message, frozen=True, kw_only=True, tag="find_entry"):
    """Look up the newest message under a subject or filter."""

    stream: ReadableStream
    subject: str


class ReadState(Message, frozen=True, kw_only=True, tag="read_state"):
    """Look at where a stream begins and ends."""

    stream: ReadableStream


class ReadingPlace(Struct, frozen=True, kw_only=True):
    """A place in a stream: the message read last; `created_ns` 0: whichever stream is there."""

    created_ns: int
    seq: int
    subject: str = ""
    ts_ns: int = 0


class ReadOn(Message, frozen=True, kw_only=True, tag="read_on"):
    """Send what follows `place`, or after half a second that there is nothing.

    `reader` is made up once a reader: the copy that answered last keeps what follows at hand.
    """

    reader: Token
    stream: ReadableStream
    filters: tuple[str, ...]
    place: ReadingPlace


class AskDesk(Message, frozen=True, kw_only=True, tag="ask_desk"):
    """Pass a question on to the service that answers it."""

    subject: str
    payload: bytes
    timeout_ms: int


class SayAlive(Message, frozen=True, kw_only=True, tag="say_alive"):
    """Tell the gateways that a client of this strategy lives; the answer names its others."""

    client: Token
    state: ClientState = ClientState.JOINED


class IntentLogged(Message, frozen=True, kw_only=True, tag="intent_logged"):
    """The log holds it at `seq`; `already`: it did before."""

    seq: int
    already: bool = False


class IntentConflict(Message, frozen=True, kw_only=True, tag="intent_conflict"):
    """The subject holds something else."""

    text: str


class CallRefused(Message, frozen=True, kw_only=True, tag="call_refused"):
    """Nothing was done: `field` has this value and breaks this rule; `retryable`: only for now."""

    field: str
    value: str
    rule: str
    retryable: bool = False


class CallUnanswered(Message, frozen=True, kw_only=True, tag="call_unanswered"):
    """Nobody answered `access` in time: whether anything was done is unknown."""

    text: str


class StoredEntry(Struct, frozen=True, kw_only=True):
    """One stored message; `pending` counts those behind it."""

    seq: int
    ts_ns: int
    subject: str
    payload: bytes
    pending: int = 0


class EntryFound(Message, frozen=True, kw_only=True, tag="entry_found"):
    entry: StoredEntry | None


class StreamState(Message, frozen=True, kw_only=True, tag="stream_state"):
    first_seq: int
    last_seq: int
    created_ns: int
    messages: int


class EntriesRead(Message, frozen=True, kw_only=True, tag="entries_read"):
    """What follows, in order; `place` is where to go on, `copy` the one that has it at hand."""

    copy: Token
    place: ReadingPlace
    pending: int
    entries: tuple[StoredEntry, ...] = ()


class StreamWasCut(Message, frozen=True, kw_only=True, tag="stream_was_cut"):
    """The stream no longer holds what was read; it now is as told."""

    first_seq: int
    last_seq: int
    created_ns: int
    messages: int


class DeskAnswered(Message, frozen=True, kw_only=True, tag="desk_answered"):
    """What the service that was asked answered, word for word."""

    payload: bytes


class AliveSaid(Message, frozen=True, kw_only=True, tag="alive_said"):
    """It was told; `others` are those clients of the strategy that were heard lately."""

    others: tuple[OtherClient, ...] = ()


AccessCall = LogIntent | FindEntry | ReadState | ReadOn | AskDesk | SayAlive
AccessAnswer = (
    IntentLogged
    | IntentConflict
    | CallRefused
    | CallUnanswered
    | EntryFound
    | StreamState
    | EntriesRead
    | StreamWasCut
    | DeskAnswered
    | AliveSaid
)
