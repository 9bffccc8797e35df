"""The benchmarks' server shows what the services show: its shapes against those of the sandbox."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from asyncjobs.sandbox import Life, Sandbox
from benchmarks._server import Connection, Service
from benchmarks._world import World, found_id, number_of, run_id, search_id, webset_id

HEADERS = {"x-api-key": "key"}


def shape(value):
    """Return keys and types, as deep as objects go; what may be null is as good as anything."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def differences(ours, theirs, path=""):
    """Return where two shapes differ, but for values that are null or free."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        same = ours == theirs or "NoneType" in (ours, theirs) or {ours, theirs} <= {"int", "float"}
        return [] if same else [path]
    if path.endswith((".metadata", ".request", ".recall", ".structured")):
        return []
    found = [f"{path}.{key}" for key in ours.keys() ^ theirs.keys()]
    return found + [
        each for key in ours.keys() & theirs.keys() for each in differences(ours[key], theirs[key], f"{path}.{key}")
    ]


async def test_jobs_have_the_shapes_that_the_sandbox_gives_them():
    """A client that is measured reads what it reads from the services."""
    now = time.monotonic()
    world = World(1, ends=[now])
    async with Sandbox(sockets=False) as sandbox, sandbox.session() as session:
        for kind in ("exa.search", "exa.agent_run", "watercrawl.search"):
            sandbox.script(kind, Life.ordinary(kind, works=0.0))

        async def post(path, body):
            async with session.post(sandbox.url + path, json=body, headers=HEADERS) as reply:
                assert reply.status < 300, await reply.text()
                return await reply.json()

        async def get(path):
            async with session.get(sandbox.url + path, headers=HEADERS) as reply:
                return await reply.json()

        webset = await post("/websets/v0/websets", {"search": {"query": "q", "count": 1}})
        run = await post("/agent/runs", {"query": "q"})
        found = await post("/api/v1/core/search/", {"query": "q", "search_options": {"depth": "basic"}})
        theirs = {
            "webset": await get(f"/websets/v0/websets/{webset['id']}"),
            "websets": await get("/websets/v0/websets"),
            "run": await get(f"/agent/runs/{run['id']}"),
            "runs": await get("/agent/runs"),
            "found": await get(f"/api/v1/core/search/{found['uuid']}/"),
            "all found": await get("/api/v1/core/search/"),
        }
    service = Service()
    ours = {
        "webset": json.loads(world.webset(0, now)),
        "websets": json.loads(service.answer("GET", "/websets/v0/websets?limit=100", b"")[1]),
        "run": json.loads(world.run(0, now)),
        "runs": json.loads(service.answer("GET", "/agent/runs", b"")[1]),
        "found": json.loads(world.found(0, now, "http://127.0.0.1")),
        "all found": json.loads(service.answer("GET", "/api/v1/core/search/?page_size=10", b"")[1]),
    }
    theirs["search"], ours["search"] = theirs["webset"]["searches"][0], ours["webset"]["searches"][0]
    assert {name: differences(shape(ours[name]), shape(theirs[name])) for name in ours} == {name: [] for name in ours}


def test_an_id_tells_the_number_of_its_job():
    """The server keeps no table of jobs."""
    assert [number_of(name(42)) for name in (search_id, webset_id, run_id, found_id)] == [42] * 4


def test_a_cancel_is_shown_and_counted():
    """A measurement can tell a cancel that was asked for twice."""
    service = Service()
    service.set({"jobs": 2})
    path = f"/websets/v0/websets/{webset_id(0)}/searches/{search_id(1)}"
    assert json.loads(service.answer("GET", path, b"")[1])["status"] == "running"
    for _ in range(2):
        assert json.loads(service.answer("POST", f"{path}/cancel", b"")[1])["status"] == "canceled"
    stats = service.stats()
    assert (stats["asked"], stats["canceled"], stats["twice"]) == ({"look": 1, "cancel": 2}, 1, 1)


@pytest.mark.parametrize("path", ["/agent/runs?limit=2", "/websets/v0/websets?limit=2"])
def test_a_list_gives_every_job_once(path):
    """Its pages lead from one to the next."""
    service = Service()
    service.set({"jobs": 5, "websets": 5})
    rows, cursor = [], ""
    while cursor is not None:
        page = json.loads(service.answer("GET", path + cursor, b"")[1])
        rows += [row["id"] for row in page["data"]]
        cursor = f"&cursor={page['nextCursor']}" if page["hasMore"] else None
    assert len(rows) == len(set(rows)) == 5


def test_an_unknown_path_is_told_and_counted():
    """No measurement goes on with replies that nobody meant."""
    service = Service()
    assert service.answer("GET", "/elsewhere", b"")[0] == 404
    assert service.stats()["asked"] == {"unknown": 1}


@pytest.mark.real_time
async def test_requests_in_pieces_are_put_together():
    """What arrives in several packets is one request."""
    service = Service()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0)
    async with server, aiohttp.ClientSession() as session:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (b"POST /agent/runs/agent_run_0/can", b"cel HTTP/1.1\r\nContent-Length: 4\r\n", b"\r\nab", b"cd"):
            writer.write(piece)
            await asyncio.sleep(0.01)
        assert b"200" in await reader.readline()
        writer.close()
        await writer.wait_closed()
        async with session.delete(f"http://127.0.0.1:{port}/api/v1/core/search/{found_id(0)}/") as reply:
            assert (reply.status, await reply.read()) == (204, b"")
    assert service.stats()["asked"] == {"cancel": 2}
