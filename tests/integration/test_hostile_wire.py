"""Bytes that no client library sends, on the connection of a strategy: its door hears on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.messages import codec
from tandem.messages.access import IntentLogged, LogIntent
from tests.integration.access_desk import AccessDesk, make_keys, start_server
from tests.unit.services.access.asking import ALPHA, order

CALL, INBOX = b"access.alpha.call", b"_INBOX_strategy-alpha."
PATIENCE_S = 1.5
HOSTILE = {
    "a reply that is no text": b"PUB %b %b\xff\xfe 2\r\n{}\r\n" % (CALL, INBOX),
    "a status with a reply that is no text": b"HPUB %b %b\xff 16 18\r\nNATS/1.0 503\r\n\r\n{}\r\n"
    % (CALL, INBOX),
    "headers that end early": b"HPUB %b %bx 1 3\r\nN{}\r\n" % (CALL, INBOX),
    "a status that is no text": b"HPUB %b %bx 16 18\r\nNATS/1.0 \xff\xff\xff\r\n\r\n{}\r\n"
    % (CALL, INBOX),
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[AccessDesk]:
    make_keys(tmp_path / "keys")
    server = start_server(tmp_path / "keys", tmp_path / "nats")
    desk = await AccessDesk.on(server.url, tmp_path / "keys")
    await desk.start_access()
    yield desk
    await desk.close()
    server.kill()


@pytest.mark.parametrize("said", HOSTILE.values(), ids=list(HOSTILE))
async def test_e8_no_bytes_on_the_wire_make_a_door_deaf(desk: AccessDesk, said: bytes) -> None:
    """Nobody asks again here: what the door does not hear at once is lost."""
    client = await desk.client_of("strategy-alpha")
    link = client._transport
    assert link is not None
    link.write(said)
    await client.flush()

    subject, payload = order(ALPHA, "after")
    call = codec.encode(LogIntent(subject=subject, payload=payload))
    async with asyncio.timeout(PATIENCE_S):
        told = await client.request(CALL.decode(), call, timeout=PATIENCE_S)

    assert codec.decode_told(told.data) == IntentLogged(seq=1)
