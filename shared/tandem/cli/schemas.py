"""Which files describe the wire contract to other languages: one schema and sample a message.

`python -m tandem.cli.schemas` writes them below `schemas/`; with `--check` it only compares and
names what is out of date.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from tandem.messages import codec, subjects
from tandem.messages.access import AccessAnswer, AccessCall
from tandem.messages.message import Message
from tandem.messages.presence import StrategyAlive
from tandem.runtime.interrupts import run_command

ROOT = Path("schemas")


def tag_of(kind: type[Message]) -> str:
    """Return the `type` tag of a message."""
    return str(msgspec.structs.fields(kind) and kind.__struct_config__.tag)


def schema_of(kind: type[Message]) -> dict[str, Any]:
    """Return the JSON Schema of a message; decimals are strings on the wire."""
    schema = msgspec.json.schema(kind)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def sample_of(kind: type[Message]) -> bytes:
    """Return a golden sample: every required field filled, optional ones at their defaults."""
    return codec.encode(msgspec.convert(_fields(kind) | {"type": tag_of(kind)}, kind))


def _fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        field.encode_name: _example(hints[field.name], field.name)
        for field in msgspec.structs.fields(kind)
        if field.required
    }


def _example(hint: Any, name: str) -> Any:
    hint = getattr(hint, "__supertype__", hint)
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return [_example(arguments[0], name)]
    if arguments:
        return _example(arguments[0], name)
    return _plain_example(hint, name)


def _plain_example(hint: Any, name: str) -> Any:
    if hint is Decimal:
        return "1.5"
    if hint is int:
        return 1_790_000_000_000_000_000 if name.endswith("_ns") else 1
    if hint is bool:
        return False
    if hint is bytes:
        return "e30="
    if hint is str:
        return name.replace("_", "-")
    if issubclass(hint, msgspec.Struct):
        return _fields(hint)
    if hasattr(hint, "__dataclass_fields__"):
        return _dataclass_example(hint)
    return next(iter(hint)).value


def _dataclass_example(hint: Any) -> dict[str, Any]:
    hints = get_type_hints(hint)
    return {name: _example(hints[name], name) for name in hints}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document: which message travels where."""
    channels = {
        "facts": (subjects.ALL_FACTS, get_args(codec.Fact)),
        "deltas": ("orders.> positions.> fills.> hedges.>", get_args(codec.AnyDelta)),
        "queries": ("tandem.page.* tandem.ask.*", get_args(codec.Query)),
        "answers": ("the request's reply subject", get_args(codec.Answer)),
        "access": ("access.<strategy>.>", get_args(AccessCall)),
        "access answers": ("the call's reply subject", get_args(AccessAnswer)),
        "words": (subjects.ALIVE, (StrategyAlive,)),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tandem", "version": "1", "description": "Messages on the bus."},
        "channels": {
            name: {
                "address": address,
                "messages": {
                    tag_of(kind): {"payload": {"$ref": f"./{tag_of(kind)}.schema.json"}}
                    for kind in kinds
                },
            }
            for name, (address, kinds) in channels.items()
        },
    }


def files() -> dict[str, str]:
    """Return every generated file by its name below `schemas/`."""
    made = {"asyncapi.json": _text(asyncapi())}
    for kind in codec.MESSAGE_TYPES:
        made[f"{tag_of(kind)}.schema.json"] = _text(schema_of(kind))
        made[f"samples/{tag_of(kind)}.json"] = _text(json.loads(sample_of(kind)))
    return made


def _text(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def stale() -> list[str]:
    """Return the names of files that are missing, out of date or left over."""
    made = files()
    found = {str(path.relative_to(ROOT)): path.read_text() for path in ROOT.rglob("*.json")}
    changed = [name for name, text in made.items() if found.get(name) != text]
    return changed + [name for name in found if name not in made]


def main() -> int:
    """Write the files, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    if parser.parse_args().check:
        old = stale()
        if old:
            sys.stderr.write(f"schemas out of date (make schemas): {', '.join(old)}\n")
        return 1 if old else 0
    for name, text in files().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
