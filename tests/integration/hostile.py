"""Everything that a hostile strategy can say to have somebody else write for it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# A subject of each kind that some reader acts upon, in each stream.
TARGETS = (
    "oms.hedge.decision.hyperliquid.SOL.alpha.0.1",
    "oms.hedge.timer.key.1",
    "oms.hedge.refused.h",
    "oms.intent.binance.beta.c.new",
    "oms.intent.hedge.beta.h",
    "oms.venue.binance.fill.SOL.9",
    "oms.venue.binance.order.SOL.7.CANCELLED.0.1.event",
    "oms.venue.binance.specs.x",
    "oms.control.stop.beta.t",
    "oms.control.halt.t",
    "oms.control.epoch.1",
    "oms.control.rules.1",
    "oms.control.alarm.hedger.x",
    "orders.binance.c.0.1.0",
    "fills.binance.1.0.1.0",
    "positions.binance.SOL.0.1.0",
    "hedges.h.0.1.0",
    "snap.hedger.rules",
    "marks.binance.SOL",
    "leases.binance",
)
STREAMS = ("OMS", "DELTAS", "SNAP", "MARKS", "LEASES")
OF_STREAM = (
    "STREAM.INFO.{s}", "STREAM.MSG.GET.{s}", "STREAM.MSG.DELETE.{s}", "STREAM.UPDATE.{s}",
    "STREAM.CREATE.{s}", "STREAM.DELETE.{s}", "STREAM.PURGE.{s}", "STREAM.SNAPSHOT.{s}",
    "STREAM.RESTORE.{s}", "STREAM.PEER.REMOVE.{s}", "STREAM.LEADER.STEPDOWN.{s}",
    "DIRECT.GET.{s}", "DIRECT.GET.{s}.oms.intent.binance.alpha.own.new",
    "CONSUMER.NAMES.{s}", "CONSUMER.LIST.{s}", "CONSUMER.CREATE.{s}", "CONSUMER.CREATE.{s}.n",
    "CONSUMER.CREATE.{s}.n.oms.venue.*.specs.>", "CONSUMER.DURABLE.CREATE.{s}.n",
    "CONSUMER.INFO.{s}.n", "CONSUMER.DELETE.{s}.n", "CONSUMER.MSG.NEXT.{s}.n",
    "CONSUMER.PAUSE.{s}.n", "CONSUMER.UNPIN.{s}.n", "CONSUMER.RESET.{s}.n",
    "CONSUMER.LEADER.STEPDOWN.{s}.n",
)  # fmt: skip
OF_ACCOUNT = (
    "INFO", "STREAM.NAMES", "STREAM.LIST", "STREAM.TEMPLATE.CREATE.t", "STREAM.TEMPLATE.NAMES",
    "STREAM.TEMPLATE.INFO.t", "STREAM.TEMPLATE.DELETE.t", "STREAM.CREATE.MIRROR",
    "STREAM.CREATE.KV_b", "STREAM.CREATE.OBJ_b", "ACCOUNT.PURGE.x", "ACCOUNT.STREAM.MOVE.x.y",
    "META.LEADER.STEPDOWN", "SERVER.REMOVE",
)  # fmt: skip
OURS = (
    "tandem.page.orders", "tandem.page.positions", "tandem.page.fills", "tandem.page.hedges",
    "tandem.page.exposure", "tandem.page.order-history", "tandem.page.epoch", "tandem.ask.binance",
    "tandem.ask.hyperliquid",
    "tandem.presence.hedger", "tandem.alive", "access.alpha.call", "access.alpha.read.copy0",
    "access.beta.call",
)  # fmt: skip
SERVERS = (
    "$JS.FC.OMS.n.x",
    "$JS.ACK.OMS.n.1.1.1.1.0",
    "$KV.b.k",
    "$O.b.C.c",
    "$SYS.REQ.SERVER.PING",
)
QUESTIONS = (
    b'{"type":"page_request"}',
    b'{"type":"venue_ask","kind":"balance"}',
    b'{"type":"epoch","epoch":1}',
    b'{"type":"read_state","stream":"OMS"}',
)


@dataclass(frozen=True, slots=True)
class Said:
    """One publish."""

    subject: str
    payload: bytes
    reply: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def everything(targets: Sequence[str] = TARGETS) -> Iterator[Said]:
    """Yield every call and request with every target as its reply or where it delivers."""
    for target in targets:
        yield Said(target, b"{}")
        yield Said(target, b"{}", reply=TARGETS[0])
        for subject in (*OURS, *SERVERS):
            for question in QUESTIONS:
                yield Said(subject, question, reply=target)
        yield from _traced(target)
        for call in _calls():
            for body in _bodies(call, target):
                yield Said(f"$JS.API.{call}", body, reply=target)


def _traced(target: str) -> Iterator[Said]:
    """The server tells the course of a message to whom its header names."""
    for only in ("", "true"):
        headers = {"Nats-Trace-Dest": target} | ({"Nats-Trace-Only": only} if only else {})
        yield Said("access.alpha.call", QUESTIONS[-1], "_INBOX_strategy-alpha.x", headers)
        yield Said("oms.intent.binance.alpha.traced.new", b"{}", "", headers)


def _calls() -> Iterator[str]:
    yield from OF_ACCOUNT
    for stream in STREAMS:
        yield from (call.format(s=stream) for call in OF_STREAM)


def _bodies(call: str, target: str) -> Iterator[bytes]:
    if call.startswith("CONSUMER") and "CREATE" in call:
        stream = next(one for one in STREAMS if one in call.split("."))
        yield from _consumers(stream, target, call)
    elif "CREATE" in call or "UPDATE" in call:
        yield _json({"name": call.rpartition(".")[2], "subjects": [f"mine.{target}"]})
        sources = {"name": "OMS", "subject_transforms": [{"src": "oms.>", "dest": target}]}
        yield _json({"name": call.rpartition(".")[2], "mirror": sources})
        yield _json({"name": call.rpartition(".")[2], "republish": {"src": ">", "dest": target}})
    elif "GET" in call:
        yield _json({"seq": 1})
        yield _json({"last_by_subj": "oms.intent.binance.alpha.own.new"})
    else:
        yield b""


def _consumers(stream: str, target: str, call: str) -> Iterator[bytes]:
    own = "oms.intent.binance.alpha.own.new"
    tokens = call.split(".")
    named = {"name": "n"} if tokens[-1] != stream else {}
    if "DURABLE" in call:
        named = {"durable_name": "n"}
    for chosen in (own, "oms.venue.*.specs.>", ""):
        config = {"deliver_subject": target, "ack_policy": "none", **named}
        if chosen:
            config["filter_subject"] = chosen
        yield _json({"stream_name": stream, "config": config})
    heartbeat = {"deliver_subject": target, "flow_control": True, "idle_heartbeat": 100_000_000}
    yield _json({"stream_name": stream, "config": {**heartbeat, **named}})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
