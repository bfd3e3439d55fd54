"""Documents name only files of ours that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TOPS = ("shared", "services", "examples", "tests", "schemas", ".ci")
FILES = {
    str(path.relative_to(ROOT))
    for top in TOPS
    for path in (ROOT / top).rglob("*")
    if "__pycache__" not in path.parts
}
NAMED = re.compile(r"`([\w./-]+\.py)(?:::\w+)?`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_files_that_exist(page: Path) -> None:
    named = set(NAMED.findall(page.read_text()))
    ends = {file for file in named if not any(f"/{one}".endswith(f"/{file}") for one in FILES)}
    assert ends == set()


def test_pages_do_name_files() -> None:
    assert sum(len(NAMED.findall(page.read_text())) for page in PAGES) > 50
