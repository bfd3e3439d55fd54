"""The only file that spells a subject or a stream name.

1. A fact's subject is its identity: the stream keeps one message a subject.
2. Every token from outside is percent-encoded except `[A-Za-z0-9_-]`; decimals are canonical
   (no exponent, no trailing zero, dot as `p`); Hyperliquid cloids are lower-case.
3. What a strategy asks for names it in a token, which the server can hold it to: a payload proves
   nothing.
4. No token is longer than `MAX_TOKEN`, whatever text it stands for: a longer one is its digest,
   marked so that no text can spell it. A subject has few tokens, so it stays far below what the
   server takes in one line (4,096 bytes with the reply's subject: nats-server, `max_control_line`).
"""

import hashlib
from decimal import Decimal
from functools import lru_cache
from urllib.parse import unquote

from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    exec_key,
)
from tandem.messages.deltas import Delta
from tandem.messages.reports import OrderReport, PositionReport

OMS_STREAM = "OMS"
DELTAS_STREAM = "DELTAS"
SNAP_STREAM = "SNAP"
MARKS_STREAM = "MARKS"
LEASES_STREAM = "LEASES"

ALL_FACTS = "oms.>"
# Of a fill's subject: how many tokens it has, and which of them says that it is one.
FILL_TOKENS, KIND = 6, 3
ALL_INTENTS = "oms.intent.>"
ALL_HEDGE_INTENTS = "oms.intent.hedge.*.*"
ALL_NEW_ORDERS = "oms.intent.*.*.*.new"
ALL_CANCELS = "oms.intent.*.*.*.cancel.*"
ALL_REPORTS = "oms.venue.>"
ALL_DECISIONS = "oms.hedge.decision.>"
ALL_TIMERS = "oms.hedge.timer.>"
ALL_HEDGE_FACTS = "oms.hedge.>"
ALL_CONTROL = "oms.control.>"
ALL_EPOCHS = "oms.control.epoch.*"
ALL_STOPS = "oms.control.stop.*.*"
ALL_HALTS = "oms.control.halt.*"
ALL_RESUMES = "oms.control.resume.*"
ALL_ALARMS = "oms.control.alarm.>"
ALL_RULES = "oms.control.rules.>"
ALL_ASIDES = "oms.control.aside.*"
ALL_DELTAS = ("orders.>", "positions.>", "fills.>", "hedges.>")
ALL_SNAPSHOTS = "snap.>"
ALL_MARKS = "marks.>"
ALL_LEASES = "leases.>"
ALL_ACCESS = "access.>"
ALL_SENDING = "tandem.sending.*"
ALIVE = "tandem.alive"  # where clients of strategies say that they live

ORDERS_PAGE = "tandem.page.orders"
POSITIONS_PAGE = "tandem.page.positions"
FILLS_PAGE = "tandem.page.fills"
HEDGES_PAGE = "tandem.page.hedges"
EXPOSURE_PAGE = "tandem.page.exposure"
ORDER_HISTORY = "tandem.page.order-history"
BEGIN_EPOCH = "tandem.page.epoch"

MAX_TOKEN = 400  # 120 characters of a name (`rules.MAX_ID_LENGTH`) fit, unless most are foreign
MAX_SUBJECT = 2_000  # what is longer is no subject of ours
_CACHED_LENGTH = 64
_MOST_DIGITS = 60  # of a decimal, before or after the point, in plain notation

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_ENCODED = tuple(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in range(256))


def token(text: str) -> str:
    """Return one subject token for any text; `-` stands for the empty text."""
    return _short_token(text) if len(text) <= _CACHED_LENGTH else _spell(text)


def _spell(text: str) -> str:
    if text in {"", "-"}:
        return "%2D" if text else "-"
    # JSON can spell half a surrogate pair, which is no character: it still needs one spelling.
    raw = text.encode(errors="surrogatepass")
    spelled = "".join([_ENCODED[byte] for byte in raw]) if len(raw) <= MAX_TOKEN else ""
    return spelled if 0 < len(spelled) <= MAX_TOKEN else f"%h{_digest(raw)}"


