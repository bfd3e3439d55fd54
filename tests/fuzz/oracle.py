"""What a sound fact is, said a second time and in another way: by its bytes in the log.

Shares nothing with the judge in `tandem.gateway.port.soundness`: numbers are read as fractions.
"""

import json
import re
from fractions import Fraction
from typing import Any

from tandem.gateway.port.requests import Report
from tandem.messages import codec
from tandem.messages.facts import read_fact, subject_of

NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d{1,3})?")
ELSEWHERE = set(":/@#+")
DAY_MS = 24 * 3_600 * 1_000
YEAR_MS = 365 * DAY_MS
WORDS = {
    "side": {"BUY", "SELL"},
    "source": {"ack", "event", "query"},
    "ord_status": {"NEW", "PARTIAL", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"},
}
NAMES = ("exec_id", "oid", "cloid", "fee_asset", "ticker")
MAY_BE_NEGATIVE = {"amount", "start_position", "fee", "realized_pnl", "unrealized_pnl"}
ABOVE_ZERO = {"last_fill_sz", "price"}
NUMBERS = MAY_BE_NEGATIVE | ABOVE_ZERO | {"last_px", "filled_sz", "avg_px", "entry"}
MAX_SUBJECT = 1_000
MAX_TEXT = 300


class OracleError(AssertionError):
    """A property that does not hold."""


def expect(condition: bool, text: str) -> None:
    if not condition:
        raise OracleError(text)


def check_fact(fact: Report, now_ms: int, tickers: set[str]) -> None:
    """Raise OracleError unless the fact may be logged."""
    payload, subject = codec.encode(fact), subject_of(fact)
    expect(read_fact(subject, payload) == fact, f"{subject}: not what was written")
    expect(len(subject) < MAX_SUBJECT and " " not in subject, f"{subject}: no subject")
    said = {key: value for key, value in json.loads(payload).items() if value is not None}
    for name in NUMBERS & said.keys():
        check_number(name, said[name], is_system=bool(said.get("is_system")))
    for name in NAMES:
        _check_name(name, said.get(name))
    for name, words in WORDS.items():
        expect(name not in said or said[name] in words, f"{name}={said.get(name)}: no word")
    expect(len(said.get("text", "")) <= MAX_TEXT, "text: too long")
    ticker = said["ticker"]
    expect(ticker in tickers or bool(ELSEWHERE & set(ticker)), f"{ticker}: no symbol")
    _check_time(said, now_ms)
    _check_quantities(said)


def check_number(name: str, text: Any, *, is_system: bool = False) -> None:
    expect(isinstance(text, str) and NUMBER.fullmatch(text) is not None, f"{name}={text!r:.80}")
    number = Fraction(text)
    expect(abs(number) < 10**15, f"{name}={text:.80}: too large")
    if name not in MAY_BE_NEGATIVE:
        expect(number >= 0, f"{name}={text:.80}: negative")
    if name in ABOVE_ZERO or (name == "last_px" and not is_system):
        expect(number > 0, f"{name}={text:.80}: nothing")


def _check_name(name: str, text: str | None) -> None:
    if text is not None:
        expect(0 < len(text) <= 120 and text.isprintable(), f"{name}={text!r:.80}: no name")


def _check_time(said: dict[str, Any], now_ms: int) -> None:
    apart_ms = said["ts_venue"] / 1_000_000 - now_ms
    is_old_allowed = said.get("source", "query") == "query"
    oldest_ms = 20 * YEAR_MS if is_old_allowed else DAY_MS
    slack_ms = 60_000  # what the machine's clock runs on while cases are tried
    expect(-oldest_ms - slack_ms <= apart_ms <= DAY_MS + slack_ms, f"ts_venue={said['ts_venue']}")


def _check_quantities(said: dict[str, Any]) -> None:
    filled = Fraction(said.get("filled_sz", "0"))
    if said["type"] == "order_report" and said.get("amount", "0") not in {"0", "-0"}:
        expect(filled <= abs(Fraction(said["amount"])), "filled_sz: above the order's amount")
    if said["type"] == "fill_report" and "filled_sz" in said:
        expect(filled >= Fraction(said["last_fill_sz"]), "filled_sz: below the fill's own size")
    if said["type"] == "fill_report" and re.fullmatch(r"\d+", said["exec_id"]):
        expect(int(said["exec_id"]) > 0, "exec_id: not above 0")
