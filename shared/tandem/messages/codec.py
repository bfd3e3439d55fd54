"""Bytes to message and back: strict on tags and required fields, lenient on new ones.

1. Encoding is deterministic, so the bytes of a fact can be compared with the stored ones. A decimal
   is written in plain digits, without exponent, and nothing has no sign: "0.0000001", "0".
2. A message that cannot be decoded is an error that names the field by its path; it is one for
   every reader: nesting has a bound of its own, lest it depend on how deep the reader stands.
"""

import re
from decimal import Decimal
from typing import Any, TypeVar, get_args

import msgspec

from tandem.domain.errors import MalformedMessageError
from tandem.domain.units import ZERO
from tandem.messages import deltas, hedges, intents, queries, reports
from tandem.messages.access import AccessAnswer, AccessCall
from tandem.messages.message import Message
from tandem.messages.presence import StrategyAlive, Word

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
    | reports.IdentityReport
    | reports.IntentRefused
    | reports.OrderCleared
    | hedges.Decision
    | hedges.TimerFired
    | hedges.HedgeRefused
    | hedges.Rules
    | hedges.Epoch
    | hedges.Carried
    | hedges.Alarm
    | hedges.Aside
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
    | queries.ExposurePage
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
    *get_args(AccessCall),
    *get_args(AccessAnswer),
    StrategyAlive,
)

T = TypeVar("T")

MAX_NESTING = 32  # what this contract's messages need is below ten
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|([\[{])|([\]}])', re.DOTALL)

_encoder = msgspec.json.Encoder(decimal_format="string")
_NO_SIGN = re.compile(rb'"-0\.0+"')
_fact_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_delta_decoder: msgspec.json.Decoder[AnyDelta] = msgspec.json.Decoder(AnyDelta)
_query_decoder: msgspec.json.Decoder[Query] = msgspec.json.Decoder(Query)
_answer_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_call_decoder: msgspec.json.Decoder[AccessCall] = msgspec.json.Decoder(AccessCall)
_told_decoder: msgspec.json.Decoder[AccessAnswer] = msgspec.json.Decoder(AccessAnswer)
_word_decoder: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)
_PATH = re.compile(r"^(?P<rule>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*?)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")


def encode(message: Message) -> bytes:
    return encode_part(message)


def encode_part(part: object) -> bytes:
    """Encode a part of a message, or a row, as it stands in the message's own bytes."""
    payload = _encoder.encode(part)
    return _encoder.encode(_plain(part)) if _may_be_odd(payload) else payload


def _may_be_odd(payload: bytes) -> bool:
    """Tell whether a decimal in it may have been written in another form than plain digits."""
    if b"E-" in payload or b"E+" in payload:
        return True
    if b'"-0"' in payload:
        return True
    return b'"-0.0' in payload and _NO_SIGN.search(payload) is not None


def _plain(part: object) -> object:
    """Return the same in the terms of JSON, each decimal written out."""
    return _written_out(msgspec.to_builtins(part, builtin_types=(Decimal,)))


def _written_out(value: Any) -> object:
    match value:
        case Decimal():
            return format(value or ZERO, "f")
        case dict():
            return {name: _written_out(one) for name, one in value.items()}
        case list() | tuple():
            return [_written_out(one) for one in value]
        case _:
            return value


def decode_fact(payload: bytes) -> Fact:
    """Decode a fact, whatever subject it stands under: readers of a log use `facts.read_fact`.

    Raises:
        MalformedMessageError: not JSON, nested too deep, an unknown tag, or a field that is
            missing or wrong.
    """
    return _decode(_fact_decoder, payload)


def decode_delta(payload: bytes) -> AnyDelta:
    """Decode a delta; raises as `decode_fact` does. Readers of a stream: `facts.read_delta`."""
    return _decode(_delta_decoder, payload)


def decode_query(payload: bytes) -> Query:
    """Decode one request; raises as `decode_fact` does."""
    return _decode(_query_decoder, payload)


def decode_answer(payload: bytes) -> Answer:
    """Decode one reply; raises as `decode_fact` does."""
    return _decode(_answer_decoder, payload)


def decode_call(payload: bytes) -> AccessCall:
    """Decode what a strategy asks of `access`; raises as `decode_fact` does."""
    return _decode(_call_decoder, payload)


def decode_told(payload: bytes) -> AccessAnswer:
    """Decode what `access` tells a strategy; raises as `decode_fact` does."""
    return _decode(_told_decoder, payload)


def decode_word(payload: bytes) -> Word:
    """Decode what is told and not stored; raises as `decode_fact` does."""
    return _decode(_word_decoder, payload)


def _decode(decoder: "msgspec.json.Decoder[T]", payload: bytes) -> T:
    if is_nested_too_deep(payload):
        raise MalformedMessageError("payload", f"nested deeper than {MAX_NESTING}")
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise _malformed(str(error)) from error
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:
        raise MalformedMessageError("payload", f"not valid JSON: {error}") from error


def is_nested_too_deep(payload: bytes) -> bool:
    """Tell whether arrays and objects of a JSON text lie deeper in each other than any of ours."""
    if payload.count(b"{") + payload.count(b"[") <= MAX_NESTING:
        return False
    depth = 0
    for opening, closing in _BRACKETS.findall(payload):
        depth += bool(opening) - bool(closing)
        if depth > MAX_NESTING:
            return True
    return False


def _malformed(text: str) -> MalformedMessageError:
    match = _PATH.match(text)
    rule, path = (match["rule"], match["path"] or "") if match else (text, "")
    missing = _MISSING.search(rule)
    if missing:
        path = f"{path}.{missing['field']}" if path else missing["field"]
    return MalformedMessageError(path or "payload", rule)
