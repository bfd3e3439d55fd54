"""What a strategy may have logged, and by which name all else is refused."""

from decimal import Decimal

import msgspec
import pytest

from services.access.admission import IntentBounds, refused_intent
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
    bucket_hash,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.access import CallRefused, LogIntent
from tandem.messages.intents import (
    CancelOrder,
    Halt,
    HedgeOrder,
    LegSpec,
    MakerSpec,
    NewOrder,
    StopHedge,
)
from tandem.messages.message import Message

ALPHA, BINANCE, SOL = Strategy("alpha"), Exc("binance"), Ticker("SOL")
BOUNDS = IntentBounds(4_096)
MAKER, TAKER = maker_cloid(HedgeId("h")), taker_cloid(bucket_hash(BINANCE, SOL, "p"), 0, 1, 0)  # type: ignore[arg-type]
ORDER = NewOrder(
    exc=BINANCE,
    ticker=SOL,
    client_order_id=ClientOrderId("c"),
    amount=Decimal(1),
    order_type=OrderType.LIMIT,
    price=Decimal(5),
    strategy=ALPHA,
)
HEDGE = HedgeOrder(
    hedge_id=HedgeId("h"),
    strategy=ALPHA,
    maker=MakerSpec(exc=BINANCE, ticker=SOL, amount=Decimal(1), price=Decimal(5)),
    legs=(LegSpec(exc=BINANCE, ticker=SOL),),
)
STOP = StopHedge(hedge_id=HedgeId("h"), token=Token("t"), strategy=ALPHA)
BY_CLOID = CancelOrder(exc=BINANCE, token=Token("t"), strategy=ALPHA, client_order_id=MAKER)
BY_OID = CancelOrder(
    exc=BINANCE, token=Token("t"), strategy=ALPHA, venue_order_id=VenueOrderId("7")
)
OF_ALL = CancelOrder(exc=BINANCE, token=Token("t"), strategy=ALPHA)
SUBJECTS = {
    ORDER: subjects.new_order(BINANCE, ALPHA, ClientOrderId("c")),
    HEDGE: subjects.hedge_intent(ALPHA, HedgeId("h")),
    STOP: subjects.stop_hedge(ALPHA, Token("t")),
    BY_CLOID: subjects.cancel_order(BINANCE, ALPHA, MAKER, Token("t")),
    BY_OID: subjects.cancel_by_oid(BINANCE, ALPHA, VenueOrderId("7"), Token("t")),
    OF_ALL: subjects.cancel_all(BINANCE, ALPHA, Token("t")),
}


def _refused(message: Message, subject: str, strategy: Strategy = ALPHA) -> CallRefused | None:
    asked = LogIntent(subject=subject, payload=codec.encode(message))
    return refused_intent(strategy, asked, BOUNDS)


@pytest.mark.parametrize("intent", SUBJECTS, ids=lambda one: one.__struct_config__.tag)
def test_its_own_intents_are_admitted_under_their_own_subject_only(intent: Message) -> None:
    assert _refused(intent, SUBJECTS[intent]) is None
    for other in {*SUBJECTS.values(), subjects.halt(Token("t"))} - {SUBJECTS[intent]}:
        refused = _refused(intent, other)
        assert refused is not None
        assert refused.value == other


@pytest.mark.parametrize("intent", SUBJECTS, ids=lambda one: one.__struct_config__.tag)
def test_nobody_asks_in_another_s_name(intent: Message) -> None:
    refused = _refused(intent, SUBJECTS[intent], Strategy("beta"))
    assert refused is not None
    assert (refused.field, refused.value, refused.rule) == ("strategy", "alpha", "beta, who asks")


@pytest.mark.parametrize("cloid", [MAKER, TAKER, MAKER.upper().replace("X", "x", 1)])
def test_e3_client_ids_of_hedges_are_refused(cloid: ClientOrderId) -> None:
    order = msgspec.structs.replace(ORDER, client_order_id=cloid)
    refused = _refused(order, subjects.new_order(BINANCE, ALPHA, cloid))
    assert refused is not None
    assert (refused.field, refused.value) == ("cloid", cloid)


