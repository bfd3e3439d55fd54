"""How long a connection lives and when it is suspect: ages, listen key, missing events.

1. The venue ends a connection at 24 hours; ours is renewed before that, each copy's at its own
   moment within an hour, so that never all of an account's streams change at once.
2. The listen key is extended well inside its hour and never deleted: one key serves every
   consumer of the account (Binance docs, user data streams).
3. Silence is normal on an idle account. An acknowledged order of which the stream says nothing
   in time is not: then the next form of connection is tried, and the gap is filled over REST.
"""

from collections import deque
from urllib.parse import quote

from services.gateway_binance.protocol.settings import FORM_ORDER, PrivateForm
from services.gateway_binance.protocol.stream_wire import KNOWN_NAMES
from tandem.domain.units import NS_PER_MS, NS_PER_S

LIFETIME_NS = (24 * 3_600 - 600) * NS_PER_S
CONFIRM_NS = 5 * NS_PER_S
RETRY_KEY_NS = 10 * NS_PER_S
SPREAD_NS = 30 * 60 * NS_PER_S
REMEMBERED_EVENTS = 4_096
REMEMBERED_ACKS = 1_024


class Lifetime:
    """One connection's age, counted from its first tick."""

    def __init__(self) -> None:
        self._opened_ns: int | None = None

    def age_ns(self, mono_ns: int) -> int:
        if self._opened_ns is None:
            self._opened_ns = mono_ns
        return mono_ns - self._opened_ns

    def fault(self, mono_ns: int, *, is_ready: bool) -> str:
        """Return why the connection must be opened anew, or the empty text."""
        age_ns = self.age_ns(mono_ns)
        if age_ns >= LIFETIME_NS:
            return "near the venue's 24 hours"
        if not is_ready and age_ns >= CONFIRM_NS:
            return f"not confirmed within {CONFIRM_NS // NS_PER_S} s"
        return ""

    def is_to_renew(self, mono_ns: int, after_s: int) -> bool:
        """Tell whether the next connection is to be opened beside this one.

        The moment is spread by when this one was opened: no two copies open theirs at once.
        """
        spread_ns = (self._opened_ns or 0) % min(SPREAD_NS, after_s * NS_PER_S // 4)
        return self.age_ns(mono_ns) >= after_s * NS_PER_S + spread_ns


class KeyRenewal:
    """When the listen key is extended: well inside its hour, sooner after a failure."""

    def __init__(self, every_s: int) -> None:
        self._every_ns = every_s * NS_PER_S
        self._due_ns: int | None = None
        self._asked_ns = 0

    def is_due(self, mono_ns: int) -> bool:
        """Tell whether to ask now; each True counts as asked and arms the next retry."""
        if self._due_ns is None:
            self._due_ns = mono_ns + self._every_ns
        if mono_ns < self._due_ns:
            return False
        self._asked_ns = mono_ns
        self._due_ns = mono_ns + min(RETRY_KEY_NS, self._every_ns)
        return True

    def renewed(self) -> None:
        self._due_ns = self._asked_ns + self._every_ns


class EventWatchdog:
    """Which acknowledged orders the private stream has not mentioned yet.

    A key names an order and whether it ended; acknowledgement and event may come in either order.
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ns = timeout_ms * NS_PER_MS
        self._missing: dict[str, int | None] = {}
        self._seen: set[str] = set()
        self._seen_order: deque[str] = deque()

    def acknowledged(self, key: str) -> None:
        if key not in self._seen and len(self._missing) < REMEMBERED_ACKS:
            self._missing.setdefault(key, None)

    def mentioned(self, key: str) -> None:
        self._missing.pop(key, None)
        if key in self._seen:
            return
        self._seen.add(key)
        self._seen_order.append(key)
        if len(self._seen_order) > REMEMBERED_EVENTS:
            self._seen.discard(self._seen_order.popleft())

    def overdue(self, mono_ns: int) -> str:
        """Return the order whose event is missing for too long, or the empty text."""
        for key, since_ns in self._missing.items():
            if since_ns is None:
                self._missing[key] = mono_ns
            elif mono_ns - since_ns > self._timeout_ns:
                return key
        return ""

    def forget(self) -> None:
        """Start over with a new connection: what was missed is asked over REST."""
        self._missing.clear()


def next_form(form: PrivateForm) -> PrivateForm:
    """Return the form to try after one that stayed silent."""
    if form not in FORM_ORDER:
        return FORM_ORDER[0]
    return FORM_ORDER[(FORM_ORDER.index(form) + 1) % len(FORM_ORDER)]


def private_url(base: str, form: PrivateForm, listen_key: str) -> str:
    """Return where to connect for the account's events."""
    key = quote(listen_key, safe="")
    match form:
        case PrivateForm.EVENTS:
            names = "/".join(sorted(KNOWN_NAMES))
            return f"{base}/private/ws?listenKey={key}&events={names}"
        case PrivateForm.QUERY:
            return f"{base}/private/ws?listenKey={key}"
        case PrivateForm.SUBSCRIBE:
            return f"{base}/private/stream"
        case PrivateForm.PATH:
            return f"{base}/private/ws/{key}"
