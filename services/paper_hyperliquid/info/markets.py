"""Answers to /info questions about markets (Hyperliquid docs, info endpoint, perpetuals)."""

from functools import singledispatchmethod
from typing import Final

from msgspec import Struct

from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.market.intervals import HOUR_MS
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN, UNIVERSE, Disturbed
from services.paper_hyperliquid.exchange.market_stats import INTERVALS, CoinStats, candle_row
from services.paper_hyperliquid.info import market_view
from services.paper_hyperliquid.info.market_view import Rounding
from services.paper_hyperliquid.wire import info_requests as ask
from services.paper_hyperliquid.wire.market_payloads import (
    AssetCtx,
    BookSnapshot,
    Candle,
    MetaRow,
    PredictedFunding,
    SpotCtx,
    SpotMetaRow,
    StatusRow,
    TradeRow,
)

# This venue charges no funding, and says so.
NO_FUNDING: Final = "0.0"
OWN_VENUE: Final = "HlPerp"


class InfoError(Exception):
    """A question with arguments that the venue answers with status 500 and `null`."""


class MarketAnswers:
    """Reads the engine's markets and the trading statistics."""

    def __init__(self, engine: Engine, disturbed: Disturbed) -> None:
        self._engine = engine
        self._disturbed = disturbed
        self.stats = {listing.coin: CoinStats() for listing in UNIVERSE}

    @singledispatchmethod
    def answer(self, question: Struct, _now_ms: int) -> object:
        raise InfoError(f"no answer to {type(question).__name__}")

    @answer.register
    def _all_mids(self, question: ask.AllMids, _now_ms: int) -> dict[str, str]:
        _require_main_dex(question.dex)
        return market_view.mids(self._engine)

    @answer.register
    def _meta(self, question: ask.MetaInfo, _now_ms: int) -> MetaRow:
        _require_main_dex(question.dex)
        return self._universe()

    @answer.register
    def _meta_and_ctxs(
        self, question: ask.MetaAndAssetCtxs, now_ms: int
    ) -> tuple[MetaRow, tuple[AssetCtx, ...]]:
        _require_main_dex(question.dex)
        return self._universe(), self.asset_ctxs(now_ms)

    @answer.register
    def _all_metas(self, _question: ask.AllPerpMetas, _now_ms: int) -> tuple[MetaRow, ...]:
        return (self._universe(),)

    @answer.register
    def _perp_dexs(self, _question: ask.PerpDexs, _now_ms: int) -> tuple[None]:
        return (None,)

    @answer.register
    def _spot_meta(self, _question: ask.SpotMeta, _now_ms: int) -> SpotMetaRow:
        return market_view.spot_meta()

    @answer.register
    def _spot_meta_and_ctxs(
        self, _question: ask.SpotMetaAndAssetCtxs, _now_ms: int
    ) -> tuple[SpotMetaRow, tuple[SpotCtx, ...]]:
        return market_view.spot_meta(), (market_view.spot_ctx(),)

    @answer.register
    def _predicted(
        self, _question: ask.PredictedFundings, now_ms: int
    ) -> tuple[tuple[str, tuple[tuple[str, PredictedFunding]]], ...]:
        row = PredictedFunding(NO_FUNDING, now_ms - now_ms % HOUR_MS + HOUR_MS, 1)
        coins = (listing.coin for listing in UNIVERSE if not listing.is_delisted)
        return tuple((coin, ((OWN_VENUE, row),)) for coin in coins)

    @answer.register
    def _capped(self, question: ask.PerpsAtOpenInterestCap, _now_ms: int) -> tuple[()]:
        _require_main_dex(question.dex)
        return ()

    @answer.register
    def _status(self, _question: ask.ExchangeStatus, now_ms: int) -> StatusRow:
        return StatusRow(now_ms)

    @answer.register
    def _book(self, question: ask.L2Book, now_ms: int) -> BookSnapshot | None:
        if question.coin not in self._engine.contracts:
            return None
        if not market_view.is_rounding(question.n_sig_figs, question.mantissa):
            raise InfoError(f"nSigFigs {question.n_sig_figs} with mantissa {question.mantissa}")
        if question.n_sig_figs is None:
            return market_view.book(self._engine, question.coin, now_ms)
        rounding = Rounding(question.n_sig_figs, question.mantissa or 1)
        return market_view.rounded_book(self._engine, question.coin, now_ms, rounding)

    @answer.register
    def _recent(self, question: ask.RecentTrades, _now_ms: int) -> tuple[TradeRow, ...]:
        return tuple(reversed(self._stats_of(question.coin).recent))

    @answer.register
    def _candles(self, question: ask.CandleSnapshot, now_ms: int) -> tuple[Candle, ...]:
        wanted = question.req
        if wanted.interval not in INTERVALS:
            raise InfoError(f"interval {wanted.interval} is unknown")
        bars = self._stats_of(wanted.coin).candles(
            wanted.interval, wanted.start_time, wanted.end_time or now_ms
        )
        return tuple(candle_row(wanted.coin, wanted.interval, bar) for bar in bars)

    @answer.register
    def _funding(self, question: ask.FundingHistory, _now_ms: int) -> tuple[()]:
        self._stats_of(question.coin)
        return ()

    def _universe(self) -> MetaRow:
        disturbed = self._disturbed
        return market_view.meta(frozenset(disturbed.delisted), frozenset(disturbed.unreadable))

    def asset_ctxs(self, now_ms: int) -> tuple[AssetCtx, ...]:
        """Return every coin's market state, in the order of the universe."""
        return tuple(self.asset_ctx(listing.coin, now_ms) for listing in UNIVERSE)

    def asset_ctx(self, coin: str, now_ms: int) -> AssetCtx:
        listing = LISTING_OF_COIN[coin]
        return market_view.asset_ctx(self._engine, listing, self.stats[coin], now_ms)

    def _stats_of(self, coin: str) -> CoinStats:
        stats = self.stats.get(coin)
        if stats is None:
            raise InfoError(f"coin {coin} is not listed")
        return stats


def _require_main_dex(dex: str) -> None:
    if dex:
        raise InfoError(f"dex {dex} does not exist")
