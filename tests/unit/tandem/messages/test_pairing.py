"""Which legs may hedge a maker."""

from decimal import Decimal as D

import pytest
from msgspec.structs import replace

from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import Exc, HedgeId, Strategy, Ticker
from tandem.domain.instrument import Instrument
from tandem.messages.intents import HedgeOrder, LegSpec, MakerSpec, RatioKind
from tandem.messages.pairing import Priced, check_pairs


def listed(ticker: str, base: str, multiplier: int = 1) -> Instrument:
    return Instrument(
        exc=Exc("v"),
        ticker=Ticker(ticker),
        symbol=ticker,
        base_asset=base,
        quote_asset="USDT",
        tick=D("0.01"),
        lot=D(1),
        min_qty=D(1),
        min_notional=D(0),
        multiplier=D(multiplier),
    )


DOGS, KDOGS = listed("DOGSUSDT", "DOGS"), listed("kDOGS", "DOGS", 1000)
USDT = listed("USDT", "USDT")


def hedge(leg: Instrument, ratio: str = "-1", kind: RatioKind = RatioKind.BASE) -> HedgeOrder:
    return HedgeOrder(
        hedge_id=HedgeId("h"),
        strategy=Strategy("s"),
        maker=MakerSpec(exc=Exc("v"), ticker=DOGS.ticker, amount=D(1), price=D(1)),
        legs=(LegSpec(exc=Exc("v"), ticker=leg.ticker, ratio=D(ratio), ratio_kind=kind),),
    )


def at(px: str | None) -> D | None:
    return None if px is None else D(px)


@pytest.mark.parametrize(
    ("ratio", "kind", "leg", "px"),
    [
        ("-1", RatioKind.BASE, KDOGS, "0.5"),
        ("-1", RatioKind.BASE, KDOGS, "0.525"),
        ("-1", RatioKind.BASE, KDOGS, None),
        ("-0.3", RatioKind.BASE, KDOGS, "0.9"),
        ("-1", RatioKind.VALUE, KDOGS, "0.9"),
        ("1", RatioKind.QUOTE_OF_FILL, USDT, "1"),
    ],
)
def test_c4_the_same_coin_at_the_same_worth_hedges(
    ratio: str, kind: RatioKind, leg: Instrument, px: str | None
) -> None:
    check_pairs(hedge(leg, ratio, kind), Priced(DOGS, D("0.0005")), (Priced(leg, at(px)),))


@pytest.mark.parametrize(
    ("leg", "px", "ratio", "kind", "field", "rule"),
    [
        (
            listed("kDOGS", "DOGS"),
            "0.5",
            "-1",
            RatioKind.BASE,
            "legs[0].ratio",
            "DOGS at 0.5 (kDOGS) for DOGS at 0.0005 (DOGSUSDT) is more than 5% apart; "
            "give the ratio, or cross_asset=True allows it",
        ),
        (
            listed("SOL", "SOL"),
            None,
            "-2",
            RatioKind.BASE,
            "legs[0].ticker",
            "SOL at a price not known yet (SOL) hedges no DOGS: the maker is in DOGS at 0.0005 "
            "(DOGSUSDT); cross_asset=True allows it",
        ),
        (DOGS, "1", "1", RatioKind.QUOTE_OF_FILL, "legs[0].ticker", "hedges no USDT"),
        (listed("SOL", "SOL"), "1", "-1", RatioKind.VALUE, "legs[0].ticker", "hedges no DOGS"),
    ],
)
def test_c4_another_coin_or_worth_is_refused_with_both_numbers_unless_it_is_meant(
    leg: Instrument, px: str | None, ratio: str, kind: RatioKind, field: str, rule: str
) -> None:
    wanted = hedge(leg, ratio, kind)
    sides = Priced(DOGS, D("0.0005")), (Priced(leg, at(px)),)

    with pytest.raises(InvalidInputError) as refused:
        check_pairs(wanted, *sides)

    assert refused.value.field == field
    assert rule in refused.value.rule
    check_pairs(replace(wanted, cross_asset=True), *sides)
