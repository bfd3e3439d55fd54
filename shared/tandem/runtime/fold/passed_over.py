"""How often a fold tells of messages that it passes over (pure).

1. Of each family of subjects one alarm a minute of the log's clock, with how many there were so
   far: a flood of bad messages is no flood of alarms, and every copy tells of the same ones.
2. Names that come from outside make no family: what is kept is bounded.
"""

from msgspec import Struct, field

from tandem.messages.hedges import Alarm

QUIET_NS = 60_000_000_000
MAX_TEXT = 300

_REPORTS = {"order", "fill", "fillcost", "position", "mark", "specs", "link", "sender"}
_VENUE = frozenset({*_REPORTS, "refused", "cleared"})
_HEDGE = frozenset({"decision", "timer", "refused"})
_CONTROL = frozenset({"stop", "halt", "resume", "rules", "epoch", "aside", "alarm"})
_INTENT = frozenset({"new", "cancel"})


class Family(Struct):
    """How many messages of a family were passed over, and when it was last told."""

    count: int = 0
    told_ns: int | None = None


class Faults(Struct):
    """What a fold has passed over, by family; part of its state, so that copies agree."""

    families: dict[str, Family] = field(default_factory=dict)


def family_of(subject: str) -> str:
    """Return what kind of fact a subject is for, whoever it names."""
    tokens = subject.split(".")
    if len(tokens) < 3 or tokens[0] != "oms":
        return "other"
    match tokens[1]:
        case "venue":
            kind, known = (tokens[3] if len(tokens) > 3 else ""), _VENUE
        case "hedge":
            kind, known = tokens[2], _HEDGE
        case "control":
            kind, known = tokens[2], _CONTROL
        case "intent" if tokens[2] == "hedge":
            return "intent.hedge"
        case "intent":
            kind, known = (tokens[5] if len(tokens) > 5 else tokens[-2]), _INTENT
        case _:
            return "other"
    return f"{tokens[1]}.{kind}" if kind in known else f"{tokens[1]}.other"


def count(faults: Faults, subject: str, now_ns: int) -> int:
    """Count a message that is passed over; return how many there were if it is to be told, or 0."""
    family = faults.families.setdefault(family_of(subject), Family())
    family.count += 1
    if family.told_ns is not None and now_ns - family.told_ns < QUIET_NS:
        return 0
    family.told_ns = now_ns
    return family.count


def alarm(source: str, place: str, fault: tuple[str, str], nth: int) -> Alarm:
    """Return the alarm for a message at a place of the log; `fault`: its subject, what is wrong."""
    subject, text = fault
    more = f" ({nth} of its kind so far)" if nth > 1 else ""
    cut = f"{subject[:MAX_TEXT]}: {text[:MAX_TEXT]}"
    return Alarm(source=source, key=place, text=f"{cut}; passed over{more}")


def copied(original: Faults) -> Faults:
    """Return one that does not change with the original."""
    families = original.families.items()
    return Faults({name: Family(one.count, one.told_ns) for name, one in families})
