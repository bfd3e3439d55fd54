"""What happened to an order at a venue: a fill, and how a request ended."""

from enum import StrEnum


class Liquidity(StrEnum):
    MAKER = "MAKER"
    TAKER = "TAKER"


class OutcomeKind(StrEnum):
    """How a request to a venue ended, as far as we can prove it."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"  # definite: the venue refused it
    NOT_EXECUTED = "NOT_EXECUTED"  # definite: it never reached the engine; may be sent again
    UNKNOWN = "UNKNOWN"  # the venue must be asked


class ReportSource(StrEnum):
    """Where a report came from; part of its identity, never of its meaning."""

    ACK = "ack"
    EVENT = "event"
    QUERY = "query"
    LOCAL = "local"
