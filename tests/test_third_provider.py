"""A service of one's own, from public names only, keeps the contract with every verb."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from asyncjobs import CancelOutcome, InvalidArgument, JobCanceled, JobState, NotSupported
from asyncjobs.kinds import WORDS, Call, Client, JobKind, Pace, Provider, Refusal, Refused

# -- the provider: what a user writes ----------------------------------------


@attrs.frozen(kw_only=True)
class Cake:
    """What the bakery makes."""

    id: str
    status: str
    flavor: str = ""
    layers_done: int = 0


CAKE = JobKind(
    name="bakery.cake",
    resource=Cake,
    identity={"id": "id"},
    create=Call("POST", "/cakes", repeatable=False),
    look=Call("GET", "/cakes/{id}", repeatable=True),
    cancel=Call("DELETE", "/cakes/{id}", repeatable=True),
    stop=Call("POST", "/cakes/{id}/serve", repeatable=True),
    words={word: WORDS[word] for word in ("queued", "running", "completed", "canceled")} | {"burnt": JobState.FAILED},
    progress={"found": "layersDone"},
    refusals=(Refusal("cancel", 409, Refused.NOT_IN_STATE),),
    pace=Pace(first=0.01, ceiling=0.05, urgent=0.01),
)
BREAD = attrs.evolve(
    CAKE,
    name="bakery.bread",
    create=Call("POST", "/breads", repeatable=False),
    look=Call("GET", "/breads/{id}", repeatable=True),
    cancel=None,
    stop=None,
)
BAKERY = Provider(
    name="bakery",
    base_url="http://bakery.test",
    key_header="X-Baker",
    key_env="BAKERY_KEY",
    url_env="BAKERY_URL",
    kinds=(CAKE, BREAD),
)


class Bakery(Client):
    """The client of the bakery."""

    def __init__(self, api_key=None, **options):
        super().__init__(BAKERY, api_key, **options)

    def cake(self, flavor):
        return self.create(CAKE, {"flavor": flavor})

    def bread(self, flavor):
        return self.create(BREAD, {"flavor": flavor})


# -- its service -------------------------------------------------------------


class Oven:
    """Bakes one layer at each look; three make a cake. What is called "slow" stays in line."""

    def __init__(self):
        self.cakes = {}
        self.keys = set()

    def app(self):
        app = web.Application()
        for path in ("/cakes", "/breads"):
            app.router.add_post(path, self.create)
            app.router.add_get(path + "/{id}", self.look)
        app.router.add_delete("/cakes/{id}", self.cancel)
        app.router.add_post("/cakes/{id}/serve", self.serve)
        return app

    async def create(self, request):
        self.keys.add(request.headers["X-Baker"])
        flavor = (await request.json())["flavor"]
        cake = {"id": f"c{len(self.cakes)}", "status": "queued", "flavor": flavor, "layersDone": 0}
        self.cakes[cake["id"]] = cake
        return web.json_response(cake, status=201)

    def find(self, request):
        cake = self.cakes.get(request.match_info["id"])
        if cake is None:
            raise web.HTTPNotFound(text='{"error": "no such cake"}', content_type="application/json")
        return cake

    async def look(self, request):
        cake = self.find(request)
        if cake["status"] in {"queued", "running"} and cake["flavor"] != "slow":
            cake["layersDone"] += 1
            cake["status"] = "completed" if cake["layersDone"] >= 3 else "running"
        return web.json_response(cake)

    async def cancel(self, request):
        cake = self.find(request)
        if cake["status"] not in {"queued", "running"}:
            return web.json_response({"error": "too late"}, status=409)
        cake["status"] = "canceled"
        return web.Response(status=204)

    async def serve(self, request):
        cake = self.find(request)
        cake["status"] = "completed"
        return web.json_response(cake)


@contextlib.asynccontextmanager
async def open_bakery():
    """Give an oven and a client of it."""
    oven = Oven()
    async with TestServer(oven.app()) as server, Bakery("k3y", base_url=str(server.make_url("/"))) as bakery:
        yield oven, bakery


real_time = pytest.mark.real_time


@real_time
async def test_created_awaited_and_gathered():
    """create, await, gather, wait, result: one handle, one outcome."""
    async with open_bakery() as (oven, bakery):
        jobs = await asyncio.gather(*(bakery.cake(flavor) for flavor in "abc"))
        assert [cake.flavor for cake in await asyncio.gather(*jobs)] == ["a", "b", "c"]
        snapshot = await jobs[0].wait()
        assert (snapshot.state, snapshot.status, snapshot.progress.found) == (JobState.COMPLETED, "completed", 3)
        assert await jobs[0].result() == await jobs[0]
        assert jobs[0].done
        assert oven.keys == {"k3y"}


@real_time
async def test_cancelled():
    """cancel is confirmed, told apart from an end, and the result says who it was."""
    async with open_bakery() as (oven, bakery):
        slow, quick = await bakery.cake("slow"), await bakery.cake("quick")
        await quick
        assert await asyncio.gather(slow.cancel(), quick.cancel()) == [
            CancelOutcome.CANCELED,
            CancelOutcome.ALREADY_DONE,
        ]
        assert oven.cakes[slow.id]["status"] == "canceled"
        with pytest.raises(JobCanceled) as caught:
            await slow
        assert caught.value.requested_by_us


@real_time
async def test_a_cancel_that_comes_too_late_is_no_error():
    """The kind's refusal means: look, then decide."""
    async with open_bakery() as (oven, bakery):
        job = await bakery.cake("x")
        oven.cakes[job.id]["status"] = "burnt"
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.FAILED


