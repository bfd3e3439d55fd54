"""The tree keeps its own rules: lengths, names, the files every service has, mirrored tests."""

import ast
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for top in ("shared/tandem", "services", "examples")
    for path in (ROOT / top).rglob("*.py")
    if "__pycache__" not in path.parts
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_MODULE_LINES = 450
MAX_FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 8
USUAL_FUNCTION_LINES = 25
MAX_FILES_A_FOLDER = 20
BOTH_VENUES = {
    "venue", "wire", "requests", "queries", "outcomes", "errors", "reports", "instruments",
    "signing", "keepalive", "order_channel", "user_channel", "market_channel", "books",
}  # fmt: skip
BANNED_MODULES = {"utils", "helpers", "common", "misc", "base", "manager", "types"}
BANNED_ENDINGS = ("Manager", "Processor", "Helper")
SERVICE_FILES = ("__init__.py", "__main__.py", "service.py")
NOT_DEPLOYED = {"paper_exchange"}
TOP_LEVEL = {
    "services", "shared", "schemas", "tests", "docs", "examples", "compose.yaml",
    "compose.cluster.yaml", "Makefile",
    "README.md", "LICENSE", "pyproject.toml", "requirements.lock",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> list[Function]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _services() -> list[Path]:
    return sorted(
        path
        for path in (ROOT / "services").iterdir()
        if path.is_dir() and path.name not in {"__pycache__", *NOT_DEPLOYED}
    )


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=_name)
def test_module_is_not_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=_name)
def test_no_function_is_too_long(path: Path) -> None:
    long = {node.name: _lines(node) for node in _functions(path)}
    assert {name: size for name, size in long.items() if size > MAX_FUNCTION_LINES} == {}


def test_functions_are_short_as_a_rule() -> None:
    sizes = [_lines(node) for path in CODE for node in _functions(path)]
    assert median(sizes) <= MEDIAN_FUNCTION_LINES
    assert sum(size <= USUAL_FUNCTION_LINES for size in sizes) >= 0.95 * len(sizes)


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_module_has_a_name_and_a_sentence(path: Path) -> None:
    assert path.stem not in BANNED_MODULES
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_no_class_is_a_helper(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in names if name.endswith(BANNED_ENDINGS)] == []


@pytest.mark.parametrize("path", _services(), ids=lambda path: path.name)
def test_every_service_has_the_same_files(path: Path) -> None:
    assert [name for name in SERVICE_FILES if not (path / name).is_file()] == []


@pytest.mark.parametrize("path", [path for path in TESTS if path.stem != "conftest"], ids=_name)
def test_tests_do_not_sleep(path: Path) -> None:
    """Only `eventually`, in conftest.py, pauses between two looks."""
    assert re.search(r"\b(asyncio|time)\.sleep\(", path.read_text()) is None


@pytest.mark.parametrize(
    "path",
    [path for path in TESTS if "unit" in path.parts and path.name.startswith("test_")],
    ids=_name,
)
def test_unit_test_mirrors_a_module(path: Path) -> None:
    parts = list(path.relative_to(ROOT / "tests" / "unit").parts)
    top = ROOT / "shared" if parts[0] == "tandem" else ROOT
    folder = top.joinpath(*parts[:-1])
    stem = path.stem.removeprefix("test_")
    modules = [module.stem for module in folder.glob("*.py")]
    assert any(stem == name or stem.startswith(f"{name}_") for name in modules), modules


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=_name)
def test_subjects_are_spelled_in_one_file(path: Path) -> None:
    if path.name == "subjects.py":
        return
    assert re.search(r"""f["']oms\.[a-z]""", path.read_text()) is None


def test_top_level_is_as_agreed() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - TOP_LEVEL - {"build"} == set()


def test_lock_pins_everything_without_addresses() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.\-]+==[\w.+!]+", line)] == []


@pytest.mark.parametrize("folder", sorted({path.parent for path in CODE}), ids=_name)
def test_no_folder_has_more_files_than_one_looks_through(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MAX_FILES_A_FOLDER


def test_gateways_call_the_same_things_the_same() -> None:
    """What both venues have stands in a file of the same name."""
    binance, hyperliquid = (
        {path.stem for path in (ROOT / "services" / f"gateway_{venue}" / "protocol").glob("*.py")}
        for venue in ("binance", "hyperliquid")
    )
    assert binance & hyperliquid >= BOTH_VENUES
