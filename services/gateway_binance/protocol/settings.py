"""What may differ between accounts and networks, as values; config.py reads them."""

from dataclasses import dataclass, field
from enum import StrEnum

from services.gateway_binance.protocol.requests import OrderOptions
from tandem.domain.network import Network
from tandem.domain.order import PriceMatch
from tandem.transport.sharing import Sharing


class PrivateForm(StrEnum):
    """How the private stream is asked for. Sources disagree on which of them deliver events."""

    EVENTS = "events"  # /private/ws?listenKey=K&events=A/B: the venue's own notice, March 2026
    QUERY = "query"  # /private/ws?listenKey=K
    SUBSCRIBE = "subscribe"  # /private/stream, then SUBSCRIBE [K]: the official SDK
    PATH = "path"  # /private/ws/K: the user-data page's example


# A form that stays silent is followed by the next; PATH was found mute more often than not.
FORM_ORDER = (PrivateForm.EVENTS, PrivateForm.QUERY, PrivateForm.SUBSCRIBE)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base addresses, without a trailing slash; `ws_api` is complete."""

    rest: str
    stream: str
    ws_api: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """Everything the protocol may be told.

    Attributes:
        network: the world that the addresses belong to.
        private_form: the form to begin with.
        refused_price_match: modes the venue suspended; refused here, by name.
        shared_weight: the WebSocket API draws on the REST weight.
        sharing: which part of the address's budgets this copy may use.
        trade_lite: use TRADE_LITE as an early hint of a fill.
        event_timeout_ms: an acknowledged order without an event for longer makes the private
            stream suspect.
        keep_key_s: how often the listen key, valid for an hour, is extended.
        renew_s: age at which the private connection, which the venue ends at 24 hours, is replaced
            by the next one.
        depth_ms: interval of the partial depth stream: 100, 250 or 500.
        book_max_age_ms: a book not heard of for longer gives no reference.
        balance_asset: the asset whose balance is the account's.
        whole_names: base assets that are called so, and are no multiples of a coin.
    """

    endpoints: Endpoints
    network: Network = Network.PAPER
    order: OrderOptions = field(default_factory=OrderOptions)
    window_ms: int = 1_000
    private_form: PrivateForm = PrivateForm.EVENTS
    refused_price_match: frozenset[PriceMatch] = frozenset(
        {PriceMatch.OPPONENT_10, PriceMatch.OPPONENT_20}
    )
    shared_weight: bool = True
    sharing: Sharing = field(default_factory=Sharing)
    trade_lite: bool = True
    event_timeout_ms: int = 3_000
    keep_key_s: int = 1_500
    renew_s: int = 82_800
    depth_ms: int = 100
    book_max_age_ms: int = 500
    balance_asset: str = "USDT"
    whole_names: frozenset[str] = frozenset()
