"""docs/paper-exchanges.md lists what the paper exchanges answer, and what they do not."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from services.paper_binance.rest.routes import REST_ROUTES, WEBSOCKET_ROUTES
from services.paper_binance.wire.stream_names import CATEGORY_OF, StreamKind, parse_stream
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import (
    BookTicker,
    DepthDelta,
    DepthSnapshot,
    Level,
    Trade,
)
from services.paper_exchange.market.recorded import decode_lines
from services.paper_hyperliquid.wire.info_requests import InfoRequest
from services.paper_hyperliquid.wire.schemas import L1Action, UserSignedAction
from services.paper_hyperliquid.wire.subscriptions import Subscription

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "paper-exchanges.md").read_text()
SESSION_METHODS = {"session.logon", "session.status", "session.logout"}
EXAMPLES = {"<symbol>": "btcusdt", "<pair>": "btcusdt", "<interval>": "4h"}


def section(title: str) -> str:
    """The text under a heading, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def tags(union: Any) -> Iterator[str]:
    members = get_args(union)
    if not members:
        yield str(union.__struct_config__.tag)
    for member in members:
        yield from tags(member)


def rows(title: str) -> list[list[str]]:
    table = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def example(name: str) -> str:
    for placeholder, value in EXAMPLES.items():
        name = name.replace(placeholder, value)
    return name


def not_there(venue: str, kind: str) -> set[str]:
    lines = re.split(r"^- ", section(f"Not there on {venue}"), flags=re.MULTILINE)
    (line,) = (line for line in lines if line.startswith(f"{kind}:"))
    return words(line)


def test_d3_the_page_lists_every_route() -> None:
    listed = {
        (method, path.strip("`")) for path, methods in rows("REST") for method in methods.split()
    }

    assert listed == set(REST_ROUTES)


def test_d3_the_page_lists_every_method_of_the_websocket_api() -> None:
    assert words(section("WebSocket API")) == set(WEBSOCKET_ROUTES) | SESSION_METHODS


def test_d3_the_page_lists_every_stream_where_it_is_carried() -> None:
    listed: set[str] = set()
    for names, category, kind in rows("Streams"):
        stream_kind = StreamKind(kind.strip("`"))
        assert CATEGORY_OF[stream_kind] == category
        for name in words(names) - {"@100ms", "@500ms", "@1s"}:
            stream = parse_stream(example(name))
            assert stream is not None, name
            assert stream.kind is stream_kind
        listed.add(stream_kind)
    assert listed == set(StreamKind)


@pytest.mark.parametrize("kind", ["Orders", "Account", "Market"])
def test_d3_what_the_page_leaves_out_has_no_route(kind: str) -> None:
    paths = {path for _, path in REST_ROUTES}

    assert not_there("Binance", kind) & paths == set()


def test_d3_methods_and_streams_that_are_left_out_are_not_there() -> None:
    assert not_there("Binance", "WebSocket API") & set(WEBSOCKET_ROUTES) == set()
    streams = {example(name) for name in not_there("Binance", "Streams")}
    assert [name for name in streams if parse_stream(name) is not None] == []


HYPERLIQUID = {
    "Questions": tuple(tags(InfoRequest)),
    "Subscriptions": tuple(tags(Subscription)),
    "Actions": (*tags(L1Action), *tags(UserSignedAction)),
}


@pytest.mark.parametrize("title", HYPERLIQUID)
def test_d6_the_page_lists_what_hyperliquid_answers(title: str) -> None:
    assert words(section(title).strip().split("\n\n")[0]) == set(HYPERLIQUID[title])
    assert not_there("Hyperliquid", title) & set(HYPERLIQUID[title]) == set()


def test_f15_the_pages_tape_is_a_tape() -> None:
    (lines,) = re.findall(r"^```\n(.*?)^```", section("The tape"), re.MULTILINE | re.DOTALL)

    events = list(decode_lines(line.encode() for line in lines.splitlines()))

    kinds = [type(event) for event in events]
    assert kinds == [
        DepthDelta, DepthSnapshot, DepthDelta, BookTicker, Trade, DepthSnapshot, Trade,
    ]  # fmt: skip
    sold, bought = (event for event in events if isinstance(event, Trade))
    assert (sold.side, bought.side) == (Side.SELL, Side.BUY)
    (ticker,) = (event for event in events if isinstance(event, BookTicker))
    assert ticker.bid == Level(Decimal("149.95"), Decimal("2.00"))