_short_token = lru_cache(maxsize=8_192)(_spell)


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def untoken(text: str) -> str:
    """Return the text that `token` encoded; a digest stays as it is."""
    return "" if text == "-" else unquote(text)


def decimal_token(value: Decimal | None) -> str:
    """Return a canonical decimal: `p` for the point, `m` for minus, `x` for None.

    What is no number, or of a size that nobody trades in, is a digest of its spelling: written
    out it could have as many digits as it likes.
    """
    if value is None:
        return "x"
    text = str(value)
    if "E" in text or not value.is_finite():
        if not value.is_finite() or _plain_digits(value) > _MOST_DIGITS:
            return f"%n{_digest(text.encode())}"
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace(".", "p").replace("-", "m")


def _plain_digits(value: Decimal) -> int:
    """Return how many digits the longer side of the point has in plain notation."""
    exponent = value.as_tuple().exponent
    return max(value.adjusted(), -exponent) if isinstance(exponent, int) else 0


def hedge_intent(strategy: Strategy, hedge_id: HedgeId) -> str:
    return f"oms.intent.hedge.{token(strategy)}.{token(hedge_id)}"


def new_order(exc: Exc, strategy: Strategy, cloid: ClientOrderId) -> str:
    return f"oms.intent.{token(exc)}.{token(strategy)}.{token(cloid)}.new"


def cancel_order(exc: Exc, strategy: Strategy, cloid: ClientOrderId, call: Token) -> str:
    return f"oms.intent.{token(exc)}.{token(strategy)}.{_cancelled(cloid)}.cancel.{token(call)}"


def _cancelled(cloid: ClientOrderId) -> str:
    """A client id that spells like what stands for an oid, or for all, is told from both."""
    return f"%c{token(cloid)}" if cloid == "all" or cloid.startswith("oid:") else token(cloid)


def cancel_by_oid(exc: Exc, strategy: Strategy, oid: str, call: Token) -> str:
    return f"oms.intent.{token(exc)}.{token(strategy)}.{token(f'oid:{oid}')}.cancel.{token(call)}"


def cancel_all(exc: Exc, strategy: Strategy, call: Token) -> str:
    return f"oms.intent.{token(exc)}.{token(strategy)}.all.cancel.{token(call)}"


def intents_of(exc: Exc) -> str:
    return f"oms.intent.{token(exc)}.>"


def intents_by(strategy: Strategy) -> str:
    """Everything that one strategy may ask for."""
    return f"oms.intent.*.{token(strategy)}.>"


def stops_by(strategy: Strategy) -> str:
    return f"oms.control.stop.{token(strategy)}.*"


def order_report(report: OrderReport) -> str:
    """Identity of an order report: what is said, not who said it first.

    Venue update time and cumulative quantity make amended orders' reports distinct.
    """
    name = report.venue_order_id or report.client_order_id or ""
    doubt = "doubt" if report.in_doubt else report.source.value
    return (
        f"oms.venue.{token(report.exc)}.order.{token(report.ticker)}.{token(name)}."
        f"{report.order_status.value}.{decimal_token(report.cum_qty)}.{report.ts_event_ns}.{doubt}"
    )


def fill_report(exc: Exc, ticker: Ticker, exec_id: ExecId) -> str:
    return f"oms.venue.{token(exc)}.fill.{token(ticker)}.{token(exec_id)}"


def of_one_identity(subject: str) -> str:
    """Return the subject by which a fact that a log holds under a former identity goes now."""
    tokens = subject.split(".")
    if len(tokens) != FILL_TOKENS or tokens[KIND] not in {"fill", "fillcost"}:
        return subject
    return ".".join((*tokens[:-1], exec_key(ExecId(tokens[-1]))))


