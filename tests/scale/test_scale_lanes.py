"""What a limit of requests leaves to whom, while thousands of jobs are watched."""

from __future__ import annotations

import asyncio
import logging

import attrs
import pytest
from aiohttp import web
from services import URL, serving

from asyncjobs import JobState, Settings
from asyncjobs.kinds import Call, Client, JobKind, Limit, Pace, Provider

COST = {"any": 1}
MANY = 10_000


@attrs.frozen(kw_only=True)
class Thing:
    id: str
    status: str


THING = JobKind(
    name="shop.thing",
    resource=Thing,
    identity={"id": "id"},
    create=Call("POST", "/things", repeatable=False, costs=COST),
    look=Call("GET", "/things/{id}", repeatable=True, costs=COST),
    cancel=Call("POST", "/things/{id}/cancel", repeatable=True, costs=COST),
    words={"running": JobState.RUNNING, "done": JobState.COMPLETED, "canceled": JobState.CANCELED},
)
SHOP = Provider(
    name="shop",
    base_url=URL,
    key_header="X-Key",
    key_env="SHOP_KEY",
    url_env="SHOP_URL",
    limits=(Limit("any", 10),),
    kinds=(THING,),
)


def now():
    return asyncio.get_running_loop().time()


class Shop:
    """Every thing runs until it is cancelled; each request is noted with its time."""

    def __init__(self, latency=0.05):
        self.latency = latency
        self.asked = []
        self.canceled = set()

    async def __call__(self, request):
        await request.read()
        name = request.path.split("/")[2] if request.path.count("/") > 1 else ""
        verb = "cancel" if request.path.endswith("/cancel") else "look" if request.method == "GET" else "create"
        self.asked.append((verb, name, now()))
        if verb == "cancel":
            self.canceled.add(name)
        await asyncio.sleep(self.latency)
        status = "canceled" if name in self.canceled else "running"
        # The cancel says nothing of the job: what came of it must be looked at.
        body = {} if verb == "cancel" else {"id": name or "new", "status": status}
        return web.json_response(body)

    def times(self, verb):
        return [at for asked, _, at in self.asked if asked == verb]


async def watched(client, count):
    """Wait for so many things, each in a wait of its own."""
    waits = [asyncio.ensure_future(client.job_of(THING, f"t{number}").wait()) for number in range(count)]
    await asyncio.sleep(0)
    return waits


async def left(waits):
    for wait in waits:
        wait.cancel()
    await asyncio.wait(waits)


def shop_client(session, **settings):
    return Client(SHOP, "key", base_url=URL, settings=Settings(rates={"any": 10.0}, **settings), session=session)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("after", [0.95, 30.0, 30.37])
async def test_a_cancel_is_on_the_wire_at_once_while_thousands_are_watched(after):
    """Within 200 ms, at ten requests a second that looks use to the last; and what came of it is looked at soon."""
    shop = Shop()
    async with serving(shop) as session, shop_client(session) as client:
        waits = await watched(client, MANY)
        await asyncio.sleep(after)
        began = now()
        assert await client.job_of(THING, "t7000").cancel() == "canceled"
        assert shop.times("cancel")[0] - began <= 0.2
        assert now() - began <= 2.5
        # The looks lose little by leaving room for it.
        assert len(shop.times("look")) >= 8.5 * after
        await left(waits)


@pytest.mark.timeout(120)
async def test_what_a_rate_does_not_allow_is_stretched_evenly_and_said_once(caplog):
    """The oldest goes first, nobody is looked at a third time before everybody was twice; one line in the log."""
    shop = Shop()
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        async with serving(shop) as session, shop_client(session) as client:
            waits = await watched(client, 300)
            await asyncio.sleep(100)
            await left(waits)
    counts = {}
    for verb, name, _ in shop.asked:
        assert verb == "look"
        counts[name] = counts.get(name, 0) + 1
    assert len(counts) == 300
    assert max(counts.values()) - min(counts.values()) <= 1
    assert sum(counts.values()) >= 880
    (said,) = caplog.records
    assert "come later than planned" in said.getMessage()


async def test_where_the_rate_suffices_nothing_is_said(caplog):
    """Nor where jobs are looked at as rarely as their pace says."""
    shop = Shop()
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        async with serving(shop) as session, shop_client(session) as client:
            waits = await watched(client, 20)
            await asyncio.sleep(100)
            await left(waits)
    assert not caplog.records


async def test_cancels_go_before_creates_and_creates_before_looks():
    """And looks keep a fifth."""
    shop = Shop(latency=0.0)
    async with serving(shop) as session, shop_client(session) as client:
        waits = await watched(client, 200)
        await asyncio.sleep(5.05)
        shop.asked.clear()
        creates = [asyncio.ensure_future(client.create(THING, {})) for _ in range(20)]
        cancels = [asyncio.ensure_future(client.job_of(THING, f"c{n}").cancel(confirm=False)) for n in range(20)]
        await asyncio.sleep(5.0)
        order = [verb for verb, _, _ in shop.asked if verb != "look"]
        assert order[:19] == ["cancel"] * 19
        assert order.count("create") == 20
        assert 9 <= len(shop.times("look")) <= 12
        assert len(shop.asked) >= 48
        await asyncio.gather(*creates, *cancels)
        await left(waits)


async def test_a_wait_that_is_given_up_leaves_its_lane():
    """Those behind it do not wait for its turn."""
    shop = Shop()
    async with (
        serving(shop) as session,
        shop_client(session, paces={THING.name: Pace(first=60.0, ceiling=60.0)}) as client,
    ):
        waits = await watched(client, 100)
        await asyncio.sleep(1.5)
        await left(waits)
        await asyncio.sleep(1.0)
        shop.asked.clear()
        began = now()
        late = [asyncio.ensure_future(client.job_of(THING, f"late{number}").wait()) for number in range(5)]
        await asyncio.sleep(1.0)
        assert len(shop.asked) == 5
        assert max(shop.times("look")) - began <= 0.2
        await left(late)
