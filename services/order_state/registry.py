"""Where orders are found: live ones as records, ended ones packed, each by client id or oid.

1. An order has one record. Client id and venue id are two names of it, in the namespace of its
   account (and, for venue ids, its ticker: Binance numbers orders per symbol).
2. A client id that is not of our form may be used again: by hand, or by the venue itself, which
   calls every deleveraging `adl_autoclose`. Where it names another order, the venue id counts.
3. An ended order is packed (`Archive`: some 75 bytes) and unpacked when something late arrives for
   it, so every order of the retention can be asked for; older ones are let go.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from services.order_state import record as records
from services.order_state.record import Record, merge
from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId, is_ours
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages.deltas import FillView
from tandem.runtime.archive import Archive
from tandem.runtime.fold.passed_over import Faults

MAX_RECENT_FILLS = 2_000

WATCHED_NS = 48 * 60 * NS_PER_MINUTE
ANY_TICKER = Ticker("*")

_pack = msgspec.msgpack.Encoder(order="deterministic")  # sets too: copies pack the same bytes
_unpack = msgspec.msgpack.Decoder(Record)


class KnownFill(Struct, array_like=True):
    """A recent fill and the id of its last delta."""

    view: FillView
    last_delta: str | None = None


class Registry(Struct):
    """All orders of the log; `fills` holds the newest of each account, oldest first.

    `by_oid`: the keys of live orders by account, ticker and venue id.
    """

    live: dict[str, Record] = {}
    ended: Archive = msgspec.field(default_factory=Archive)
    by_oid: dict[str, str] = {}
    fills: dict[str, dict[str, KnownFill]] = {}
    accounts: list[Exc] = []
    swept_minute: int = 0
    faults: Faults = msgspec.field(default_factory=Faults)


def cloid_key(exc: Exc, cloid: ClientOrderId) -> str:
    return f"{exc}\x1f{cloid}"


def oid_key(exc: Exc, ticker: Ticker, oid: VenueOrderId) -> str:
    return f"{exc}\x1f{ticker}\x1f{oid}"


def open_record(
    registry: Registry,
    exc: Exc,
    ticker: Ticker,
    names: tuple[ClientOrderId | None, VenueOrderId | None],
) -> Record:
    """Return the live record for either name, unpacked, merged or made new as needed."""
    cloid, oid = names
    if cloid and oid and _is_taken(registry, exc, cloid, (ticker, oid)):
        cloid = None
    record = _by_cloid(registry, exc, cloid) if cloid else None
    if oid:
        record = _with_oid(registry, record, oid_key(exc, ticker, oid))
    if record is None:
        key = cloid_key(exc, cloid) if cloid else oid_key(exc, ticker, VenueOrderId(oid or ""))
        record = registry.live.setdefault(key, Record(exc=exc, ticker=ticker, key=key))
    _name(registry, record, cloid, oid)
    record.ticker = record.ticker or ticker
    return record


def _is_taken(
    registry: Registry, exc: Exc, cloid: ClientOrderId, name: tuple[Ticker, VenueOrderId]
) -> bool:
    """Tell whether a client id that may be used again is known as another order's."""
    other = None if is_ours(cloid) else _peek(registry, cloid_key(exc, cloid))
    if other is None or other.oid is None:
        return False
    return (other.ticker or name[0], other.oid) != name


def _by_cloid(registry: Registry, exc: Exc, cloid: ClientOrderId) -> Record | None:
    return _revive(registry, cloid_key(exc, cloid))


def _with_oid(registry: Registry, record: Record | None, alias: str) -> Record | None:
    """Return the one record for a venue id, joining it with the one found by client id."""
    other = _revive(registry, registry.by_oid.get(alias, alias))
    if record is None or other is None or other is record:
        return record or other
    merge(record, other)
    del registry.live[other.key]
    for one in record.aliases:
        registry.by_oid[one] = record.key
    return record


