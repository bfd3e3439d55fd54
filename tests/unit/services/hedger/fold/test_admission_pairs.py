"""Which coins may hedge which: multiples of one coin convert, another coin is refused."""

import msgspec

from services.hedger.policy.rules import DEFAULT_RULES, to_fact
from tandem.domain.ids import HedgeId, Ticker
from tandem.domain.instrument import Instrument
from tandem.messages import subjects
from tandem.messages.intents import LegSpec, MakerSpec
from tandem.messages.reports import SpecsReport
from tests.unit.services.hedger.desk import BINANCE, HYPERLIQUID, Desk, d, instrument

DOGSUSDT, KDOGS = Ticker("DOGSUSDT"), Ticker("kDOGS")
MAKER = MakerSpec(exc=BINANCE, ticker=DOGSUSDT, amount=d(-120_000), price=d("0.0005"))
LEG = LegSpec(exc=HYPERLIQUID, ticker=KDOGS)
DOGS = instrument(BINANCE, DOGSUSDT, "1", base_asset="DOGS", tick=d("0.0000001"))


def kdogs(**changes: object) -> Instrument:
    fields: dict[str, object] = {"base_asset": "DOGS", "multiplier": d(1000), **changes}
    return instrument(HYPERLIQUID, KDOGS, "1", **fields)


def hedged(desk: Desk, name: str = "h1", **changes: object) -> HedgeId:
    return desk.hedge(name, "0", LEG, maker=MAKER, **changes)


def table(desk: Desk, *listed: Instrument) -> None:
    """Log a table under an identity of its own, however often it was logged."""
    report = SpecsReport(exc=listed[0].exc, instruments=listed)
    name = f"{desk.seq} {listed}".encode()
    desk.read(report, subjects.specs_report(report.exc, name))


def test_c4_one_against_a_thousand_is_hedged_by_the_thousandth_part() -> None:
    desk = Desk()
    desk.specs(DOGS, kdogs())
    hedge = hedged(desk)

    desk.maker_fill(hedge, "120000", "0.0005")

    assert desk.naked(HYPERLIQUID, KDOGS) == 120_000
    assert desk.hedge_all() == [d(120)]  # 60 USDT on both sides


def test_c4_a_thousandfold_that_the_table_does_not_tell_is_refused_by_the_prices() -> None:
    desk = Desk()
    desk.specs(DOGS, kdogs(multiplier=d(1)))
    desk.mark(BINANCE, DOGSUSDT, "0.0005")
    desk.mark(HYPERLIQUID, KDOGS, "0.5")

    hedged(desk)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "legs[0].ratio"
    assert "DOGS at 0.5 (kDOGS) for DOGS at 0.0005 (DOGSUSDT)" in refusal.rule
    hedged(desk, "h2", cross_asset=True)
    assert desk.refusal("h2") is None


def test_c4_the_last_marks_judge_and_not_the_price_that_a_maker_waits_at() -> None:
    desk = Desk()
    desk.specs(DOGS, kdogs())
    desk.mark(HYPERLIQUID, KDOGS, "0.6")

    hedged(desk, "before-the-makers-mark")
    desk.mark(BINANCE, DOGSUSDT, "0.0006")
    hedged(desk, "after-it")

    assert not desk.state.refused


def test_c4_another_coin_is_refused_by_name() -> None:
    desk = Desk()
    desk.specs(DOGS, kdogs(base_asset="CATS"))

    hedged(desk)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "legs[0].ticker"


def test_c4_a_bucket_opened_by_a_former_table_is_owed_in_its_own_unit() -> None:
    """A version that knew no multiples said 1: what it owes and what comes now add up."""
    desk = Desk()
    one_of_a_thousand = instrument(BINANCE, DOGSUSDT, "1", base_asset="kDOGS", tick=d("0.1"))
    whole = MakerSpec(exc=BINANCE, ticker=DOGSUSDT, amount=d(-5), price=d("0.5"))
    table(desk, one_of_a_thousand)
    table(desk, kdogs(base_asset="kDOGS", multiplier=d(1)))
    old = desk.hedge("old", "0", LEG, maker=whole)
    desk.maker_fill(old, "2", "0.5")

    table(desk, DOGS)
    table(desk, kdogs())
    new = hedged(desk, "new")
    desk.maker_fill(new, "3000", "0.0005")

    assert desk.bucket(HYPERLIQUID, KDOGS).unit == 1
    assert sum(desk.hedge_all()) == 5


def test_c4_what_another_version_took_on_is_taken_on_when_its_log_is_read() -> None:
    desk = Desk()
    desk.specs(DOGS, kdogs(base_asset="CATS"))
    former = msgspec.structs.replace(to_fact(DEFAULT_RULES, 2), rules="of-another-version")
    desk.read(former, subjects.rules(former.ordinal))

    hedged(desk)

    assert desk.refusal("h1") is None
