"""What follows where hedges cannot be had: makers are cancelled, new ones wait (pure).

1. A sick account suspends every maker that hedges there, a bucket on the ladder's upper rungs the
   makers of that bucket. What they have filled stays owed, shown, and is hedged on return.
2. The cancels are named by the fact that made it sick, so that every copy asks for the same ones.
3. A person is told where a hedge works, waits or is owed; an idle account may come and go.
4. A hedge intent that comes meanwhile waits as long as it is valid; recovery is news: holds end
   and what waited is considered again.
"""

from collections.abc import Callable
from functools import partial

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold import admission, timers
from services.hedger.fold.state import Link, State, account_of
from services.hedger.fold.step import Turn
from services.hedger.policy import account_health, retry
from services.hedger.policy.account_health import Account
from tandem.domain.ids import Exc, Ticker
from tandem.domain.units import NS_PER_MS
from tandem.messages.reports import LinkReport, LinkState


def on_session(state: State, turn: Turn, report: LinkReport) -> None:
    account = account_of(state, report.exc)
    before = account.fault
    is_news = account_health.hear(account, report, turn.now_ns, state.rules)
    is_back = is_news and report.state is not LinkState.DOWN
    if is_back and not _is_in_doubt(state, report.exc):
        account_health.recover(account)
    _follow(state, turn, report.exc, before)
    if is_back:
        release(state, turn, report.exc)


def on_doubt(state: State, turn: Turn, exc: Exc, text: str) -> None:
    """A taker of the account has no outcome; `text` is what was said of it."""
    account = account_of(state, exc)
    before, was_shaky = account.fault, account.shaky
    account_health.doubt(account, turn.now_ns, state.rules, text)
    _follow(state, turn, exc, before)
    if account.shaky and not was_shaky:
        _look_later(state, turn, exc, account)


def on_refused_account(state: State, turn: Turn, bucket: Bucket) -> None:
    """The venue does not take the account's requests: nothing of it can be hedged there.

    It is tried again when the bucket's own hold is over, which grows with each refusal.
    """
    exc = bucket.exc
    account = account_of(state, exc)
    before, was_shaky = account.fault, account.shaky
    least_ns = turn.now_ns + state.rules.hold_ms * NS_PER_MS
    account_health.shut_out(account, bucket.pace.words, max(least_ns, bucket.pace.not_before_ns))
    _follow(state, turn, exc, before)
    if not was_shaky:
        _look_later(state, turn, exc, account)


def on_calm(state: State, turn: Turn, exc: Exc) -> None:
    """The time of a shaky or suspect account may be over; one with a taker in doubt waits on."""
    account = account_of(state, exc)
    if account.suspect and turn.now_ns >= account.suspect_ns:
        account.suspect = ""
        turn.recovered = True
    if not account.shaky:
        return
    if turn.now_ns < account.until_ns or _is_in_doubt(state, exc):
        _page(turn, exc, account)
        _look_later(state, turn, exc, account)
        return
    before = account.fault
    account_health.recover(account)
    _follow(state, turn, exc, before)


def _is_in_doubt(state: State, exc: Exc) -> bool:
    return any(
        taker.order.in_doubt
        for bucket in state.buckets.values()
        if bucket.exc == exc
        for taker in bucket.flying.values()
    )


def _page(turn: Turn, exc: Exc, account: Account) -> None:
    if not account.is_paged:
        account.is_paged = True
        turn.alarm(f"L3 {exc}: still {account.shaky}")


def _look_later(state: State, turn: Turn, exc: Exc, account: Account) -> None:
    key = timers.TimerKey(timers.Wakes.ACCOUNT, turn.place, exc)
    least_ns = turn.now_ns + state.rules.doubt_window_ms * NS_PER_MS
    turn.effects.append(timers.arm(key, max(account.until_ns, least_ns)))


def _follow(state: State, turn: Turn, exc: Exc, before: str) -> None:
    fault = account_of(state, exc).fault
    if fault and not before:
        if _is_at_stake(state, exc):
            turn.alarm(f"L2 {exc}: {fault}; the makers that hedge there are cancelled")
        suspend_makers_on(state, turn, exc, fault)
        _touch(state, turn, exc)
    elif before and not fault:
        release(state, turn, exc)
        turn.recovered = True


def suspend_makers_on(state: State, turn: Turn, exc: Exc, why: str) -> None:
    """Cancel every maker that hedges on an account."""
    _suspend(state, turn, f"{exc}: {why}", partial(_hedges_on, exc))


def suspend_makers_in(state: State, turn: Turn, place: tuple[Exc, Ticker], why: str) -> None:
    """Cancel every maker that hedges in one instrument, of whichever pool."""
    for link in state.links.values():
        if any((leg.exc, leg.ticker) == place for leg in link.legs):
            admission.suspend(turn, link, f"{place[0]} {place[1]}: {why}")


def _is_at_stake(state: State, exc: Exc) -> bool:
    """Tell whether a hedge works, waits or is owed there.

    Else there is nothing to look at: a desk that starts has no session yet, one that is stopped in
    order gives its own up.
    """
    works = any(not link.done_ns and _hedges_on(exc, link) for link in state.links.values())
    waits = any(leg.exc == exc for one in state.pending.values() for leg in one.hedge.legs)
    mine = [bucket for bucket in state.buckets.values() if bucket.exc == exc]
    return works or waits or any(one.flying or _is_owed(one) for one in mine)


def _is_owed(bucket: Bucket) -> bool:
    return bool(ledger.naked(bucket)) and not bucket.is_dust


def _hedges_on(exc: Exc, link: Link) -> bool:
    return any(leg.exc == exc for leg in link.legs)


def _suspend(state: State, turn: Turn, why: str, is_meant: Callable[[Link], bool]) -> None:
    for link in state.links.values():
        if is_meant(link):
            admission.suspend(turn, link, why)


def _touch(state: State, turn: Turn, exc: Exc) -> None:
    for bucket in state.buckets.values():
        if bucket.exc == exc:
            turn.touch_bucket(bucket)


def release(state: State, turn: Turn, exc: Exc) -> None:
    """News of an account that may lift a hold: its buckets try at once."""
    for bucket in state.buckets.values():
        if bucket.exc == exc:
            retry.release(bucket.pace)
            turn.touch_bucket(bucket)


def suspend_bucket(state: State, turn: Turn, bucket: Bucket, why: str) -> None:
    """Cancel the makers of one bucket; it takes new ones once its need is dust again."""
    turn.touch_bucket(bucket)
    if not bucket.suspended:
        bucket.suspended = why
        of_bucket = f"{bucket.exc} {bucket.ticker} {bucket.pool}: {why}"
        _suspend(state, turn, of_bucket, partial(_feeds, bucket))


def _feeds(bucket: Bucket, link: Link) -> bool:
    return any(link.bucket_key(leg) == bucket.key for leg in link.legs)