def test_e3_an_order_of_a_hedge_is_refused() -> None:
    order = msgspec.structs.replace(ORDER, hedge_id=HedgeId("h"))
    refused = _refused(order, SUBJECTS[ORDER])
    assert refused is not None
    assert refused.field == "hedge_id"


@pytest.mark.parametrize("token", ["suspend-1-2", "t-1", "", "x" * 65])
def test_e3_tokens_of_tandem_s_own_calls_are_refused(token: str) -> None:
    cancel = msgspec.structs.replace(BY_CLOID, token=Token(token))
    stop = msgspec.structs.replace(STOP, token=Token(token))
    for refused in (
        _refused(cancel, subjects.cancel_order(BINANCE, ALPHA, MAKER, Token(token))),
        _refused(stop, subjects.stop_hedge(ALPHA, Token(token))),
    ):
        assert refused is not None
        assert refused.field == "token"


def test_a_halt_is_the_operator_s() -> None:
    refused = _refused(Halt(token=Token("t"), strategy=ALPHA), subjects.halt(Token("t")))
    assert refused is not None
    assert (refused.field, refused.value) == ("type", "halt")


def test_e12_size_and_nesting_are_refused_by_name() -> None:
    large = LogIntent(subject="s", payload=b"x" * 4_097)
    deep = LogIntent(subject="s", payload=b'{"a":' * 1_200)

    assert refused_intent(ALPHA, large, BOUNDS) == CallRefused(
        field="payload", value="4097 bytes", rule="at most 4096 bytes"
    )
    for payload in (deep.payload[: 819 * 5], b"[" * 33):
        asked = LogIntent(subject="s", payload=payload)
        assert refused_intent(ALPHA, asked, BOUNDS) == CallRefused(
            field="payload", value="s", rule="nested deeper than 32"
        )


def test_e12_long_texts_are_refused_by_their_place() -> None:
    long = msgspec.structs.replace(HEDGE.maker, ticker=Ticker("x" * 129))
    refused = _refused(msgspec.structs.replace(HEDGE, maker=long), SUBJECTS[HEDGE])
    assert refused is not None
    assert (refused.field, refused.value) == ("maker.ticker", "129 characters")
    assert _refused(msgspec.structs.replace(HEDGE, legs=()), SUBJECTS[HEDGE]) is None


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b'{"type":"new_order"}', b'{"type":"?"}'])
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    assert refused_intent(ALPHA, LogIntent(subject="s", payload=payload), BOUNDS) is not None


def test_e7_orders_and_hedges_are_for_accounts_that_there_are() -> None:
    """No gateway ends an order at another one, and a hedge there waits for up to a day."""
    bounds = IntentBounds(4_096, frozenset({"hyperliquid", "other"}))
    there = IntentBounds(4_096, frozenset({"binance"}))
    elsewhere = LegSpec(exc=Exc("nowhere"), ticker=SOL)
    named = {ORDER: "exc", BY_CLOID: "exc", BY_OID: "exc", OF_ALL: "exc", HEDGE: "maker.exc"}
    for intent, subject in SUBJECTS.items():
        asked = LogIntent(subject=subject, payload=codec.encode(intent))
        assert refused_intent(ALPHA, asked, there) is None
        rule = "an account of this desk: hyperliquid, other"
        refused = CallRefused(field=named.get(intent, ""), value="binance", rule=rule)
        assert refused_intent(ALPHA, asked, bounds) == (refused if intent in named else None)
    hedge = msgspec.structs.replace(HEDGE, legs=(*HEDGE.legs, elsewhere))
    asked = LogIntent(subject=SUBJECTS[HEDGE], payload=codec.encode(hedge))
    refused_leg = refused_intent(ALPHA, asked, there)
    assert refused_leg is not None
    assert (refused_leg.field, refused_leg.value) == ("legs[1].exc", "nowhere")
