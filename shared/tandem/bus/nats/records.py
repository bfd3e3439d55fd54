"""Records on a NATS server, each replaced by compare-and-set on its subject's last sequence.

The server compares before it looks for duplicates, so a retry of a replacement that was stored
is refused: whoever has no answer reads back (`newest`) and compares.
"""

from collections.abc import Callable

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from tandem.bus.nats.api import JetStreamApi
from tandem.bus.nats.wire import EXPECTED_SEQ_HEADER, Verdict, publish_answer
from tandem.bus.port import Entry
from tandem.domain.errors import UnavailableError

REPLACE_TIMEOUT_S = 0.5


class NatsCells:
    """One stream that keeps the newest message a subject; satisfies `Cells`."""

    def __init__(self, client: Client, api: JetStreamApi, stream: str) -> None:
        self._client = client
        self._api = api
        self._stream = stream

    async def newest(self, subject: str) -> Entry | None:
        return await self._api.message_under(self._stream, subject)

    async def replace(self, subject: str, payload: bytes, expected_seq: int) -> int | None:
        headers = {EXPECTED_SEQ_HEADER: str(expected_seq)}
        try:
            reply = await self._client.request(
                subject, payload, timeout=REPLACE_TIMEOUT_S, headers=headers
            )
        except (nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"{subject}: {str(error) or type(error).__name__}") from error
        answer = publish_answer(reply.data, (reply.headers or {}).get("Status"))
        if answer.verdict is Verdict.STORED:
            return answer.seq
        if answer.verdict is Verdict.REPLACED:
            return None
        raise UnavailableError(f"{subject} was not stored: {answer.text}")

    async def watch(self, subject: str, on_offer: Callable[[bytes], None]) -> None:
        async def offered(message: Msg) -> None:
            on_offer(message.data)

        await self._client.subscribe(subject, cb=offered)
