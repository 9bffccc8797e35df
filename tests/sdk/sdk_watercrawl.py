"""Demonstrations: WaterCrawl's searches, and what all its methods go through."""

from __future__ import annotations

import asyncio
import functools

import pytest
from sdk_table import WATERCRAWL
from sdk_table import works as entered

works = functools.partial(entered, table=WATERCRAWL)


def states(events):
    return [event["data"]["status"] for event in events if event["type"] == "state"]


async def made(sdk, query="cats"):
    return (await sdk(sdk.client.create_search_request, query, sync=False))["uuid"]


async def running(sdk):
    """Return a search that runs until somebody stops it."""
    return await made(sdk, "stuck")


@works("create_search_request")
async def create(sdk, it):
    """Without waiting it is new; waiting brings the rows, or their address."""
    options = {"language": "en", "country": "no", "depth": "advanced", "time_range": "hour"}
    new = await sdk(it.create_search_request, "cats", search_options=options, result_limit=3, sync=False)
    assert (new["status"], new["result"], new["duration"]) == ("new", None, None)
    # The documented spelling of the range is dropped in silence.
    assert (new["search_options"]["depth"], new["search_options"]["time_renge"]) == ("advanced", "any")
    assert len((await sdk(it.create_search_request, "cats", result_limit=3))["result"]) == 3
    assert "/media/" in (await sdk(it.create_search_request, "cats", download=False))["result"]


@works("get_search_request")
async def get(sdk, it):
    """With rows only where they are asked for."""
    done = await sdk(it.create_search_request, "cats", result_limit=2)
    assert isinstance((await sdk(it.get_search_request, done["uuid"]))["result"], str)
    rows = (await sdk(it.get_search_request, done["uuid"], download=True))["result"]
    assert [row["order"] for row in rows] == [1, 2]


@works("get_search_requests_list")
async def get_list(sdk, it):
    """Newest first, in pages."""
    uuids = [await made(sdk) for _ in range(3)]
    page = await sdk(it.get_search_requests_list, 1, 2)
    rest = await sdk(it.get_search_requests_list, 2, 2)
    assert [row["uuid"] for row in (*page["results"], *rest["results"])] == uuids[::-1]
    assert (page["count"], rest["next"]) == (3, None)


@works("stop_search_request")
async def stop(sdk, it):
    """The 204 is nothing; what is not running is a 403."""
    uuid = await running(sdk)
    assert await sdk(it.stop_search_request, uuid) is None
    assert (await sdk(it.get_search_request, uuid))["status"] == "canceled"
    with pytest.raises(Exception, match="403 Client Error"):
        await sdk(it.stop_search_request, uuid)
    with pytest.raises(Exception, match="404 Client Error"):
        await sdk(it.stop_search_request, "7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61")


@works("monitor_search_request")
async def monitor(sdk, it):
    """Each state as it comes, the last one twice."""
    assert states(await sdk(it.monitor_search_request, await made(sdk))) == ["new", "running", "finished", "finished"]


@works("init_session", "process_response", "process_eventstream")
async def process(sdk, it):
    """What every other method goes through: it makes a session, and reads what the sandbox sends."""
    one = f"{sdk.sandbox.url}/api/v1/core/search/{await made(sdk)}/"
    with await sdk(it.init_session) as session:
        reply = await asyncio.to_thread(session.get, one, timeout=5)
        assert (await sdk(it.process_response, reply))["query"] == "cats"
        stream = await asyncio.to_thread(session.get, one + "status/", stream=True, timeout=5)
        assert states(await sdk(it.process_eventstream, stream))[-1] == "finished"
