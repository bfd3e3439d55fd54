from tandem.domain.ids import Exc
from tandem.messages.hedges import Epoch
from tandem.messages.reports import LinkReport, LinkState, SpecsReport
from tandem.runtime.fold.epochs import Standing, apply, copied

A, B = Exc("a"), Exc("b")


def after(*facts: SpecsReport | LinkReport | Epoch) -> Standing:
    standing = Standing()
    for fact in facts:
        apply(standing, fact)
    return standing


def specs(exc: Exc) -> SpecsReport:
    return SpecsReport(exc=exc, instruments=())


def link(exc: Exc, state: LinkState, epoch: int) -> LinkReport:
    return LinkReport(exc=exc, run="r", n=1, state=state, epoch=epoch)


def test_a_log_that_was_never_cut_waits_for_nobody() -> None:
    assert after(specs(A)).awaited == frozenset()


def test_a_new_epoch_waits_for_every_account_that_logged_specs() -> None:
    standing = after(specs(A), specs(B), Epoch(epoch=1))

    assert standing.awaited == {A, B}


def test_resynced_of_the_epoch_releases_an_account() -> None:
    standing = after(specs(A), specs(B), Epoch(epoch=1), link(A, LinkState.RESYNCED, 1))

    assert standing.awaited == {B}


def test_resynced_of_an_older_epoch_or_another_state_releases_nobody() -> None:
    standing = after(
        specs(A), Epoch(epoch=2), link(A, LinkState.RESYNCED, 1), link(A, LinkState.UP, 2)
    )

    assert standing.awaited == {A}


def test_the_next_epoch_waits_anew_and_an_older_one_changes_nothing() -> None:
    standing = after(
        specs(A), Epoch(epoch=2), link(A, LinkState.RESYNCED, 2), Epoch(epoch=1), Epoch(epoch=3)
    )

    assert standing.epoch == 3
    assert standing.awaited == {A}


def test_a_copy_does_not_change_with_its_original() -> None:
    original = after(specs(A), Epoch(epoch=1))
    kept = copied(original)

    apply(original, link(A, LinkState.RESYNCED, 1))

    assert kept.awaited == {A}
