"""The shapes about an account: margin, positions, limits, role (Hyperliquid docs, info)."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class MarginSummary(Struct, frozen=True, rename="camel"):
    """Value and use of an account's margin."""

    account_value: str
    total_ntl_pos: str
    total_raw_usd: str
    total_margin_used: str


class LeverageRow(Struct, frozen=True, rename="camel"):
    """Leverage of a position; `raw_usd` only when isolated."""

    type: Literal["cross", "isolated"]
    value: int
    raw_usd: str | UnsetType = UNSET


class CumFunding(Struct, frozen=True, rename="camel"):
    """Funding paid; this venue charges none."""

    all_time: str = "0.0"
    since_open: str = "0.0"
    since_change: str = "0.0"


class PositionRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One position."""

    coin: str
    szi: str
    leverage: LeverageRow
    entry_px: str
    position_value: str
    unrealized_pnl: str
    return_on_equity: str
    liquidation_px: str | None
    margin_used: str
    max_leverage: int
    cum_funding: CumFunding = CumFunding()


class AssetPosition(Struct, frozen=True):
    """A position in its wrapping."""

    position: PositionRow
    type: Literal["oneWay"] = "oneWay"


class ClearinghouseRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """Margin and positions of an account."""

    margin_summary: MarginSummary
    cross_margin_summary: MarginSummary
    cross_maintenance_margin_used: str
    withdrawable: str
    asset_positions: tuple[AssetPosition, ...]
    time: int


class SpotBalances(Struct, frozen=True):
    """Spot balances; this venue trades perps only."""

    balances: tuple[str, ...] = ()


class RateLimitRow(Struct, frozen=True, rename="camel"):
    """The address budget."""

    cum_vlm: str
    n_requests_used: int
    n_requests_cap: int
    n_requests_surplus: int


class RoleData(Struct, frozen=True, omit_defaults=True):
    """Whose agent or sub-account."""

    user: str = ""
    master: str = ""


class RoleRow(Struct, frozen=True):
    """What an address is."""

    role: Literal["missing", "user", "agent", "subAccount"]
    data: RoleData | UnsetType = UNSET


class AgentRow(Struct, frozen=True, rename="camel"):
    """One named agent."""

    name: str
    address: str
    valid_until: int


class SubAccountRow(Struct, frozen=True, rename="camel"):
    """One sub-account."""

    name: str
    sub_account_user: str
    master: str
    clearinghouse_state: ClearinghouseRow
    spot_state: SpotBalances


class Transfer(Struct, frozen=True, tag_field="type", tag="internalTransfer", rename="camel"):
    """US dollars sent from one account to another."""

    usdc: str
    user: str
    destination: str
    fee: str = "0.0"


class LedgerRow(Struct, frozen=True):
    """One change of an account's money that is neither trading nor funding."""

    time: int
    hash: str
    delta: Transfer


class DayVolume(Struct, frozen=True, kw_only=True, rename="camel"):
    """One day's volumes: the account's as taker and as maker, and everybody's."""

    date: str
    user_cross: str
    user_add: str
    exchange: str


class FeeTiers(Struct, frozen=True):
    """Rates by volume and by share of the making: this venue has one rate for all."""

    vip: tuple[()] = ()
    mm: tuple[()] = ()


class StakingDiscount(Struct, frozen=True, rename="camel"):
    """What staking takes off the fees: nothing here."""

    bps_of_max_supply: str = "0.0"
    discount: str = "0.0"


class FeeScheduleRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """The venue's rates as fractions: taker ("cross") and maker ("add")."""

    cross: str
    add: str
    spot_cross: str
    spot_add: str
    tiers: FeeTiers = FeeTiers()
    referral_discount: str = "0.0"
    staking_discount_tiers: tuple[StakingDiscount, ...] = (StakingDiscount(),)


class FeesRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """The account's rates, and what they come from."""

    daily_user_vlm: tuple[DayVolume, ...]
    fee_schedule: FeeScheduleRow
    user_cross_rate: str
    user_add_rate: str
    user_spot_cross_rate: str
    user_spot_add_rate: str
    active_referral_discount: str = "0.0"
    trial: None = None
    fee_trial_escrow: str = "0.0"
    next_trial_available_timestamp: None = None
    staking_link: None = None
    active_staking_discount: StakingDiscount = StakingDiscount()


class ActiveAssetRow(Struct, frozen=True, rename="camel"):
    """Leverage and room of one coin: buy first, then sell."""

    user: str
    coin: str
    leverage: LeverageRow
    max_trade_szs: tuple[str, str]
    available_to_trade: tuple[str, str]
    mark_px: str
