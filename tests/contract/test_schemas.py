"""The wire contract in schemas/ is current, and its samples decode."""

from typing import get_args

import msgspec
import pytest

from tandem.cli import schemas
from tandem.messages import codec
from tandem.messages.message import Message


def test_schema_files_are_current() -> None:
    assert schemas.stale() == []


@pytest.mark.parametrize("kind", codec.MESSAGE_TYPES, ids=schemas.tag_of)
def test_sample_decodes_to_its_own_type(kind: type[Message]) -> None:
    sample = (schemas.ROOT / "samples" / f"{schemas.tag_of(kind)}.json").read_bytes()
    assert type(msgspec.json.decode(sample, type=kind)) is kind


@pytest.mark.parametrize("kind", get_args(codec.Fact), ids=schemas.tag_of)
def test_sample_with_an_unknown_field_still_decodes(kind: type[Message]) -> None:
    sample = (schemas.ROOT / "samples" / f"{schemas.tag_of(kind)}.json").read_bytes()
    newer = sample.replace(b"{", b'{"a_field_of_tomorrow": 1,', 1)
    assert type(codec.decode_fact(newer)) is kind


def test_every_tag_is_used_once() -> None:
    tags = [schemas.tag_of(kind) for kind in codec.MESSAGE_TYPES]
    assert len(tags) == len(set(tags))
