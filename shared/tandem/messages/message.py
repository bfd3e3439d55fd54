"""What every message on the bus has in common: a tag, a schema version, and the times."""

import msgspec

SCHEMA_VERSION = 1


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A frozen struct with a `type` tag and `v`, the schema version.

    Unknown fields are ignored; a missing required one is an error that names it.
    Decimals travel as strings, times as integer nanoseconds.
    """

    v: int = SCHEMA_VERSION
