"""Bytes to message and back: strict on tags and required fields, lenient on new ones.

1. Encoding is deterministic, so the bytes of a fact can be compared with the stored ones.
2. A message that cannot be decoded is an error that names the field by its path.
"""

import re
from typing import TypeVar, get_args

import msgspec

from tandem.domain.errors import MalformedMessageError
from tandem.messages import deltas, hedges, intents, queries, reports
from tandem.messages.message import Message

Fact = (
    intents.NewOrder
    | intents.CancelOrder
    | intents.HedgeOrder
    | intents.StopHedge
    | intents.Halt
    | intents.Resume
    | reports.OrderReport
    | reports.FillReport
    | reports.FillCost
    | reports.PositionReport
    | reports.MarkReport
    | reports.SpecsReport
    | reports.LinkReport
    | reports.SenderReport
    | reports.IntentRefused
    | hedges.Decision
    | hedges.TimerFired
    | hedges.HedgeRefused
    | hedges.Rules
    | hedges.Epoch
    | hedges.Alarm
)
AnyDelta = (
    deltas.OrderDelta
    | deltas.PositionDelta
    | deltas.FillDelta
    | deltas.HedgeDelta
    | deltas.BucketDelta
)
Query = queries.PageRequest | queries.OrderHistoryRequest | queries.VenueAsk
Answer = (
    queries.OrdersPage
    | queries.PositionsPage
    | queries.FillsPage
    | queries.HedgesPage
    | queries.OrderHistory
    | queries.VenuePositions
    | queries.VenueOrders
    | queries.VenueBalance
    | queries.SpecsRefreshed
    | queries.QueryFailed
)

MESSAGE_TYPES: tuple[type[Message], ...] = (
    *get_args(Fact),
    *get_args(AnyDelta),
    *get_args(Query),
    *get_args(Answer),
)

T = TypeVar("T")

_encoder = msgspec.json.Encoder(decimal_format="string")
_fact_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_delta_decoder: msgspec.json.Decoder[AnyDelta] = msgspec.json.Decoder(AnyDelta)
_query_decoder: msgspec.json.Decoder[Query] = msgspec.json.Decoder(Query)
_answer_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_PATH = re.compile(r"^(?P<rule>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*?)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode_fact(payload: bytes) -> Fact:
    """Decode one message of the log.

    Raises:
        MalformedMessageError: not JSON, an unknown tag, or a field that is missing or wrong.
    """
    return _decode(_fact_decoder, payload)


def decode_delta(payload: bytes) -> AnyDelta:
    """Decode one message of the DELTAS stream; raises as `decode_fact` does."""
    return _decode(_delta_decoder, payload)


def decode_query(payload: bytes) -> Query:
    """Decode one request; raises as `decode_fact` does."""
    return _decode(_query_decoder, payload)


def decode_answer(payload: bytes) -> Answer:
    """Decode one reply; raises as `decode_fact` does."""
    return _decode(_answer_decoder, payload)


def _decode(decoder: "msgspec.json.Decoder[T]", payload: bytes) -> T:
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise _malformed(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError("payload", f"not valid JSON: {error}") from error


def _malformed(text: str) -> MalformedMessageError:
    match = _PATH.match(text)
    rule, path = (match["rule"], match["path"] or "") if match else (text, "")
    missing = _MISSING.search(rule)
    if missing:
        path = f"{path}.{missing['field']}" if path else missing["field"]
    return MalformedMessageError(path or "payload", rule)
