"""Documented shapes of JSON answers, and where an answer differs from its shape.

A shape is written in JSON itself:

- `"text"`, `"decimal"` (text that is a decimal), `"int"`, `"number"`, `"bool"`, `"null"`, and
  alternatives joined by `|`;
- an object names every member; one whose name ends in `?` may be absent, others may not come;
  `{"*": S}` is a map from any name to S;
- `[S]` is an array that holds at least one S, `["some", S]` one that may be empty,
  `["row", A, B]` an array of exactly these, `["either", A, B]` any of them;
- `"#name"` is the shape of that name.
"""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data"
Shape = Any


def load_shapes(venue: str) -> dict[str, dict[str, Shape]]:
    """Return a venue's shapes by kind of message, then by name."""
    shapes: dict[str, dict[str, Shape]] = json.loads((DATA / venue / "shapes.json").read_text())
    return shapes


def differences(
    shape: Shape, value: object, named: dict[str, Shape], at: str = "answer"
) -> list[str]:
    """Return what in the value is not as documented, by its place in the answer."""
    if isinstance(shape, str):
        if shape.startswith("#"):
            return differences(named[shape[1:]], value, named, at)
        is_one = any(_is(kind, value) for kind in shape.split("|"))
        return [] if is_one else [f"{at}: {value!r} is not {shape}"]
    if isinstance(shape, dict):
        return _in_object(shape, value, named, at)
    return _in_array(shape, value, named, at)


def _is(kind: str, value: object) -> bool:
    match kind:
        case "null":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "decimal":
            return isinstance(value, str) and _is_decimal(value)
        case _:
            raise ValueError(f"{kind} is no kind of value")


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _in_object(
    shape: dict[str, Shape], value: object, named: dict[str, Shape], at: str
) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: {value!r} is not an object"]
    if "*" in shape:
        return [
            found
            for name, member in value.items()
            for found in differences(shape["*"], member, named, f"{at}.{name}")
        ]
    known = {name.removesuffix("?"): member for name, member in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    missing = [f"{at}.{name}: is missing" for name in sorted(needed - set(value))]
    odd = [f"{at}.{name}: is not documented" for name in sorted(set(value) - set(known))]
    inner = [
        found
        for name in known.keys() & value.keys()
        for found in differences(known[name], value[name], named, f"{at}.{name}")
    ]
    return [*missing, *odd, *sorted(inner)]


def _in_array(shape: list[Shape], value: object, named: dict[str, Shape], at: str) -> list[str]:
    head, *rest = shape
    if head == "either":
        tried = [differences(one, value, named, at) for one in rest]
        return [] if [] in tried else min(tried, key=len)
    if not isinstance(value, list):
        return [f"{at}: {value!r} is not an array"]
    if head == "row":
        if len(value) != len(rest):
            return [f"{at}: has {len(value)} places, not {len(rest)}"]
        pairs = list(zip(rest, value, strict=True))
    else:
        if not value and head != "some":
            return [f"{at}: is empty"]
        pairs = [(rest[0] if head == "some" else head, one) for one in value]
    return [
        found
        for place, (inner, one) in enumerate(pairs)
        for found in differences(inner, one, named, f"{at}[{place}]")
    ]
