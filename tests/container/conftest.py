"""One image and one desk in containers for the whole session, with somebody who trades on it."""

import secrets
from collections.abc import Iterator

import pytest

from tests.container.playing import Playing, playing, playing_stack
from tests.container.stack import Stack, build, docker, running


@pytest.fixture(scope="session")
def version() -> Iterator[str]:
    """The tag of an image of this tree, built for this session and gone after it."""
    tag = f"test-{secrets.token_hex(4)}"
    name = build(tag)
    yield tag
    docker("rmi", "-f", name)


@pytest.fixture(scope="session")
def stack(version: str) -> Iterator[Stack]:
    """A desk that is up, its walkthrough's audit passed."""
    with running(playing_stack(version)) as up:
        yield up
    assert up.left_overs() == []


@pytest.fixture(scope="module")
def play(stack: Stack) -> Iterator[Playing]:
    """Somebody who quotes, and who audits by the exchanges' books; gone before the desk may be."""
    with playing(stack) as player:
        yield player
