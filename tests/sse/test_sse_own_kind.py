"""Events of a service of one's own, from public names only."""

from __future__ import annotations

import contextlib
import json

import attrs
import pytest
from aiohttp import web
from services import URL, serving

from asyncjobs import InvalidArgument, JobState, NotSupported
from asyncjobs.kinds import WORDS, Call, Client, EventSource, JobKind, Provider, ServerEvent


@attrs.frozen(kw_only=True)
class Cake:
    """What the bakery makes."""

    id: str
    status: str
    layers: int = 0


CAKE = JobKind(
    name="bakery.cake",
    resource=Cake,
    identity={"id": "id"},
    create=Call("POST", "/cakes", repeatable=False),
    look=Call("GET", "/cakes/{id}", repeatable=True),
    cancel=Call("DELETE", "/cakes/{id}", repeatable=True),
    words={word: WORDS[word] for word in ("queued", "running", "completed", "canceled")},
    events=EventSource(
        live=True,
        replay=Call("GET", "/cakes/{id}/log", repeatable=True),
        last=frozenset({"served"}),
        whole=frozenset({"layers"}),
    ),
)
BAKERY = Provider(
    name="bakery", base_url=URL, key_header="X-Baker", key_env="BAKERY_KEY", url_env="BAKERY_URL", kinds=(CAKE,)
)


class Bakery:
    """Numbers nothing: its events have names of their own, and its first stream ends after so many of them."""

    def __init__(self, told):
        self.told = told
        self.asked = []
        self.log = [
            ("evt_a", "ordered", {"id": "c1", "status": "queued"}),
            ("evt_c", "baking", {"id": "c1", "status": "running", "layers": 1}),
            ("evt_b", "baking", {"id": "c1", "status": "running", "layers": 2}),
            ("evt_d", "served", {"id": "c1", "status": "completed", "layers": 3}),
        ]

    async def __call__(self, request):
        await request.read()
        after = request.headers.get("Last-Event-ID")
        self.asked.append((request.method, request.path, after))
        if request.path == "/cakes/c1":
            return web.json_response(self.log[-1][2])
        names = [name for name, _, _ in self.log]
        events = self.log[: self.told] if request.method == "POST" else self.log[1 + names.index(after) :]
        frames = [f"id: {name}\nevent: {what}\ndata: {json.dumps(data)}\n\n" for name, what, data in events]
        return web.Response(text="".join(frames), content_type="text/event-stream")


@contextlib.asynccontextmanager
async def baking(told):
    bakery = Bakery(told)
    async with serving(bakery) as session, Client(BAKERY, "k3y", session=session) as client:
        yield bakery, client


def made(event, data):
    """Return what these tests make of an event."""
    assert isinstance(event, ServerEvent)
    return event.id, event.event, data.get("layers")


@pytest.mark.parametrize("told", [1, 2, 3, 4])
async def test_a_kind_of_ones_own_tells_its_events(told):
    """A data sheet is enough: created with its events, gone on with by their ids; a whole object is news."""
    async with baking(told) as (bakery, client), client.stream(CAKE, {"flavor": "nut"}, make=made) as events:
        seen, layers = [], []
        async for event in events:
            seen.append(event)
            layers.append(events.job.snapshot.resource.layers)
        assert seen == [
            ("evt_a", "ordered", None),
            ("evt_c", "baking", 1),
            ("evt_b", "baking", 2),
            ("evt_d", "served", 3),
        ]
        # What is told again was true once: it is no news, unless it is the end.
        assert layers == [*range(told), *[told - 1] * (3 - told), *[3] * (told < 4)]
        assert events.job.state is JobState.COMPLETED
        assert (await events.job).layers == 3
    assert bakery.asked[0] == ("POST", "/cakes", None)
    assert ("GET", "/cakes/c1/log", bakery.log[told - 1][0]) in bakery.asked or told == 4


async def test_what_a_kind_does_not_tell_is_not_asked():
    """Without I/O."""
    silent = attrs.evolve(CAKE, events=None)
    late = attrs.evolve(CAKE, events=attrs.evolve(CAKE.events, live=False))
    async with baking(1) as (bakery, client):
        for kind in (silent, late):
            with pytest.raises(NotSupported, match="stream"):
                client.stream(kind, {}, make=made)
        for kind in (silent, attrs.evolve(CAKE, events=attrs.evolve(CAKE.events, replay=None))):
            with pytest.raises(NotSupported, match="events"):
                client.follow(kind, "c1", make=made)
    assert bakery.asked == []


def test_a_sheet_that_contradicts_itself_is_refused():
    """Where it is made."""
    with pytest.raises(InvalidArgument, match="repeatable"):
        attrs.evolve(CAKE.events, replay=Call("GET", "/cakes/{id}/log", repeatable=False))
    with pytest.raises(InvalidArgument, match="identity"):
        attrs.evolve(CAKE, events=attrs.evolve(CAKE.events, replay=Call("GET", "/cakes/{uuid}/log", repeatable=True)))
