"""Which of the venue's switches are on: limits, gates, and what its documentation leaves open.

Every field has a default and a unit; what is marked (open) is not established by any source and
is therefore a switch.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from services.paper_exchange.market.instruments import NotionalExemption

RULES_VARIABLE: Final = "PAPER_HYPERLIQUID_RULES"


class Network(StrEnum):
    """Whose signatures are accepted. EITHER takes the one that names a known account."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    EITHER = "either"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of this paper venue."""

    network: Network = Network.EITHER
    # (open) The documentation gives no inward margin; captures saw about 120,000 ms.
    nonce_margin_ms: int = 0
    # (open) The venue refuses a cloid that is still open; its text is unknown.
    duplicate_cloid_text: str = "Order with this cloid is already open."
    # (open) Whether a batch with a static fault answers once or once per order.
    static_error_per_order: bool = False
    # (open) Which reduce-only orders may be below the minimum notional.
    min_exemption: NotionalExemption = NotionalExemption.FULL_CLOSE
    # (open) What a partly filled GTC order that rests is reported as in the answer.
    partial_gtc_is_resting: bool = True
    # (open) Whether orderUpdates reports a partial fill as an open order of reduced size.
    partial_fill_updates: bool = False
    price_band_percent: int = 95
    order_value_max_usd: int = 5_000_000
    modify_forces_alo: bool = True
    schedule_volume_required_usd: int = 1_000_000
    schedule_min_ahead_ms: int = 5_000
    schedule_firings_per_day_max: int = 10
    builder_approval_required: bool = True
    agent_named_max: int = 3
    agent_valid_days: int = 90
    agent_removal_pending_ms: int = 5_000
    address_limits: bool = True
    address_free_requests: int = 10_000
    address_retry_ms: int = 10_000
    stale_request_cost: int = 5
    ip_limits: bool = True
    ip_weight_per_minute: int = 1_200
    ws_connections_max: int = 10
    ws_new_per_minute_max: int = 30
    ws_subscriptions_max: int = 1_000
    # (open) The documentation says 10, clients saw 15.
    ws_users_max: int = 15
    ws_messages_per_minute_max: int = 2_000
    ws_idle_close_ms: int = 60_000
    # (open) Whether a connection is greeted with a bare text frame.
    ws_greeting: bool = False
    # (open) How many fills the userFills snapshot holds.
    user_fills_snapshot_max: int = 2_000
    book_interval_ms: int = 500
    state_interval_ms: int = 5_000
    mids_interval_ms: int = 1_000
    maker_fee: Decimal = Decimal("0.00015")
    taker_fee: Decimal = Decimal("0.00045")


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Return the rules, with those replaced that the variable names as a JSON object."""
    text = environ.get(RULES_VARIABLE, "{}")
    try:
        return msgspec.json.decode(text, type=Settings)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{RULES_VARIABLE}={text}: {error}") from error
