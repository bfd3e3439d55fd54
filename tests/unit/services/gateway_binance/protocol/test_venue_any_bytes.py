import contextlib
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway_binance.protocol.settings import Endpoints, VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner
from services.gateway_binance.protocol.venue import BinanceVenue
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc
from tandem.domain.instrument import Instrument
from tandem.gateway.port.decoding import UnreadableError
from tandem.gateway.port.requests import (
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    PositionsQuery,
    Query,
    VenueQueryError,
)
from tandem.transport.exchange import RawAnswer, Transport

PAYLOADS = Path(__file__).parents[4] / "data" / "binance"
FRAMES = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]
ODD_VALUES: list[object] = [
    "NaN",
    "1E+999999",
    "-Infinity",
    "",
    "odd",
    None,
    -1,
    2**70,
    [],
    {},
    True,
    "0x1",
]


def _venue() -> BinanceVenue:
    endpoints = Endpoints("http://venue", "ws://venue", "ws://venue/ws-fapi/v1")
    signer = HmacSigner("key", b"secret")
    return BinanceVenue(Exc("binance"), VenueSettings(endpoints=endpoints), signer)


def _answer(body: bytes) -> RawAnswer:
    return RawAnswer(Transport.HTTP, 200, body, 5)


def _any_instrument(venue: BinanceVenue) -> Instrument:
    answer = _answer((PAYLOADS / "exchange_info.json").read_bytes())
    return venue.decode_instruments((answer,)).rows[0]


@st.composite
def altered_frames(draw: st.DrawFn) -> bytes:
    """A payload of the venue in which one value, somewhere, is not what it should be."""
    frame = json.loads(json.dumps(draw(st.sampled_from(FRAMES))))
    place = frame
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys)) if keys else None
        if key is None:
            break
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(st.sampled_from(ODD_VALUES))
        break
    return json.dumps(frame).encode()


@settings(max_examples=150, deadline=None)
@given(frame=st.one_of(altered_frames(), st.binary(max_size=40)))
def test_frame_is_read_or_one_kind_of_error_never_another(frame: bytes) -> None:
    for channel in _venue().channels():
        with contextlib.suppress(UnreadableError):
            assert isinstance(channel.receive(frame, 5), tuple)


@settings(max_examples=150, deadline=None)
@given(body=altered_frames(), status=st.sampled_from([200, 400, 503]))
def test_no_answer_to_an_order_makes_the_decoder_raise(body: bytes, status: int) -> None:
    venue = _venue()
    cancel = CancelOne(instrument=_any_instrument(venue), client_order_id=ClientOrderId("a"))
    for transport in Transport:
        answer = RawAnswer(transport, status, body, 5)
        outcome = venue.decode_outcome(cancel, answer)
        assert outcome.kind in OutcomeKind
        assert isinstance(venue.usage(answer), tuple)


@settings(max_examples=150, deadline=None)
@given(body=altered_frames())
def test_answer_to_a_question_is_read_or_a_query_error_never_another(body: bytes) -> None:
    venue, answer = _venue(), _answer(body)
    for query in (OpenOrdersQuery(), FillsQuery((_any_instrument(venue),), 0), PositionsQuery()):
        _read_listing(venue, query, answer)
    _read_rest(venue, answer)


def _read_listing(venue: BinanceVenue, query: Query, answer: RawAnswer) -> None:
    answers = (_answer(b'{"serverTime":1}'), answer)
    with contextlib.suppress(VenueQueryError):
        venue.decode_listing(query, answers if isinstance(query, PositionsQuery) else (answer,))


def _read_rest(venue: BinanceVenue, answer: RawAnswer) -> None:
    for read in (venue.decode_balance, venue.decode_time, venue.decode_instruments):
        with contextlib.suppress(VenueQueryError):
            read((answer, answer))
