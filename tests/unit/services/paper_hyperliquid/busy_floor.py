"""A floor where everything that an account can be shown has happened to the master."""

from typing import Any

import eth_account
from hyperliquid.utils import signing

from services.paper_exchange.engine.orders import Side
from services.paper_hyperliquid.exchange.market_stats import trade_row
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import (
    CLOID,
    MASTER_KEY,
    Floor,
    limit,
    trigger,
)

OTHER = "0x" + "ab" * 20


def send_usd(floor: Floor, destination: str, amount: str) -> Any:
    """Send US dollars from the master, signed as typed data."""
    floor.pass_ms(1)
    action = {
        "type": "usdSend", "destination": destination, "amount": amount, "time": floor.now_ms,
        "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet",
    }  # fmt: skip
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_usd_transfer_action(wallet, action, False)
    return floor.send({"action": action, "nonce": floor.now_ms, "signature": signature})


def busy_floor() -> Floor:
    """Return the floor, its public trades told."""
    floor = Floor()
    floor.venue.open_account(OTHER, floor.venue.settings.maker_fee, MASTER)
    floor.take("buy", "1")
    floor.trade(Side.SELL, "149.99", "1")
    floor.rest("buy", "149", "1", c=CLOID)
    floor.group("normalTpsl", limit("buy", "148", "1"), trigger("sell", "sl", "140", "1"))
    assert send_usd(floor, OTHER, "12.5")["status"] == "ok"
    for trade in floor.news().trades:
        stats = floor.info.markets.stats[trade.symbol]
        stats.add(trade, trade_row(trade, (MASTER, OTHER)))
    return floor
