"""docs/operations.md knows every alarm that the code can raise, and every metric that it names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALARMS_PART = PAGE.split("\n## Alarms\n")[1].split("\n## ")[0]
CODE = [
    path
    for place in ("services/hedger", "services/order_state", "services/position_state")
    for path in (ROOT / place).rglob("*.py")
]
# No word of its own: a refused taker's bucket and reason.
GENERAL = {
    "{rung.level} {bucket.exc} {bucket.ticker} {bucket.pool}: {text}",
}


def _texts() -> Iterator[str]:
    """Return the template of each alarm, as it stands in the code."""
    for path in CODE:
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                yield from _of(function)


def _of(function: ast.FunctionDef) -> Iterator[str]:
    named = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(function):
        text = _text(call) if isinstance(call, ast.Call) else None
        if isinstance(text, ast.Name):
            text = named.get(text.id)
        if isinstance(text, ast.JoinedStr | ast.Constant):
            yield ast.unparse(text).strip("f").strip("'\"")


def _text(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else None
    name = call.func.id if isinstance(call.func, ast.Name) else name
    if name in {"alarm", "_alarm", "pass_over", "_pass_over"} and call.args:
        return call.args[-1]
    if name == "Alarm":
        return next((word.value for word in call.keywords if word.arg == "text"), None)
    return None


ALARMS = sorted(set(_texts()))
PHRASES = re.findall(r"`([^`]+)`", ALARMS_PART)


def test_the_alarms_are_found() -> None:
    assert len(ALARMS) >= 13
    assert set(ALARMS) >= GENERAL


@pytest.mark.parametrize("text", [one for one in ALARMS if one not in GENERAL])
def test_every_alarm_stands_on_the_page(text: str) -> None:
    fixed = " ".join(re.split(r"\{[^{}]*\}", text))
    known = [phrase for phrase in PHRASES if len(phrase.strip()) > 5 and phrase.strip() in fixed]
    assert known, f"docs/operations.md says nothing of: {text}"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tandem_\w+)`", PAGE))))
def test_named_metric_exists(name: str) -> None:
    bare = name.removeprefix("tandem_").removesuffix("_total")
    places = ("shared", "services")
    code = "".join(path.read_text() for top in places for path in (ROOT / top).rglob("*.py"))
    counted = bare.removeprefix("fold_").removeprefix("bus_")
    assert f'"{bare}"' in code or f"    {counted}: int = 0" in code
