"""What a strategy may read and ask: what concerns every strategy, and what is its own (pure).

1. Of the log: instrument tables, epochs, its own intents and stops. No other strategy's intents.
2. Of deltas and marks: everything, as on the pages.
3. Questions: pages, histories of orders, its accounts' venues, and that an epoch begin.
"""

from collections.abc import Sequence
from itertools import combinations

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Strategy
from tandem.messages import codec, subjects
from tandem.messages.access import AskDesk, CallRefused, ReadableStream, ReadingPlace
from tandem.messages.hedges import Epoch

MOST_ASKED_BYTES = 4_096
MOST_FILTERS = 8
MOST_SUBJECT = subjects.MAX_SUBJECT
MOST_SHOWN = 512
MOST_NUMBER = 2**63 - 1
ANY, REST = "*", ">"
ASK_PREFIX = "tandem.ask."
PAGES = frozenset(
    {
        subjects.ORDERS_PAGE,
        subjects.POSITIONS_PAGE,
        subjects.FILLS_PAGE,
        subjects.HEDGES_PAGE,
        subjects.EXPOSURE_PAGE,
        subjects.ORDER_HISTORY,
    }
)
SHARED_FACTS = frozenset({subjects.reports_kind("specs"), subjects.ALL_EPOCHS})


def refused_filters(
    strategy: Strategy, stream: ReadableStream, filters: Sequence[str]
) -> CallRefused | None:
    """Tell why these may not be read, or None."""
    if not 0 < len(filters) <= MOST_FILTERS:
        return _refused("filters", len(filters), f"1 to {MOST_FILTERS} subjects")
    for subject in filters:
        if len(subject) > MOST_SUBJECT or not _is_subject(subject):
            return _refused("filters", subject, f"subjects of at most {MOST_SUBJECT} characters")
        if stream is ReadableStream.OMS and not _may_read(strategy, subject):
            rule = "instrument tables, epochs, and what is this strategy's own"
            return _refused("filters", subject, rule)
    for one, other in combinations(filters, 2):
        if _overlap(one.split("."), other.split(".")):
            return _refused("filters", f"{one} {other}", "filters that have no subject in common")
    return None


def is_filter(subject: str) -> bool:
    """Tell whether a subject may stand for many."""
    return bool({ANY, REST} & set(subject.split(".")))


def _overlap(one: list[str], other: list[str]) -> bool:
    """Tell whether a subject can match both; the server makes no reader of such filters."""
    for mine, theirs in zip(one, other, strict=False):
        if REST in {mine, theirs}:
            return True
        if mine != theirs and ANY not in {mine, theirs}:
            return False
    return len(one) == len(other)


def refused_place(place: ReadingPlace) -> CallRefused | None:
    """Tell why nothing can be read from there, or None."""
    for name in ("created_ns", "seq", "ts_ns"):
        value = getattr(place, name)
        if not 0 <= value <= MOST_NUMBER:
            return _refused(f"place.{name}", value, "a number that a stream can give")
    if len(place.subject) > MOST_SUBJECT:
        rule = f"at most {MOST_SUBJECT} characters"
        return _refused("place.subject", f"{len(place.subject)} characters", rule)
    return None


def _may_read(strategy: Strategy, subject: str) -> bool:
    tokens = subject.split(".")
    name = subjects.token(strategy)
    is_own_intent = tokens[:2] == ["oms", "intent"] and tokens[3:4] == [name]
    is_own_stop = tokens[:4] == ["oms", "control", "stop", name]
    return subject in SHARED_FACTS or is_own_intent or is_own_stop


def _is_subject(text: str) -> bool:
    """Tell whether a text is a subject or a filter: printable, no empty token, `>` at the end."""
    tokens = text.split(".")
    is_spelled = text.isascii() and text.isprintable() and " " not in text
    return is_spelled and "" not in tokens and REST not in tokens[:-1]


def refused_question(asked: AskDesk) -> CallRefused | None:
    """Tell why a question is not passed on, or None."""
    if len(asked.payload) > MOST_ASKED_BYTES:
        rule = f"at most {MOST_ASKED_BYTES} bytes"
        return _refused("payload", f"{len(asked.payload)} bytes", rule)
    if not (asked.subject in PAGES or asks_for_epoch(asked) or asks_venue(asked)):
        rule = "a page, an order's history, an account's venue, or an epoch"
        return _refused("subject", asked.subject, rule)
    try:
        _check_question(asked)
    except MalformedMessageError as error:
        return _refused(error.field, "", error.rule)
    return None


def _check_question(asked: AskDesk) -> None:
    if not asks_for_epoch(asked):
        codec.decode_query(asked.payload)
    elif not isinstance(codec.decode_fact(asked.payload), Epoch):
        raise MalformedMessageError("type", "an epoch")


def asks_for_epoch(asked: AskDesk) -> bool:
    return asked.subject == subjects.BEGIN_EPOCH


def asks_venue(asked: AskDesk) -> bool:
    account = asked.subject.removeprefix(ASK_PREFIX)
    return account != asked.subject and _is_subject(account) and not set(account) & set(".*>")


def _refused(field: str, value: object, rule: str) -> CallRefused:
    return CallRefused(field=field, value=str(value)[:MOST_SHOWN], rule=rule)
