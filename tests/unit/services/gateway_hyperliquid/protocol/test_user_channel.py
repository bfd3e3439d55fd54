"""The account's stream: opened with the right address, read without assumptions."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.fill_ledger import Witness
from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.reports import Reading
from services.gateway_hyperliquid.protocol.user_channel import (
    REFUSALS_BELIEVED,
    Endpoints,
    UserChannel,
)
from services.gateway_hyperliquid.protocol.wire import FillRow
from tandem.domain.errors import ConfigurationError
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc
from tandem.domain.order import OrderStatus
from tandem.gateway.port.channel import (
    CallHttp,
    ChannelReady,
    RenewNeeded,
    ReopenNeeded,
    ResyncNeeded,
    SendFrame,
    UnknownEvent,
)
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Stamp, VenueQueryError
from tandem.messages.facts import subject_of
from tandem.messages.reports import FillCost, FillReport, OrderReport
from tandem.transport.exchange import RawAnswer, Transport

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
STAMP = Stamp(1, 2, 3, 4)
ACCOUNT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
AGENT = "0x1563915e194d8cfba1943570603f7606a3115508"
AGENT_ROLE = b'{"role":"agent","data":{"user":"' + ACCOUNT.encode() + b'"}}'
S = 1_000_000_000


def answer(body: bytes) -> RawAnswer:
    return RawAnswer(Transport.HTTP, 200, body, 5)


def unopened(identity: Identity = Identity(ACCOUNT, AGENT)) -> UserChannel:  # noqa: B008  (frozen)
    endpoints = Endpoints("http://venue", "ws://venue/ws")
    return UserChannel(Exc("hyperliquid"), endpoints, identity, Witness())


def opened(identity: Identity = Identity(ACCOUNT, AGENT)) -> UserChannel:  # noqa: B008  (frozen)
    channel = unopened(identity)
    channel.open(answer(AGENT_ROLE), STAMP, ())
    return channel


def confirmation(kind: str) -> bytes:
    subscription = {"type": kind, "user": ACCOUNT}
    data = {"method": "subscribe", "subscription": subscription}
    return json.dumps({"channel": "subscriptionResponse", "data": data}).encode()


def test_it_asks_first_for_whom_the_key_may_act() -> None:
    channel = UserChannel(
        Exc("hyperliquid"),
        Endpoints("http://venue", "ws://venue/ws"),
        Identity(ACCOUNT, AGENT),
        Witness(),
    )

    request = channel.prepare(STAMP)

    assert request is not None
    assert request.url == "http://venue/info"
    assert json.loads(request.body) == {"type": "userRole", "user": AGENT}


def test_the_role_is_asked_once() -> None:
    assert opened().prepare(STAMP) is None


def test_an_agents_address_as_the_account_is_refused() -> None:
    channel = unopened(Identity(AGENT, AGENT))
    for _ in range(REFUSALS_BELIEVED - 1):
        with pytest.raises(VenueQueryError, match="asked for again"):
            channel.open(answer(AGENT_ROLE), STAMP, ())
    with pytest.raises(ConfigurationError, match=f"the account it acts for is {ACCOUNT}"):
        channel.open(answer(AGENT_ROLE), STAMP, ())


def test_e8_one_answer_that_refuses_the_key_ends_nothing() -> None:
    channel = unopened(Identity(ACCOUNT, AGENT))
    for _ in range(REFUSALS_BELIEVED - 1):
        with pytest.raises(VenueQueryError, match="asked for again"):
            channel.open(answer(b'{"role":"missing"}'), STAMP, ())
    assert channel.open(answer(AGENT_ROLE), STAMP, ()).frames


SECOND = "0x" + "77" * 20


def asked(channel: UserChannel, mono_ns: int) -> list[str]:
    steps = channel.tick(mono_ns, STAMP)
    bodies = [json.loads(step.request.body) for step in steps if isinstance(step, CallHttp)]
    return [body["user"] for body in bodies]


def test_further_keys_are_asked_about_once_it_is_open() -> None:
    channel = opened(Identity(ACCOUNT, AGENT, others=(SECOND,)))
    assert asked(channel, 1) == [SECOND]
    assert asked(channel, 2) == []
    channel.answered(answer(AGENT_ROLE))
    assert asked(channel, 10**11) == []


def test_question_about_a_further_key_without_a_usable_answer_is_asked_again() -> None:
    channel = opened(Identity(ACCOUNT, AGENT, others=(SECOND,)))
    first = asked(channel, 1)
    channel.answered(RawAnswer(Transport.HTTP, 500, b"", 5))
    assert first == asked(channel, 10**11) == [SECOND]


def test_further_key_of_another_account_is_refused() -> None:
    channel = opened(Identity(ACCOUNT, AGENT, others=(SECOND,)))
    for tried in range(REFUSALS_BELIEVED - 1):
        assert asked(channel, 1 + tried * 10**11) == [SECOND]
        channel.answered(answer(b'{"role":"missing"}'))
    with pytest.raises(ConfigurationError, match="agent"):
        channel.answered(answer(b'{"role":"missing"}'))


def test_it_subscribes_by_the_accounts_address() -> None:
    opening = opened().open(None, STAMP, ())

    wanted = [json.loads(frame).get("subscription") for frame in opening.frames]
    assert wanted == [
        {"type": "orderUpdates", "user": ACCOUNT},
        {"type": "userFills", "user": ACCOUNT},
        None,
    ]


def test_it_is_ready_when_both_are_confirmed() -> None:
    channel = opened()

    assert channel.receive(confirmation("orderUpdates"), 5) == ()
    assert channel.receive(confirmation("userFills"), 5) == (ChannelReady(),)


def test_order_updates_become_reports() -> None:
    items = opened().receive((DATA / "order_updates.json").read_bytes(), 5)

    statuses = [item.order_status for item in items if isinstance(item, OrderReport)]
    assert statuses == [OrderStatus.NEW, OrderStatus.FILLED, OrderStatus.REJECTED]


def test_a_snapshot_of_fills_becomes_fills_and_costs() -> None:
    items = opened().receive((DATA / "user_fills.json").read_bytes(), 5)

    assert len([item for item in items if isinstance(item, FillReport)]) == 5
    assert len([item for item in items if isinstance(item, FillCost)]) == 5


@pytest.mark.parametrize(
    "names", [("order_updates", "user_fills"), ("user_fills", "order_updates")]
)
def test_fills_and_end_prove_the_quantity_in_either_order(names: tuple[str, str]) -> None:
    channel = opened()

    items = [
        item for name in names for item in channel.receive((DATA / f"{name}.json").read_bytes(), 5)
    ]

    proven = [item for item in items if isinstance(item, OrderReport) and item.cum_qty]
    assert [report.cum_qty for report in proven] == [Decimal("0.01")]


def test_repeated_fills_are_the_same_facts() -> None:
    channel, frame = opened(), (DATA / "user_fills.json").read_bytes()

    assert channel.receive(frame, 5) == channel.receive(frame, 5)


def test_the_stream_and_the_lists_tell_each_fact_under_one_identity() -> None:
    frame = json.loads((DATA / "user_fills.json").read_bytes())
    here = Reading(Exc("hyperliquid"), ACCOUNT, 9, ReportSource.QUERY)
    rows = msgspec.convert(frame["data"]["fills"], list[FillRow], strict=False)

    told = opened().receive((DATA / "user_fills.json").read_bytes(), 5)
    witness = Witness()
    listed = tuple(fact for row in rows for fact in witness.fill(row, here))

    assert [subject_of(one) for one in told if isinstance(one, FillReport | FillCost)] == [
        subject_of(one) for one in listed
    ]


def test_an_unknown_status_asks_for_a_resync() -> None:
    frame = (DATA / "order_updates.json").read_bytes().replace(b'"open"', b'"odd"')

    items = opened().receive(frame, 5)

    assert items[0] == UnknownEvent("order status odd")
    assert items[-1] == ResyncNeeded("order status odd")


@pytest.mark.parametrize(
    "frame", [b"garbage", b'{"channel":"userFills","data":{}}', b'{"channel":"new","data":1}']
)
def test_what_cannot_be_read_asks_for_a_resync(frame: bytes) -> None:
    items = opened().receive(frame, 5)

    assert isinstance(items[-1], ResyncNeeded | Unsound)


def test_a_refused_subscription_ends_the_connection() -> None:
    items = opened().receive(b'{"channel":"error","data":"Cannot track more than 15"}', 5)

    assert items == (ReopenNeeded('"Cannot track more than 15"'),)


def test_it_is_kept_alive() -> None:
    channel = opened()
    channel.receive(confirmation("orderUpdates"), 5)
    channel.receive(confirmation("userFills"), 5)
    channel.tick(1 * S, STAMP)

    assert channel.tick(21 * S, STAMP) == (SendFrame(b'{"method":"ping"}'),)


def test_it_has_no_market_data_and_asks_nothing_over_http() -> None:
    assert opened().watch(()) == ()
    assert opened().answered(answer(b"")) == ()


def test_a_day_old_connection_asks_for_its_successor_which_knows_the_same() -> None:
    channel = opened()
    channel.receive((DATA / "order_updates.json").read_bytes(), 5)
    channel.tick(0, STAMP)
    (renewal,) = (
        step for step in channel.tick(23 * 3_600 * S, STAMP) if isinstance(step, RenewNeeded)
    )

    assert renewal.channel.prepare(STAMP) is None
    renewal.channel.open(None, STAMP, ())
    items = renewal.channel.receive((DATA / "user_fills.json").read_bytes(), 5)
    assert [one.cum_qty for one in items if isinstance(one, OrderReport)] == [Decimal("0.01")]