def _revive(registry: Registry, key: str) -> Record | None:
    """Return a live record by its key; an ended one by any of its names, live from now on."""
    if key in registry.live:
        return registry.live[key]
    packed = registry.ended.take(key)
    if packed is None:
        return None
    record = _unpacked(packed)
    registry.live[record.key] = record
    for alias in record.aliases:
        registry.by_oid[alias] = record.key
    return record


def _name(
    registry: Registry, record: Record, cloid: ClientOrderId | None, oid: VenueOrderId | None
) -> None:
    if cloid and record.cloid is None:
        _rename(registry, record, cloid)
    if oid:
        record.oid = record.oid or oid
        if record.ticker:
            alias = oid_key(record.exc, record.ticker, oid)
            registry.by_oid[alias] = record.key
            if alias not in record.aliases:
                record.aliases.append(alias)


def _rename(registry: Registry, record: Record, cloid: ClientOrderId) -> None:
    """Give a record that was known by oid only its client id as the key."""
    record.cloid = cloid
    key = cloid_key(record.exc, cloid)
    if key == record.key:
        return
    registry.live.pop(record.key, None)
    for alias in record.aliases:
        registry.by_oid[alias] = key
    record.key = key
    registry.live[key] = record


def settle(registry: Registry, record: Record, now_ns: int) -> None:
    """Pack a record that is not live; what was shown of it follows from the rest."""
    if record.is_live or registry.live.get(record.key) is not record:
        return
    del registry.live[record.key]
    for alias in record.aliases:
        if registry.by_oid.get(alias) == record.key:
            del registry.by_oid[alias]
    names = [name for name in record.aliases if name != record.key]
    if record.oid:
        names.append(oid_key(record.exc, ANY_TICKER, record.oid))
    record.shown = b""
    registry.ended.put((record.key, *names), now_ns, _pack.encode(record))


def _unpacked(packed: bytes) -> Record:
    record = _unpack.decode(packed)
    record.shown = records.shown(record, records.view(record)) if record.is_order else b""
    return record


def sweep(registry: Registry, now_ns: int) -> None:
    """Once a minute of the log's clock, forget the orders that ended before its retention."""
    if now_ns // NS_PER_MINUTE == registry.swept_minute:
        return
    registry.swept_minute = now_ns // NS_PER_MINUTE
    registry.ended.expire(now_ns - WATCHED_NS)


def find(
    registry: Registry, exc: Exc, cloid: ClientOrderId | None, oid: VenueOrderId | None
) -> Record | None:
    """Return a copy or the live record of an order, without changing anything."""
    if cloid:
        return _peek(registry, cloid_key(exc, cloid))
    suffix, prefix = f"\x1f{oid}", f"{exc}\x1f"
    for alias, key in registry.by_oid.items():
        if alias.endswith(suffix) and alias.startswith(prefix):
            return registry.live.get(key)
    return _peek(registry, oid_key(exc, ANY_TICKER, VenueOrderId(oid or "")))


def _peek(registry: Registry, key: str) -> Record | None:
    if key in registry.live:
        return registry.live[key]
    packed = registry.ended.peek(key)
    return _unpacked(packed) if packed is not None else None


def live_orders(
    registry: Registry, exc: Exc | None, ticker: Ticker | None = None
) -> Iterator[Record]:
    """Yield the live orders of one account or all, in the order they became known."""
    for record in registry.live.values():
        if (exc is None or record.exc == exc) and (ticker is None or record.ticker == ticker):
            yield record


def keep_fill(registry: Registry, fill: FillView) -> KnownFill:
    """Remember a fill among the newest of its account; the oldest beyond the limit go."""
    recent = registry.fills.setdefault(fill.exc, {})
    known = recent.setdefault(fill_key(fill.ticker, fill.exec_id), KnownFill(fill))
    if len(recent) > MAX_RECENT_FILLS:
        del recent[next(iter(recent))]
    return known


def fill_key(ticker: Ticker, exec_id: str) -> str:
    return f"{ticker}\x1f{exec_id}"
