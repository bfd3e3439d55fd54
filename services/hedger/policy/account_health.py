"""Which accounts takers cannot be sent to now, and why (pure).

1. An account is down from when the last of its sessions said DOWN until one has RESYNCED: what
   happened in between is unknown before. A session is one gateway process; its word lapses
   after session_ms, so that a process that was killed does not vouch for the account for ever.
2. An account is shaky from the second of its takers that fell in doubt within doubt_window_ms, or
   from a refusal that is about the account as a whole, until its time has passed, or a session
   came up, and none of its takers is in doubt. Any other refusal is its bucket's alone.
3. An account on which somebody else traded (fold/external.py) is suspect for a while: its takers
   go, but no maker is quoted that would need more of them.
4. An account that no session has spoken of is not judged.
"""

from msgspec import Struct, field

from services.hedger.policy.rules import HedgeRules
from tandem.domain.units import NS_PER_MS
from tandem.messages.reports import LinkReport, LinkState

MAX_SESSIONS = 16
DOUBTS = 2


class Session(Struct):
    """A gateway process's last word about its session with the venue, and when it was logged."""

    state: LinkState
    said_ns: int


class Account(Struct):
    """`down`, `shaky`: why, empty while it is not. `doubts`: when takers fell in doubt lately.

    `until_ns`: when a shaky account may be tried again. `is_paged`: a person was told of it.
    `suspect`: what somebody else did there, until `suspect_ns`; `strangers`: by which orders.
    """

    sessions: dict[str, Session] = field(default_factory=dict)
    doubts: list[int] = field(default_factory=list)
    down: str = ""
    shaky: str = ""
    until_ns: int = 0
    is_paged: bool = False
    suspect: str = ""
    suspect_ns: int = 0
    strangers: list[str] = field(default_factory=list)

    @property
    def fault(self) -> str:
        """Why no taker goes there now."""
        return self.down or self.shaky

    @property
    def bar(self) -> str:
        """Why no maker is quoted that hedges there."""
        return self.fault or self.suspect


def hear(account: Account, report: LinkReport, now_ns: int, rules: HedgeRules) -> bool:
    """Take a session's word (1); False when it only repeats itself."""
    said = account.sessions.pop(report.run, None)
    account.sessions[report.run] = Session(report.state, now_ns)
    while len(account.sessions) > MAX_SESSIONS:
        del account.sessions[next(iter(account.sessions))]
    if report.state is LinkState.RESYNCED:
        account.down = ""
    elif not _has_session(account, now_ns, rules):
        account.down = account.down or f"no session with the venue is up: {report.text}"
    return said is None or said.state is not report.state


def _has_session(account: Account, now_ns: int, rules: HedgeRules) -> bool:
    oldest_ns = now_ns - rules.session_ms * NS_PER_MS
    return any(
        one.state is not LinkState.DOWN and one.said_ns >= oldest_ns
        for one in account.sessions.values()
    )


def doubt(account: Account, now_ns: int, rules: HedgeRules, text: str = "") -> None:
    """A taker has fallen in doubt (2); `text` is what was said of it."""
    window_ns = rules.doubt_window_ms * NS_PER_MS
    account.doubts = [one for one in account.doubts if one > now_ns - window_ns]
    account.doubts.append(now_ns)
    if len(account.doubts) >= DOUBTS:
        within = f"within {rules.doubt_window_ms} ms"
        shaky = f"{len(account.doubts)} takers without an outcome {within}"
        account.shaky = f"{shaky}; the last: {text}" if text else shaky
        account.until_ns = now_ns + window_ns


def shut_out(account: Account, text: str, until_ns: int) -> None:
    """The venue refuses the account as a whole (2)."""
    account.shaky, account.until_ns = text, until_ns


def recover(account: Account) -> None:
    account.shaky = ""
    account.doubts.clear()
    account.is_paged = False
