"""Which misbehaviours of the live venue are switched on; each is asked for at one named place."""

from msgspec import Struct
from msgspec.structs import fields


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients of the live venue reported; nothing is on by default."""

    # Every request is answered 429 `null`.
    refuse_busy: bool = False
    # An action is carried out, and its answer never arrives.
    lose_answers: bool = False
    # Connections stay up, but accounts hear nothing.
    mute_users: bool = False
    # Fills are told twice.
    repeat_fills: bool = False
    # Order updates leave before the fills that they follow from.
    updates_first: bool = False
    # orderStatus knows no order, as right after an acknowledgement.
    hide_orders: bool = False


class FaultSwitches:
    """The faults that are on now."""

    def __init__(self) -> None:
        self.now = Faults()


def supported() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Faults))


def active(faults: Faults) -> tuple[str, ...]:
    """Return the names of the faults that are on."""
    return tuple(name for name in supported() if getattr(faults, name))
