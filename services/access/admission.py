"""Whether a strategy may have something logged (pure).

1. It is logged only if it is an intent or a stop that names this strategy, under the very subject
   that it implies: the log then says who asked, whatever a payload claims.
2. Names that Tandem makes for its own orders and calls are refused: they are not asked for.
3. A refusal names the field, its value and the rule.
"""

from collections.abc import Iterator

import msgspec

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Strategy, is_call_token, is_reserved
from tandem.messages import facts
from tandem.messages.access import CallRefused, LogIntent
from tandem.messages.intents import CancelOrder, HedgeOrder, NewOrder, StopHedge

MOST_SHOWN = 200
MOST_TEXT = 128
Intent = NewOrder | CancelOrder | HedgeOrder | StopHedge


def refused_intent(strategy: Strategy, asked: LogIntent, most_bytes: int) -> CallRefused | None:
    """Tell why an intent is not logged, or None; how deep it nests the codec bounds."""
    if len(asked.payload) > most_bytes:
        rule = f"at most {most_bytes} bytes"
        return _refused("payload", f"{len(asked.payload)} bytes", rule)
    try:
        intent = facts.read_fact(asked.subject, asked.payload)
    except MalformedMessageError as error:
        return _refused(error.field, asked.subject, error.rule)
    if not isinstance(intent, Intent):
        rule = "an order, a cancel, a hedge or a stop; a halt is the operator's (`tandem halt`)"
        return _refused("type", str(intent.__struct_config__.tag), rule)
    return _refused_contents(strategy, intent)


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
