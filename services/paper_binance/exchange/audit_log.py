"""What was asked of the venue and when its fills left: the times that audits and benchmarks read.

1. One record per order request that could be parsed, in order of arrival.
2. A fill's writing time is the first one only.
3. Only the latest KEPT_COUNT of each are kept.
"""

from collections import deque

import msgspec

from services.paper_exchange.engine.orders import AccountId, ExecId, OrderId

ACCEPTED = "accepted"
KEPT_COUNT = 200_000


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One order request; `order_id` is None when it was refused, `outcome` says why."""

    account_id: AccountId
    client_id: str
    order_id: OrderId | None
    mono_parsed_ns: int
    outcome: str


class AuditLog:
    """Requests and writing times since the last clear."""

    def __init__(self) -> None:
        self.requests: deque[RequestRecord] = deque(maxlen=KEPT_COUNT)
        self._written_ns: dict[ExecId, int] = {}

    def record(self, request: RequestRecord) -> None:
        self.requests.append(request)

    def written(self, exec_id: ExecId, mono_ns: int) -> None:
        self._written_ns.setdefault(exec_id, mono_ns)
        if len(self._written_ns) > KEPT_COUNT:
            del self._written_ns[next(iter(self._written_ns))]

    def written_ns(self, exec_id: ExecId) -> int | None:
        """Return when the fill was first written to a user stream, None when it was not."""
        return self._written_ns.get(exec_id)

    def clear(self) -> None:
        self.requests.clear()
        self._written_ns.clear()
