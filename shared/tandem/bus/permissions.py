"""Who may say and read what on the bus, as data: one user a service and a strategy (pure).

1. Each user publishes only what it alone is the source of, and hears only its own inbox and the
   questions that it answers. What is not named is forbidden.
2. A strategy speaks to one service only, `access`, in its own name: the token is in the subject,
   and the server holds it to it. It has no JetStream API: whoever has may name any subject as the
   reply, and the server itself publishes the answer there.
3. Nobody but the administrator makes, changes, purges or deletes a stream.
4. Who answers questions may answer only into the inboxes of those who may ask: `access` and the
   administrator. `access` answers strategies, each into its own inbox.
5. A service that reads makes consumers, and these deliver wherever it says: the server cannot
   hold it to its own inbox. Services are trusted with that; strategies have none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tandem.domain.ids import Exc, Strategy
from tandem.messages import subjects
from tandem.messages.subjects import token

API = "$JS.API"
FACTS, DELTAS = subjects.OMS_STREAM, subjects.DELTAS_STREAM
SNAP, MARKS, LEASES = subjects.SNAP_STREAM, subjects.MARKS_STREAM, subjects.LEASES_STREAM
EPOCHS = subjects.ALL_EPOCHS
PAGES = "tandem.page.*"
ASKS = "tandem.ask.*"
ADMIN, ACCESS = "admin", "access"
INBOX = "_INBOX"


@dataclass(frozen=True, slots=True)
class User:
    """What one user may publish and subscribe to."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    @property
    def inbox_prefix(self) -> str:
        return inbox_prefix(self.name)


def inbox_prefix(user: str | None) -> str:
    """Return where the answers to one user go; nobody else hears them. None: no users."""
    return f"{INBOX}_{token(user)}" if user else INBOX


def strategy_user(strategy: Strategy) -> str:
    return f"strategy-{strategy}"


def is_inbox(subject: str) -> bool:
    """Tell whether a reply goes to somebody's inbox, and into no stream."""
    first, _, rest = subject.partition(".")
    return bool(rest) and (first == INBOX or first.startswith(f"{INBOX}_"))


def is_inbox_of(strategy: Strategy, subject: str) -> bool:
    """Tell whether a reply goes to the inbox that only this strategy hears."""
    return subject.startswith(f"{inbox_prefix(strategy_user(strategy))}.")


def users(accounts: Sequence[str], strategies: Sequence[str]) -> tuple[User, ...]:
    """Return every user of a desk: the services, the strategies, the administrator."""
    return (
        _user(ADMIN, (">",), (">",)),
        *(_gateway(account) for account in accounts),
        _order_state(),
        _position_state(),
        _hedger(),
        _access([Strategy(name) for name in strategies]),
        *(_strategy(Strategy(name)) for name in strategies),
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


def _answers() -> Iterator[str]:
    """Answer those who may ask."""
    for asker in (ACCESS, ADMIN):
        yield f"{inbox_prefix(asker)}.>"


def _gateway(account: str) -> User:
    exc = Exc(account)
    name = f"gateway-{exc}"
    return _user(
        name,
        (
            subjects.reports_of(exc),
            subjects.alarms_of(name),
            EPOCHS,
            subjects.marks_of(exc),
            subjects.lease(exc),
            subjects.identity(exc),
            subjects.presence(name),
            subjects.sending(exc),
            *_answers(),
            *_sees_streams(),
            *_reads(FACTS),
            *_looks(MARKS),
            *_looks(LEASES),
            # Marks live in memory: whoever finds the stream gone makes it anew.
            f"{API}.STREAM.CREATE.{MARKS}",
        ),
        (
            subjects.venue_ask(exc),
            subjects.lease(exc),
            subjects.presence("hedger"),
            subjects.presence(name),
            subjects.ALIVE,
        ),
    )


def _state_service(name: str, publish: Sequence[str], pages: Sequence[str]) -> User:
    own = (
        *publish,
        EPOCHS,
        subjects.alarms_of(name),
        subjects.snapshots_of(name),
        *_answers(),
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
    heard = (subjects.POSITIONS_PAGE, subjects.EXPOSURE_PAGE, subjects.presence("hedger"))
    return _state_service("position-state", own, heard)


def _hedger() -> User:
    own = (
        "hedges.>",
        subjects.ALL_HEDGE_FACTS,
        subjects.ALL_RULES,
        # Makers and their cancels, in the name of the strategy that asked for the hedge.
        subjects.ALL_NEW_ORDERS,
        subjects.ALL_CANCELS,
        # Hedges and their ends, halts and theirs, word for word, when a log that was cut has
        # lost them.
        subjects.ALL_HEDGE_INTENTS,
        subjects.ALL_STOPS,
        subjects.ALL_HALTS,
        subjects.ALL_RESUMES,
        subjects.presence("hedger"),
    )
    return _state_service("hedger", own, (subjects.HEDGES_PAGE, subjects.ALL_SENDING))


def _access(strategies: Sequence[Strategy]) -> User:
    own = [
        subjects.alarms_of(ACCESS),
        # In the name of the strategy that it is asked by, and of no other.
        subjects.ALIVE,
        PAGES,
        ASKS,
        *_sees_streams(),
        *_reads(FACTS),
        *_reads(DELTAS),
        *_reads(MARKS),
    ]
    for name in strategies:
        own += [subjects.intents_by(name), subjects.stops_by(name)]
        own.append(f"{inbox_prefix(strategy_user(name))}.>")
    return _user(ACCESS, own, (subjects.ALL_ACCESS, subjects.ALIVE))


def _strategy(name: Strategy) -> User:
    return _user(strategy_user(name), (subjects.access_by(name),))
