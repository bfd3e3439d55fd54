"""What the hedger logs: decisions with their taker orders, timers, refusals, rules, epochs."""

from decimal import Decimal

from msgspec import Struct, field

from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Pool, Ticker
from tandem.messages.message import Message


class TakerOrder(Struct, frozen=True, kw_only=True):
    """One taker of a decision: signed `amount`, to trade within `band_bp` of the reference.

    The gateway prices it at send time from its live book, never beyond `hard_cap_bp`.
    """

    client_order_id: ClientOrderId = field(name="cloid")
    amount: Decimal
    band_bp: Decimal
    hard_cap_bp: Decimal
    reduce_only: bool = False


class Decision(Message, frozen=True, kw_only=True, tag="decision"):
    """The taker orders for a bucket's certain need. The subject makes it a compare-and-set.

    `as_of` is the last log sequence read when deciding; `need` the certain need there.
    `cause` is the exec key or subject of the fact that brought the need about. `fills_ns`: when
    the log had the makers' fills that it is for, the oldest first; its gateway knows the book then.
    """

    exc: Exc
    ticker: Ticker
    pool: Pool
    epoch: int
    ordinal: int
    as_of: int
    need: Decimal
    attempt: int
    rules: str
    takers: tuple[TakerOrder, ...]
    cause: str = ""
    hedge_ids: tuple[HedgeId, ...] = ()
    fills_ns: tuple[int, ...] = ()
    ts_sent_ns: int = field(name="ts_sent", default=0)


class TimerFired(Message, frozen=True, kw_only=True, tag="timer_fired"):
    """A timer that came due: `key` names what it wakes, `attempt` counts its re-arming."""

    key: str
    attempt: int
    due_ns: int


class HedgeRefused(Message, frozen=True, kw_only=True, tag="hedge_refused"):
    """A hedge intent that was refused whole: nothing was sent."""

    hedge_id: HedgeId
    field_name: str = field(name="field")
    rule: str


class Rules(Message, frozen=True, kw_only=True, tag="rules"):
    """The settings that enter a number; copies that implement others follow and stay silent.

    `ordinal` counts the activations of the log: the subject makes each a compare-and-set, and
    the same rules can come into force again.
    """

    rules: str
    settings: str
    ordinal: int = 1


class Epoch(Message, frozen=True, kw_only=True, tag="epoch"):
    """The log was cut and rebuilt: nothing is proposed until every gateway has resynced."""

    epoch: int
    text: str = ""


class Carried(Message, frozen=True, kw_only=True, tag="carried"):
    """What a hedger knew when the log was cut, for one that has begun anew: who reads it goes on.

    `state` is that of a fold of this `version`, packed: nobody else needs to read it.
    """

    epoch: int
    version: str
    state: str


class Aside(Message, frozen=True, kw_only=True, tag="aside"):
    """An operator's word that the message at `seq` counts for nothing, in any fold, for good.

    `subject` is what stands there: a log that was cut may have another message at that place.
    """

    seq: int
    subject: str
    text: str = ""


class Alarm(Message, frozen=True, kw_only=True, tag="alarm"):
    """Something a person must look at; `source` names the service, `key` what it is about."""

    source: str
    key: str
    text: str
