"""Readers of a stream ask what a subject holds; nobody decodes a fact by its payload alone (E1)."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOOR = "shared/tandem/messages/facts.py"
# A client names an epoch that it has seen in a question: there is no subject that could say so.
QUESTIONS = ("shared/tandem/runtime/fold/epoch_requests.py", "services/access/reach.py")
ALLOWED = {DOOR: {"decode_fact", "decode_delta"}, **{name: {"decode_fact"} for name in QUESTIONS}}


def _decoders_called(path: Path) -> set[str]:
    names = {"decode_fact", "decode_delta"}
    calls = (
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    )
    spelled = (getattr(func, "attr", getattr(func, "id", "")) for func in calls)
    return {name for name in spelled if name in names}


def test_e1_only_the_door_decodes_a_fact_or_a_delta() -> None:
    found = {}
    for top in ("shared/tandem", "services", "examples", "tests/simulation"):
        for path in (ROOT / top).rglob("*.py"):
            if called := _decoders_called(path):
                found[str(path.relative_to(ROOT))] = called
    assert found == ALLOWED
