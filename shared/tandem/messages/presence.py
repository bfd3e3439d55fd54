"""What clients of strategies say of themselves, over and over: heard or not, never logged."""

from enum import StrEnum

from msgspec import Struct

from tandem.domain.ids import Strategy, Token
from tandem.messages.message import Message


class ClientState(StrEnum):
    JOINING = "JOINING"  # it does not work yet: another one of its name may be there
    JOINED = "JOINED"
    LEAVING = "LEAVING"  # its last word


class StrategyAlive(Message, frozen=True, kw_only=True, tag="strategy_alive"):
    """A client of a strategy lives. Told under `tandem.alive`.

    Gateways cancel what asks for it (`disconnect_after_ms`) once no client of the strategy says
    so. `client` is made up once a client.
    """

    strategy: Strategy
    client: Token
    state: ClientState = ClientState.JOINED


class OtherClient(Struct, frozen=True, kw_only=True):
    """Another client of the same strategy, and how long ago it was heard."""

    client: Token
    state: ClientState
    age_ms: int


Word = StrategyAlive