def fill_cost(exc: Exc, ticker: Ticker, exec_id: ExecId) -> str:
    return f"oms.venue.{token(exc)}.fillcost.{token(ticker)}.{token(exec_id)}"


def position_report(report: PositionReport) -> str:
    """Return the subject; the same number said of more fills is another fact."""
    extent = ".inclusive" if report.inclusive else ""
    return (
        f"oms.venue.{token(report.exc)}.position.{token(report.ticker)}.BOTH."
        f"{report.ts_event_ns}.{decimal_token(report.amount)}.{decimal_token(report.entry)}{extent}"
    )


def mark_report(exc: Exc, ticker: Ticker, minute: int) -> str:
    return f"oms.venue.{token(exc)}.mark.{token(ticker)}.{minute}"


def specs_report(exc: Exc, content: bytes) -> str:
    return f"oms.venue.{token(exc)}.specs.{_digest(content)}"


def link_report(exc: Exc, run: str, n: int) -> str:
    return f"oms.venue.{token(exc)}.link.{token(run)}.{n}"


def sender_report(exc: Exc, term: int, n: int) -> str:
    return f"oms.venue.{token(exc)}.sender.{term}.{n}"


def identity_report(exc: Exc) -> str:
    """Say whose log it is: one message, and whoever says it first is right."""
    return f"oms.venue.{token(exc)}.identity"


def senders_of(exc: Exc) -> str:
    """Filter: every message by which a process became an account's sender."""
    return f"oms.venue.{token(exc)}.sender.*.*"


def intent_refused(exc: Exc, intent_subject: str) -> str:
    return f"oms.venue.{token(exc)}.refused.{token(intent_subject)}"


def order_cleared(exc: Exc, cloid: ClientOrderId) -> str:
    return f"oms.venue.{token(exc)}.cleared.{token(cloid)}"


def reports_of(exc: Exc) -> str:
    return f"oms.venue.{token(exc)}.>"


def reports_kind_of(exc: Exc, kind: str) -> str:
    """Filter for one kind of report of one account."""
    return f"oms.venue.{token(exc)}.{kind}.>"


def reports_kind(kind: str) -> str:
    """Filter for one kind of report of every account: order, fill, position and so on."""
    return f"oms.venue.*.{kind}.>"


def decision(bucket: tuple[Exc, Ticker, Pool], epoch: int, ordinal: int) -> str:
    exc, ticker, pool = bucket
    return f"oms.hedge.decision.{token(exc)}.{token(ticker)}.{token(pool)}.{epoch}.{ordinal}"


def decision_slot(subject: str) -> tuple[tuple[Exc, Ticker, Pool], int, int] | None:
    """Return the bucket, epoch and ordinal that a decision's subject names; None: it is none."""
    stem, *names = subject.removeprefix("oms.hedge.").split(".")
    if stem != "decision" or len(names) != 5 or not (names[3] + names[4]).isdecimal():
        return None
    exc, ticker, pool = map(untoken, names[:3])
    slot = ((Exc(exc), Ticker(ticker), Pool(pool)), int(names[3]), int(names[4]))
    return slot if decision(*slot) == subject else None


def rules_slot(subject: str) -> int | None:
    """Return the ordinal that an activation's subject names; None: it is none."""
    last = subject.rpartition(".")[2]
    return int(last) if last.isdecimal() and rules(int(last)) == subject else None


def decisions_of(exc: Exc) -> str:
    return f"oms.hedge.decision.{token(exc)}.>"


def hedge_refused(hedge_id: HedgeId) -> str:
    return f"oms.hedge.refused.{token(hedge_id)}"


def timer(key: str, attempt: int) -> str:
    return f"oms.hedge.timer.{token(key)}.{attempt}"


def carried(epoch: int) -> str:
    return f"oms.hedge.carried.{epoch}"


