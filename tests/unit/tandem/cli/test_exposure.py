from decimal import Decimal as D

from tandem.cli import exposure
from tandem.domain.ids import Exc, HedgeId, Pool, Ticker
from tandem.messages.queries import ExposureCause, ExposurePage, ExposureView


def view(naked: str, cause: ExposureCause) -> ExposureView:
    return ExposureView(
        pool=Pool("basis"),
        exc=Exc("hyperliquid"),
        ticker=Ticker("SOL"),
        naked=D(naked),
        notional=D(naked) * 150,
        in_flight=D(0),
        unpriced=D(0),
        since_ns=1,
        age_ms=400,
        hedge_id=HedgeId("h1"),
        cause=cause,
    )


def page(*buckets: ExposureView, **more: object) -> ExposurePage:
    values: dict[str, object] = {"hedger_at_head": True, "hedger_silent_ms": 0, **more}
    return ExposurePage(epoch=0, seq=7, ts_ns=2, buckets=buckets, **values)  # type: ignore[arg-type]


def test_a_flat_desk_is_two_lines() -> None:
    assert exposure.shown(page(view("0", ExposureCause.NONE))) == (
        "hedger: stands at the head of the log",
        "exposure: 0 of 1 buckets naked, as of 0.7",
    )


def test_what_is_naked_and_what_alarms_is_shown() -> None:
    naked = view("2", ExposureCause.UNDECIDED)
    shown = exposure.shown(page(naked, hedger_at_head=False, alarms=("L1 naked",), partial="cut"))
    assert shown == (
        "hedger: NONE at the head",
        "exposure: 1 of 1 buckets naked, as of 0.7",
        "  2 SOL on hyperliquid in basis, worth 300, for 0.4 s: UNDECIDED",
        "ALARM L1 naked",
        "partial: cut",
    )
