"""Whether a strategy may have something logged (pure).

1. It is logged only if it is an intent or a stop that names this strategy, under the very subject
   that it implies: the log then says who asked, whatever a payload claims.
2. Names that Tandem makes for its own orders and calls are refused: they are not asked for.
3. A refusal names the field, its value and the rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc, Strategy, is_call_token, is_reserved
from tandem.messages import facts
from tandem.messages.access import CallRefused, LogIntent
from tandem.messages.intents import CancelOrder, HedgeOrder, NewOrder, StopHedge

MOST_SHOWN = 200
MOST_TEXT = 128
Intent = NewOrder | CancelOrder | HedgeOrder | StopHedge


@dataclass(frozen=True, slots=True)
class IntentBounds:
    """How large an intent may be, and which accounts there are; None: not known here.

    How deep it may nest the codec bounds, for every message alike.
    """

    most_bytes: int
    accounts: frozenset[str] | None = None


def refused_intent(
    strategy: Strategy, asked: LogIntent, bounds: IntentBounds
) -> CallRefused | None:
    """Tell why an intent is not logged, or None."""
    if len(asked.payload) > bounds.most_bytes:
        rule = f"at most {bounds.most_bytes} bytes"
        return _refused("payload", f"{len(asked.payload)} bytes", rule)
    try:
        intent = facts.read_fact(asked.subject, asked.payload)
    except MalformedMessageError as error:
        return _refused(error.field, asked.subject, error.rule)
    if not isinstance(intent, Intent):
        rule = "an order, a cancel, a hedge or a stop; a halt is the operator's (`tandem halt`)"
        return _refused("type", str(intent.__struct_config__.tag), rule)
    return _refused_contents(strategy, intent) or _refused_account(intent, bounds.accounts)


def _refused_account(intent: Intent, accounts: frozenset[str] | None) -> CallRefused | None:
    """Refuse an order that no gateway ends, or a hedge that waits: each would be kept for long."""
    if accounts is None:
        return None
    for name, exc in _accounts_of(intent):
        if exc not in accounts:
            return _refused(name, exc, f"an account of this desk: {', '.join(sorted(accounts))}")
    return None


def _accounts_of(intent: Intent) -> Iterator[tuple[str, Exc]]:
    match intent:
        case NewOrder() | CancelOrder():
            yield "exc", intent.exc
        case HedgeOrder():
            yield "maker.exc", intent.maker.exc
            for index, leg in enumerate(intent.legs):
                yield f"legs[{index}].exc", leg.exc
        case StopHedge():
            return


def _refused_contents(strategy: Strategy, intent: Intent) -> CallRefused | None:
    for name, length in _texts(msgspec.to_builtins(intent)):
        if length > MOST_TEXT:
            return _refused(name, f"{length} characters", f"at most {MOST_TEXT} characters")
    if intent.strategy != strategy:
        return _refused("strategy", intent.strategy, f"{strategy}, who asks")
    return _refused_names(intent)


def _refused_names(intent: Intent) -> CallRefused | None:
    """Refuse names that Tandem makes, where they would be taken for its own."""
    match intent:
        case NewOrder() if is_reserved(intent.client_order_id.lower()):
            return _refused("cloid", intent.client_order_id, "not of the form of a hedge's orders")
        case NewOrder() if intent.hedge_id is not None:
            return _refused("hedge_id", intent.hedge_id, "none: makers are asked for by a hedge")
        case CancelOrder() | StopHedge() if not is_call_token(intent.token):
            # With a dash it would be one of the cancels that a stop or a suspension causes.
            return _refused("token", intent.token, "letters, digits and _, at most 64")
        case _:
            return None


def _texts(value: object, name: str = "") -> Iterator[tuple[str, int]]:
    """Yield how long each text of a message is: its names become tokens of subjects."""
    if isinstance(value, str):
        yield name, len(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, name)


def _refused(field: str, value: object, rule: str) -> CallRefused:
    return CallRefused(field=field, value=str(value)[:MOST_SHOWN], rule=rule)
