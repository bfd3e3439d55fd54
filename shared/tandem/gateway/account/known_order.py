"""One order as the log has it, and those that have ended, packed (pure).

What is still said of an ended order must not make it live, or sent, again; so none is forgotten
within the retention. But it is said seldom: packed, an order takes some tens of bytes.
"""

import msgspec
from msgspec import Struct

from tandem.domain.ids import ClientOrderId, Strategy, Ticker, VenueOrderId, is_ours
from tandem.domain.order import OrderStatus
from tandem.runtime.archive import Archive

ANY_TICKER = ""


class KnownOrder(Struct):
    """One order as the log has it; `oid` is None until the venue named it.

    `first_ns`, `last_ns`: the venue's earliest and latest word on it. `former`: ids that the venue
    gave it before. `owner`: whose it is, told here once it is packed.
    """

    ticker: Ticker
    cloid: ClientOrderId | None
    oid: VenueOrderId | None
    status: OrderStatus
    last_ns: int
    first_ns: int = 0
    is_proven: bool = False
    former: tuple[VenueOrderId, ...] = ()
    owner: Strategy | None = None

    @property
    def is_live(self) -> bool:
        return not self.status.is_terminal

    @property
    def oids(self) -> tuple[VenueOrderId, ...]:
        """Every id that the venue gave it, the latest first."""
        return (self.oid, *self.former) if self.oid is not None else ()

    @property
    def may_share_its_name(self) -> bool:
        """Whether another order may go by the same client id: one not of our form is used again."""
        return self.oid is not None and self.cloid is not None and not is_ours(self.cloid)

    def is_other_than(self, oid: VenueOrderId | None) -> bool:
        """Tell whether what is said under the same client id is said of another order."""
        return oid is not None and oid != self.oid and self.may_share_its_name

    def rename(self, oid: VenueOrderId) -> None:
        """Take the id that the venue calls it by now."""
        if self.oid is not None:
            self.former = tuple(one for one in self.oids if one != oid)
        self.oid = oid


_pack = msgspec.msgpack.Encoder()
_unpack = msgspec.msgpack.Decoder(KnownOrder)


class EndedOrders:
    """Orders whose end is proven, by client id and by venue id."""

    def __init__(self) -> None:
        self._archive = Archive()

    def __len__(self) -> int:
        return len(self._archive)

    @property
    def size(self) -> int:
        """Return the bytes that they take."""
        return self._archive.size

    def put(self, order: KnownOrder, ns: int) -> None:
        self._archive.put(_names(order), ns, _pack.encode(order))

    def by_cloid(self, cloid: ClientOrderId) -> KnownOrder | None:
        """Return the latest order of a client id."""
        return self._peek(_by_cloid(cloid))

    def by_oid(self, ticker: Ticker | None, oid: VenueOrderId) -> KnownOrder | None:
        """Return an order by its venue id; without a ticker, the latest of that id."""
        return self._peek(_by_oid(ticker or ANY_TICKER, oid))

    def take(self, order: KnownOrder) -> bool:
        """Let go of an order; False when it is not here."""
        return self._archive.take(_names(order)[0]) is not None

    def expire(self, before_ns: int) -> None:
        self._archive.expire(before_ns)

    def _peek(self, name: str) -> KnownOrder | None:
        packed = self._archive.peek(name)
        return _unpack.decode(packed) if packed is not None else None


def _names(order: KnownOrder) -> tuple[str, ...]:
    names = [_by_oid(order.ticker, oid) for oid in order.oids]
    names += [_by_oid(ANY_TICKER, order.oid)] if order.oid is not None else []
    names += [_by_cloid(order.cloid)] if order.cloid is not None else []
    return tuple(names)


def _by_cloid(cloid: ClientOrderId) -> str:
    return f"\x1f{cloid}"


def _by_oid(ticker: str, oid: VenueOrderId) -> str:
    return f"{ticker}\x1f\x1f{oid}"
