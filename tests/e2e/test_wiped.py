"""NATS's store is deleted after the (shortened) offers' reach, with real processes."""

from pathlib import Path

import aiohttp
import pytest

from tandem.cli.stack import LocalStack
from tests.e2e.wiped import outlive, plan

REACH_S = 5


@pytest.mark.timeout(300)
async def test_e5_hedging_resumes_on_a_store_that_was_deleted_after_the_offers_reach(
    tmp_path: Path,
) -> None:
    with LocalStack(plan(tmp_path, REACH_S)) as stack:
        async with aiohttp.ClientSession() as session:
            await outlive(stack, session, REACH_S)
