"""Who may say and read what on the bus, as data: one user a service and a strategy (pure).

1. Each user publishes only what it alone is the source of, and hears only its own inbox and the
   questions that it answers. What is not named is forbidden.
2. A strategy speaks in its own name: the token is in the subject, and the server holds it to it.
3. Nobody but the administrator makes, changes, purges or deletes a stream.
4. A consumer carries messages to whatever subject its maker names, and an answer goes to whatever
   subject its asker names. So a strategy makes consumers only where none of its own bytes are
   stored: on facts of the venues and on deltas, never on intents. With that it cannot put words
   of its own under a fact's subject.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tandem.domain.ids import Exc, Strategy
from tandem.messages import subjects
from tandem.messages.subjects import token

API = "$JS.API"
FACTS, DELTAS = subjects.OMS_STREAM, subjects.DELTAS_STREAM
SNAP, MARKS, LEASES = subjects.SNAP_STREAM, subjects.MARKS_STREAM, "LEASES"
# What a client reads of the log: the instrument tables, and whether it was cut.
CLIENT_READS = (subjects.reports_kind("specs"), subjects.ALL_EPOCHS)
ALARMS = subjects.ALL_ALARMS
EPOCHS = subjects.ALL_EPOCHS
PAGES = "tandem.page.>"
ADMIN = "admin"
PRESENCE = "tandem.presence.>"  # who stands at the head of the log
STATE_SERVICES = ("order-state", "position-state", "hedger")


@dataclass(frozen=True, slots=True)
class User:
    """What one user may publish and subscribe to; replies to questions are always allowed."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    @property
    def inbox_prefix(self) -> str:
        return inbox_prefix(self.name)


def inbox_prefix(user: str | None) -> str:
    """Return where the answers to one user go; nobody else hears them. None: no users."""
    return f"_INBOX_{token(user)}" if user else "_INBOX"


def users(accounts: Sequence[str], strategies: Sequence[str]) -> tuple[User, ...]:
    """Return every user of a desk: the services, the strategies, the administrator."""
    return (
        _user(ADMIN, (">",), (">",)),
        *(_gateway(account) for account in accounts),
        _order_state(),
        _position_state(),
        _hedger(),
        *(_strategy(name) for name in strategies),
    )


def _user(name: str, publish: Sequence[str], subscribe: Sequence[str] = ()) -> User:
    return User(name, tuple(publish), (f"{inbox_prefix(name)}.>", *subscribe))


def _reads(stream: str) -> Iterator[str]:
    """Look at a stream, get a message back, follow it."""
    yield from _looks(stream)
    yield f"{API}.CONSUMER.CREATE.{stream}.>"
    yield f"{API}.CONSUMER.DELETE.{stream}.*"
    yield f"$JS.FC.{stream}.>"


def _looks(stream: str) -> Iterator[str]:
    yield f"{API}.STREAM.INFO.{stream}"
    yield f"{API}.STREAM.MSG.GET.{stream}"


def _sees_streams() -> Iterator[str]:
    """Compare every stream with what it should be, as each service does when it starts."""
    for stream in (FACTS, DELTAS, SNAP, MARKS, LEASES):
        yield f"{API}.STREAM.INFO.{stream}"


def _gateway(account: str) -> User:
    exc = Exc(account)
    return _user(
        f"gateway-{account}",
        (
            subjects.reports_of(exc),
            ALARMS,
            EPOCHS,
            subjects.marks_of(exc),
            subjects.lease(exc),
            subjects.presence(f"gateway-{exc}"),
            *_sees_streams(),
            *_reads(FACTS),
            *_looks(MARKS),
            *_looks(LEASES),
            # Marks live in memory: whoever finds the stream gone makes it anew.
            f"{API}.STREAM.CREATE.{MARKS}",
        ),
        (subjects.venue_ask(exc), subjects.lease(exc), PRESENCE),
    )


def _state_service(name: str, publish: Sequence[str], pages: Sequence[str]) -> User:
    own = (
        *publish,
        EPOCHS,
        ALARMS,
        subjects.ALL_RULES,
        subjects.snapshots_of(name),
        *_sees_streams(),
        *_reads(FACTS),
        *_looks(DELTAS),
        *_looks(SNAP),
    )
    return _user(name, own, (*pages, subjects.BEGIN_EPOCH))


def _order_state() -> User:
    pages = (subjects.ORDERS_PAGE, subjects.FILLS_PAGE, subjects.ORDER_HISTORY)
    return _state_service("order-state", ("orders.>", "fills.>"), pages)


def _position_state() -> User:
    own = ("positions.>", subjects.ALL_TIMERS)
    return _state_service("position-state", own, (subjects.POSITIONS_PAGE,))


def _hedger() -> User:
    own = (
        "hedges.>",
        subjects.ALL_HEDGE_FACTS,
        # Makers and their cancels, in the name of the strategy that asked for the hedge.
        subjects.ALL_NEW_ORDERS,
        subjects.ALL_CANCELS,
        # Hedges and their ends, word for word, when a log that was cut has lost them.
        subjects.ALL_HEDGE_INTENTS,
        subjects.ALL_STOPS,
        PRESENCE,
    )
    return _state_service("hedger", own, (subjects.HEDGES_PAGE,))


def _strategy(name: str) -> User:
    own = Strategy(name)
    return _user(
        f"strategy-{name}",
        (
            subjects.intents_by(own),
            subjects.stops_by(own),
            PAGES,
            "tandem.ask.*",
            *_looks(FACTS),
            *(f"{API}.CONSUMER.CREATE.{FACTS}.*.{read}" for read in CLIENT_READS),
            f"{API}.CONSUMER.DELETE.{FACTS}.*",
            f"$JS.FC.{FACTS}.>",
            *_reads(DELTAS),
            *_reads(MARKS),
        ),
    )
