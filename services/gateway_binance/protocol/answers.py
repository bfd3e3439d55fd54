"""What a refused request says: status, code and text on either transport, and how long to wait."""

import msgspec
from msgspec import Struct

from services.gateway_binance.protocol.errors import (
    Answer,
    banned_until_ms,
    judge_order,
)
from tandem.domain.units import MS_PER_S, NS_PER_MS
from tandem.gateway.port.decoding import UnreadableError, decode, printable, whole_number
from tandem.transport.exchange import RawAnswer, Transport

OK = 200
BACK_OFF_MS = 1_000
LONGEST_BAN_MS = 3 * 24 * 3_600 * MS_PER_S
MAX_WORDS = 300


class Refused(Struct, frozen=True):
    code: int | None = None
    msg: str | None = ""


class _WsRefusal(Struct, frozen=True):
    error: Refused = Refused()


_refused = msgspec.json.Decoder(Refused)
_ws_refusal = msgspec.json.Decoder(_WsRefusal)


def refusal_of(answer: RawAnswer) -> Answer:
    """Return status, code and text of an answer that is no success."""
    refused = _refusal_body(answer)
    text = printable((refused.msg or "")[:MAX_WORDS])
    return Answer(status=answer.status, code=refused.code, text=text)


def _refusal_body(answer: RawAnswer) -> Refused:
    """What is no refusal of the venue (a proxy's page) reads as a text without code."""
    try:
        if answer.transport is Transport.HTTP:
            return decode(_refused, answer.body)
        return decode(_ws_refusal, answer.body).error
    except UnreadableError:
        return Refused(None, answer.body[:MAX_WORDS].decode("utf-8", "replace").strip())


def retry_after_ms(refusal: Answer, answer: RawAnswer) -> int:
    """Return how long to wait: the ban's end, what the venue asks for, a second, or not at all."""
    if not judge_order(refusal).is_throttle:
        return 0
    until_ms = banned_until_ms(refusal.text)
    if until_ms is not None:
        return _bounded(until_ms - answer.recv_ns // NS_PER_MS)
    return _bounded((whole_number(answer.header("retry-after") or "") or 0) * MS_PER_S)


def _bounded(wait_ms: int) -> int:
    """Bans last from two minutes to three days (Binance docs, general info, LIMITS)."""
    return min(max(BACK_OFF_MS, wait_ms), LONGEST_BAN_MS)