@real_time
async def test_owned():
    """async with create and async with job: no block leaves a cake in the oven."""
    async with open_bakery() as (oven, bakery):
        async with bakery.cake("slow") as job:
            assert job.state is JobState.QUEUED
        async with await bakery.cake("slow") as other:
            pass
        assert job.state is other.state is JobState.CANCELED
        assert {cake["status"] for cake in oven.cakes.values()} == {"canceled"}


@real_time
async def test_stopped_refreshed_and_followed():
    """stop, refresh, async for."""
    async with open_bakery() as (_, bakery):
        job = await bakery.cake("slow")
        assert (await job.refresh()).state is JobState.QUEUED
        assert (await job.stop()).state is JobState.COMPLETED
        seen = [snapshot.progress.found async for snapshot in await bakery.cake("x")]
        assert seen == [0, 1, 2, 3]


@real_time
async def test_found_again_by_its_ref():
    """job(ref) and job(text) lead to the same core; a stranger's ref to an error."""
    async with open_bakery() as (_, bakery):
        job = await bakery.cake("x")
        again = bakery.job(str(job.ref))
        assert (again, hash(again)) == (job, hash(job))
        cake = await again
        assert bakery.job(cake) == job
        with pytest.raises(InvalidArgument, match=r"bakery has no 'exa\.search'"):
            bakery.job("exa.search:ws/s")


@real_time
async def test_a_kind_without_cancel_says_so_at_once():
    """Nothing is sent: cancel raises, and a block that could not keep its promise is not entered."""
    async with open_bakery() as (oven, bakery):
        job = await bakery.bread("slow")
        for verb in ("cancel", "stop"):
            with pytest.raises(NotSupported) as caught:
                await getattr(job, verb)()
            assert (caught.value.verb, caught.value.kind, caught.value.ref) == (verb, "bakery.bread", job.ref)
        with pytest.raises(NotSupported):
            async with job:
                pytest.fail("entered")
        with pytest.raises(NotSupported):
            async with bakery.bread("never"):
                pytest.fail("entered")
        assert len(oven.cakes) == 1


@real_time
async def test_a_kind_without_cancel_that_ended_has_its_outcome():
    """There is nothing to cancel, and so nothing to refuse."""
    async with open_bakery() as (_, bakery):
        job = await bakery.bread("quick")
        await job
        assert await job.cancel() is CancelOutcome.ALREADY_DONE


async def test_the_key_and_the_address_come_from_the_environment(monkeypatch):
    """Under the names that the provider gives them."""
    with pytest.raises(InvalidArgument, match="BAKERY_KEY"):
        Bakery()
    monkeypatch.setenv("BAKERY_KEY", "k3y")
    monkeypatch.setenv("BAKERY_URL", "no address")
    with pytest.raises(InvalidArgument, match="base_url"):
        Bakery()
    monkeypatch.setenv("BAKERY_URL", "http://elsewhere.test")
    async with Bakery(), aiohttp.ClientSession() as session, Bakery(session=session):
        pass
