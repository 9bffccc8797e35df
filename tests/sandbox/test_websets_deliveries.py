"""Webhooks of the sandbox: what is delivered, signed how, and what goes wrong if a test wants it to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter

import pytest
from aiohttp import web

from asyncjobs.sandbox import Deliveries, Life
from asyncjobs.sandbox._signing import sign

V0 = "/websets/v0"
ALL = ["webset.created", "webset.search.completed", "webset.idle", "webset.deleted"]


class Box:
    """Takes deliveries, tells the genuine ones, and answers with the next of *statuses*, then with 200."""

    def __init__(self, *statuses):
        self.came = []
        self.secret = ""
        self._statuses = list(statuses)

    async def __call__(self, url, body, headers):
        self.came.append((asyncio.get_running_loop().time(), url, body, headers))
        return self._statuses.pop(0) if self._statuses else 200

    def signed(self, body, headers):
        parts = dict(part.split("=", 1) for part in headers.get("Exa-Signature", "t=0,v1=0").split(","))
        digest = hmac.new(self.secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(digest, parts["v1"])

    @property
    def genuine(self):
        return [json.loads(body) for _, _, body, headers in self.came if self.signed(body, headers)]


async def hooked(talk, box, how=None, **body):
    talk.sandbox.deliver(how, post=box)
    body = {"events": ALL, "url": "https://hooks.example.com/x"} | body
    made = (await talk("POST", V0 + "/webhooks", body)).body
    box.secret = made["secret"]
    return made


async def attempts(talk, hook, query=""):
    return (await talk("GET", f"{V0}/webhooks/{hook['id']}/attempts?limit=200{query}")).body["data"]


def test_a_signature_is_that_of_the_documentation():
    """Over the time, a dot and the body, as hexadecimal digits."""
    header = sign("whsec_1", b'{"a":1}', 1_700_000_000.9)
    digest = hmac.new(b"whsec_1", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert header == f"t=1700000000,v1={digest}"


async def test_a_webhook_is_told_what_it_wants_when_it_happens(opened):
    """Without anybody asking, soon after it happened, signed with its secret."""
    async with opened() as talk:
        box = Box()
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", works=30))
        await talk.webset(metadata={})
        await hooked(talk, box)
        began = asyncio.get_running_loop().time()
        webset = await talk.webset(search={"query": "cats", "count": 2})
        await asyncio.sleep(100)
        assert [event["type"] for event in box.genuine] == ["webset.created", "webset.search.completed", "webset.idle"]
        assert [round(at - began) for at, *_ in box.came] == [0, 30, 30]
        assert box.genuine[2]["data"]["id"] == webset["id"]
        assert {url for _, url, _, _ in box.came} == {"https://hooks.example.com/x"}


async def test_a_delivery_that_is_refused_is_made_again(opened):
    """After some seconds each time, the same event; each attempt is told."""
    async with opened() as talk:
        box = Box(500, 0, 302)
        hook = await hooked(talk, box, Deliveries(retries=(1.0, 5.0, 25.0)))
        await talk.webset(metadata={})
        await asyncio.sleep(100)
        assert len({event["id"] for event in box.genuine}) == 1
        told = await attempts(talk, hook)
        assert [(each["attempt"], each["responseStatusCode"], each["successful"]) for each in told] == [
            (4, 200, True),
            (3, 302, False),
            (2, 0, False),
            (1, 500, False),
        ]
        gaps = [round(after[0] - before[0]) for before, after in zip(box.came, box.came[1:], strict=False)]
        assert gaps == [1, 5, 25]


async def test_repeated_forged_lost_and_overtaking_deliveries_are_there_on_demand(opened):
    """Every genuine event comes at least once, and what is forged is not signed with the secret."""
    async with opened() as talk:
        box = Box()
        how = Deliveries(jitter=5.0, repeated=0.5, forged=0.5, lost=0.3, seed=4)
        await hooked(talk, box, how)
        for _ in range(100):
            await talk.webset(metadata={})
            await asyncio.sleep(0.1)
        await asyncio.sleep(100)
        counts = Counter(event["id"] for event in box.genuine)
        assert len(counts) == 100
        assert max(counts.values()) > 1
        assert 20 < len(box.came) - len(box.genuine) < 80
        times = [event["createdAt"] for event in box.genuine]
        assert times != sorted(times)


async def test_a_late_delivery_was_signed_when_it_should_have_come(opened):
    """So that a receiver can tell that it is stale."""
    async with opened() as talk:
        box = Box()
        await hooked(talk, box, Deliveries(late=1.0, late_by=1000.0))
        await talk.webset(metadata={})
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(2000)
        [(at, _, _, headers)] = box.came
        assert at - began > 999
        stamp = int(headers["Exa-Signature"].partition(",")[0].removeprefix("t="))
        assert stamp + 990 < talk.sandbox._world.wall(at).timestamp()


async def test_a_webhook_that_was_changed_or_deleted_is_told_accordingly(opened):
    """Other events from then on, and none any more."""
    async with opened() as talk:
        box = Box()
        hook = await hooked(talk, box)
        await talk("PATCH", f"{V0}/webhooks/{hook['id']}", {"events": ["webset.deleted"]})
        webset = await talk.webset(metadata={})
        await talk("DELETE", f"{V0}/websets/{webset['id']}")
        await asyncio.sleep(5)
        await talk("DELETE", f"{V0}/webhooks/{hook['id']}")
        await talk("DELETE", f"{V0}/websets/{(await talk.webset(metadata={}))['id']}")
        await asyncio.sleep(5)
        assert [event["type"] for event in box.genuine] == ["webset.deleted"]


async def test_an_event_that_the_sandbox_has_no_cause_for_can_be_announced(opened):
    """Of a type that a webhook wants; the export types have no endpoint."""
    async with opened() as talk:
        box = Box()
        await hooked(talk, box, events=["webset.export.completed"])
        event = talk.sandbox.announce("webset.export.completed", {"id": "x"})
        await asyncio.sleep(5)
        assert [each["id"] for each in box.genuine] == [event]


@pytest.mark.parametrize(
    "body",
    [
        {"events": []},
        {"events": ["webset.exploded"]},
        {"events": ALL, "url": "nowhere"},
        {"url": "https://x.example"},
        {"events": ALL, "url": "https://x.example", "metadata": {"a": 1}},
    ],
    ids=str,
)
async def test_a_webhook_that_cannot_be_is_refused(opened, body):
    """400, as for every body that does not fit."""
    async with opened() as talk:
        assert (await talk("POST", V0 + "/webhooks", body)).status == 400


def test_a_share_is_a_share():
    """Two halves are no five."""
    with pytest.raises(ValueError, match="repeated"):
        Deliveries(repeated=5)


@pytest.mark.real_time
async def test_deliveries_come_over_the_network(opened):
    """By HTTP, to whoever listens; and the sandbox closes with deliveries under way."""
    came = []

    async def receive(request):
        came.append((request.headers["Exa-Signature"], await request.read()))
        if len(came) > 1:
            await asyncio.sleep(30)
        return web.Response()

    server = web.Server(receive, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with opened(sockets=True) as talk:
        body = {"events": ALL, "url": f"http://127.0.0.1:{port}/x"}
        await talk("POST", V0 + "/webhooks", body)
        for _ in range(2):
            await talk.webset(metadata={})
            await asyncio.sleep(0.3)
    assert len(came) == 2
    await runner.cleanup()
