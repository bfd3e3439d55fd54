"""The calls that ask the venue itself, through its gateway, and the nets over all venues."""

from decimal import Decimal
from typing import TypeVar

from tandem.bus.port import StrategyBus
from tandem.client.instruments import Tables
from tandem.client.mirror.mirrors import Positions
from tandem.client.mirror.plain_rows import order_row, position_row
from tandem.client.rows import Balance, PositionRow, VenueOrderRow
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import codec, subjects
from tandem.messages.deltas import OrderView
from tandem.messages.message import Message
from tandem.messages.queries import (
    AskKind,
    QueryFailed,
    SpecsRefreshed,
    VenueAsk,
    VenueBalance,
    VenueOrders,
    VenuePositions,
)

ASK_TIMEOUT_S = 5.0
A = TypeVar("A", bound=Message)


class VenueCalls:
    """Requests to gateways, and what the mirrored positions add up to."""

    tables: Tables
    _bus: StrategyBus
    _positions: dict[Exc, Positions]

    async def _ask(self, exc: str, kind: AskKind, expected: type[A]) -> A:
        """Ask a gateway.

        Raises:
            InvalidInputError: no such account.
            UnavailableError: the gateway does not answer, or could not ask its venue.
        """
        subject = subjects.venue_ask(self.tables.account(exc))
        reply = await self._bus.request(subject, codec.encode(VenueAsk(kind=kind)), ASK_TIMEOUT_S)
        answer = codec.decode_answer(reply)
        if isinstance(answer, expected):
            return answer
        reason = answer.text if isinstance(answer, QueryFailed) else type(answer).__name__
        raise UnavailableError(f"{exc} did not answer {kind.value}: {reason}")

    async def positions_get(self, exc: str) -> dict[str, PositionRow]:
        """Return the venue's own positions by ticker."""
        answer = await self._ask(exc, AskKind.POSITIONS, VenuePositions)
        return {row.ticker: position_row(row) for row in answer.positions}

    async def positions_get_all(self) -> dict[str, dict[str, PositionRow]]:
        return {exc: await self.positions_get(exc) for exc in self.tables.connected}

    async def orders_get(self, exc: str) -> dict[str, VenueOrderRow]:
        """Return the venue's own open orders by oid, which is text on every venue."""
        answer = await self._ask(exc, AskKind.ORDERS, VenueOrders)
        return {str(row.venue_order_id): _listed(row) for row in answer.orders}

    async def orders_get_all(self) -> dict[str, dict[str, VenueOrderRow]]:
        return {exc: await self.orders_get(exc) for exc in self.tables.connected}

    async def get_balance(self, exc: str) -> Balance:
        """Return {asset, balance, equity, available} of the account."""
        answer = await self._ask(exc, AskKind.BALANCE, VenueBalance)
        return {
            "asset": answer.asset,
            "balance": answer.balance,
            "equity": answer.equity,
            "available": answer.available,
        }

    async def get_all_balances(self) -> dict[str, Balance]:
        return {exc: await self.get_balance(exc) for exc in self.tables.connected}

    async def get_all_equities(self) -> dict[str, Decimal]:
        return {exc: (await self.get_balance(exc))["equity"] for exc in self.tables.connected}

    async def update_exchange_contracts(self, exc: str | None = None) -> dict[str, int]:
        """Ask gateways to refresh and log their instrument tables; returns their sizes."""
        names = self.tables.connected if exc is None else (Exc(exc),)
        sizes = {}
        for name in names:
            answer = await self._ask(name, AskKind.REFRESH_SPECS, SpecsRefreshed)
            sizes[str(name)] = answer.instruments
        return sizes

    async def positions_get_by_base(self) -> dict[str, dict[str, Decimal]]:
        """Return base asset to account to signed amount in base units, from the mirrors.

        What is held in a ticker that no table lists has no known base: `positions_outside` has it.
        """
        nets: dict[str, dict[str, Decimal]] = {}
        for exc, positions in self._positions.items():
            for row in positions:
                found = self.tables.listed(exc, row.ticker)
                if found is None:
                    continue
                by_account = nets.setdefault(found.base_asset, {})
                amount = row.amount * found.multiplier
                by_account[exc] = by_account.get(exc, Decimal(0)) + amount
        return nets

    def positions_outside(self) -> dict[str, dict[str, PositionRow]]:
        """Return what is held in tickers that no instrument table lists, by account and ticker.

        They are of the venue's other markets (spot, builder dexes) or were delisted, and are in
        no net; what the venue states of them, if anything, is for it to say.
        """
        return {
            exc: outside
            for exc, positions in self._positions.items()
            if (
                outside := {
                    ticker: row
                    for ticker, row in positions.as_dict().items()
                    if self.tables.listed(exc, ticker) is None
                }
            )
        }

    async def positions_get_net_base(self) -> dict[str, Decimal]:
        """Return base asset to net signed amount over all mirrored accounts."""
        by_base = await self.positions_get_by_base()
        return {base: sum(amounts.values(), Decimal(0)) for base, amounts in by_base.items()}


def _listed(order: OrderView) -> VenueOrderRow:
    row = order_row(order)
    return {
        "amount": row["amount"],
        "cloid": row["cloid"],
        "filled_sz": row["filled_sz"],
        "oid": row["oid"],
        "ord_status": row["ord_status"],
        "price": row["price"],
        "ticker": row["ticker"],
        "timestamp": row["timestamp"],
    }