def stop_hedge(strategy: Strategy, call: Token) -> str:
    return f"oms.control.stop.{token(strategy)}.{token(call)}"


def halt(call: Token) -> str:
    return f"oms.control.halt.{token(call)}"


def resume(call: Token) -> str:
    return f"oms.control.resume.{token(call)}"


def rules(ordinal: int) -> str:
    return f"oms.control.rules.{ordinal}"


def aside(seq: int) -> str:
    return f"oms.control.aside.{seq}"


def epoch(number: int) -> str:
    return f"oms.control.epoch.{number}"


def alarms_of(source: str) -> str:
    """Filter: what one service alarms about."""
    return f"oms.control.alarm.{token(source)}.>"


def alarm(source: str, key: str) -> str:
    return f"oms.control.alarm.{token(source)}.{token(key)}"


def order_delta(exc: Exc, name: str, delta: Delta) -> str:
    return f"orders.{token(exc)}.{token(name)}.{delta.delta_id}"


def position_delta(exc: Exc, ticker: Ticker, delta: Delta) -> str:
    return f"positions.{token(exc)}.{token(ticker)}.{delta.delta_id}"


def fill_delta(exc: Exc, exec_id: str, delta: Delta) -> str:
    return f"fills.{token(exc)}.{token(exec_id)}.{delta.delta_id}"


def hedge_delta(hedge_id: HedgeId, delta: Delta) -> str:
    return f"hedges.{token(hedge_id)}.{delta.delta_id}"


def bucket_delta(bucket: tuple[Exc, Ticker, Pool], delta: Delta) -> str:
    exc, ticker, pool = bucket
    return f"hedges.bucket.{token(exc)}.{token(ticker)}.{token(pool)}.{delta.delta_id}"


def deltas_of(kind: str, exc: Exc | None = None) -> str:
    """Filter for deltas: kind `orders`, `positions`, `fills` or `hedges`, of one account or all."""
    return f"{kind}.{token(exc)}.>" if exc else f"{kind}.>"


def snapshot(fold: str, rules_hash: str) -> str:
    return f"snap.{token(fold)}.{token(rules_hash)}"


def snapshots_of(fold: str) -> str:
    return f"snap.{token(fold)}.>"


def marks_of(exc: Exc) -> str:
    return f"marks.{token(exc)}.>"


def snapshot_part(fold: str, rules_hash: str, slot: str, part: int) -> str:
    """One piece of a snapshot's state; `snapshot` holds the header that names its slot."""
    return f"{snapshot(fold, rules_hash)}.{token(slot)}.{part}"


def mark(exc: Exc, ticker: Ticker) -> str:
    return f"marks.{token(exc)}.{token(ticker)}"


def lease(exc: Exc) -> str:
    """Where it stands who may send for an account."""
    return f"leases.{token(exc)}"


def identity(exc: Exc) -> str:
    """Where it stands whose log this is, for longer than any fact is kept."""
    return f"leases.{token(exc)}.identity"


def presence(fold: str) -> str:
    """Where copies of a fold say that they stand at the head of the log, several times a second."""
    return f"tandem.presence.{token(fold)}"


def sending(exc: Exc) -> str:
    """Where the copy of a gateway that sends says so, many times a second, while takers go out."""
    return f"tandem.sending.{token(exc)}"


def venue_ask(exc: Exc) -> str:
    return f"tandem.ask.{token(exc)}"


def access_calls(strategy: Strategy) -> str:
    """Where a strategy asks, and whichever copy of `access` answers."""
    return f"access.{token(strategy)}.call"


def access_readings(strategy: Strategy, copy: Token) -> str:
    """Where a strategy asks the copy that has at hand what it reads next."""
    return f"access.{token(strategy)}.read.{token(copy)}"


def access_by(strategy: Strategy) -> str:
    """Everything that one strategy may say at all."""
    return f"access.{token(strategy)}.>"
