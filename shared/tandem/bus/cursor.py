"""Whether a log still is the one in which a place was taken (pure).

Sequences alone do not tell: a log whose newest messages were lost gives their sequences to others.
"""

from msgspec import structs

from tandem.bus.port import Cursor, Entry, LogState

ANY_CREATED_NS = 0


def place_is_kept(
    cursor: Cursor, state: LogState, stored: Entry | None, *, keeps_newest: bool = False
) -> bool:
    """Tell whether what was read up to `cursor` still is what the log holds.

    Args:
        cursor: a place in the log as it was; without a subject only the sequence counts, and
            ANY_CREATED_NS stands for whichever stream is there.
        state: the log as it is.
        stored: what it holds at the cursor's sequence; None when nothing.
        keeps_newest: whether newer messages replace older ones of their subject there.
    """
    is_same = cursor.created_ns in {ANY_CREATED_NS, state.created_ns}
    if not is_same or cursor.seq > state.last_seq:
        return False
    if stored is None:
        return keeps_newest or cursor.seq == 0 or cursor.seq < state.first_seq
    return not cursor.subject or (stored.subject, stored.ts_ns) == (cursor.subject, cursor.ts_ns)


def is_borne_out(cursor: Cursor, state: LogState, stored: Entry | None) -> bool:
    """Tell whether a log holds what was read up to `cursor`, whichever stream it is by now.

    A stream that was restored may have another creation; the message at the cursor tells.
    """
    if stored is None or not cursor.subject:
        return place_is_kept(cursor, state, stored)
    return place_is_kept(structs.replace(cursor, created_ns=ANY_CREATED_NS), state, stored)


def cursor_at(created_ns: int, entry: Entry | None, seq: int = 0) -> Cursor:
    """Return the place of a message that was read; without one, only its sequence is known."""
    if entry is None:
        return Cursor(created_ns=created_ns, seq=seq)
    return Cursor(created_ns=created_ns, seq=entry.seq, subject=entry.subject, ts_ns=entry.ts_ns)
