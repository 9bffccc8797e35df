"""What must hold whatever happens: any sequence of news, any reply, any order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json

import attrs
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from services import URL, answer, serving
from strategies import THING, json_values, near_payloads, snapshot, states

from asyncjobs import AsyncJobsError, CancelOutcome, Exa, Job, JobState, Settings, Snapshot, WaterCrawl, exa
from asyncjobs._states import TRANSITIONS
from asyncjobs.kinds import Client, Pages, Provider

SETTLING = attrs.evolve(THING, name="tests.settling", settle=0.5)
PROVIDER = Provider(name="tests", base_url=URL, key_header="k", key_env="K", url_env="U", kinds=(THING, SETTLING))
LIVE = [JobState.CREATED, JobState.PENDING, JobState.QUEUED, JobState.RUNNING, JobState.PAUSED]
WORDS = [*LIVE, "tired", JobState.CANCELING, JobState.COMPLETED, JobState.FAILED, JobState.CANCELED]

# -- the table ---------------------------------------------------------------

_STEPS = st.lists(
    st.tuples(st.just("look"), st.sampled_from(WORDS))
    | st.tuples(st.just("push"), states)
    | st.tuples(st.just("old push"), states)
    | st.tuples(st.just("cancel"), st.sampled_from([*WORDS, 204, 403, 404, 500]))
    | st.tuples(st.just("fail"), st.sampled_from([400, 404, 410, 429, 500, 503]))
    | st.tuples(st.just("wait"), st.sampled_from([0.1, 0.6, 30.0])),
    max_size=10,
)


class World:
    """A job, and a service that says what the test wants."""

    def __init__(self):
        self.says: object = "running"

    async def __call__(self, request):
        if isinstance(self.says, int):
            return answer({"error": "no"}, self.says) if self.says != 204 else web.Response(status=204)
        return answer({"id": "t1", "status": self.says})

    async def step(self, job, verb, what):
        core, now = job._core, asyncio.get_running_loop().time()
        match verb:
            case "push":
                core.take_in(snapshot(what, kind=job._core.record.kind, ref=job.ref, source="webhook"), began=now)
            case "old push":
                core.take_in(snapshot(what, kind=job._core.record.kind, ref=job.ref, source="webhook"), began=now - 3)
            case "wait":
                await asyncio.sleep(what)
            case "cancel":
                self.says = what
                with contextlib.suppress(AsyncJobsError):
                    await job.cancel(timeout=0)
            case _:
                self.says = what
                with contextlib.suppress(AsyncJobsError):
                    await job.refresh()


@pytest.mark.parametrize("kind", [THING, SETTLING], ids=lambda kind: kind.name)
@given(steps=_STEPS)
async def test_any_sequence_of_looks_pushes_and_cancels_keeps_the_table(kind, steps):
    """Every change is one that the table has, the end stays the end, and what contradicts it is kept beside it."""
    world = World()
    async with serving(world) as session, Client(PROVIDER, "key", base_url=URL, session=session) as client:
        job = client.job_of(kind, "t1")
        for verb, what in steps:
            before, contradiction = job.state, job.contradiction
            async with asyncio.timeout(7200):
                await world.step(job, verb, what)
            if before.final:
                assert job.state is before
                assert job.contradiction is not None or contradiction is None
            elif before is JobState.CANCELING:
                assert job.state.final or job.state is JobState.CANCELING
            assert job.state is before or job.state in TRANSITIONS[before].values()
            assert job.snapshot is None or job.snapshot.state is job.state
            assert job.done == job.state.final
            assert job.contradiction is None or job.contradiction.state is not job.state


@given(steps=_STEPS, more=st.lists(states.filter(lambda state: not state.final), max_size=4))
async def test_an_end_once_reached_is_what_everybody_hears(steps, more):
    """wait, result, cancel and iteration agree on the end, whatever the service says afterwards."""
    world = World()
    async with serving(world) as session, Client(PROVIDER, "key", base_url=URL, session=session) as client:
        job = client.job_of(THING, "t1")
        for verb, what in [*steps, ("push", JobState.COMPLETED), *(("look", word.value) for word in more)]:
            await world.step(job, verb, what)
        end = job.state
        assert end.final
        assert (await job.wait()).state is end
        assert [seen.state async for seen in job] == [end]
        assert await job.cancel() in {CancelOutcome.CANCELED, CancelOutcome.ALREADY_DONE, CancelOutcome.GONE}


@given(
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.sampled_from([JobState.COMPLETED, JobState.FAILED, JobState.CANCELED]),
)
async def test_iteration_gives_each_change_once_and_the_end_last(words, end):
    """No two neighbours are alike, and nothing follows the end."""
    words = [*(word for word in words if word not in {"completed", "failed", "canceled"}), end]
    left = list(words)

    async def service(request):
        return answer({"id": "t1", "status": left.pop(0) if len(left) > 1 else left[0]})

    async with serving(service) as session, Client(PROVIDER, "key", base_url=URL, session=session) as client:
        seen = [(seen.state, seen.status) async for seen in client.job_of(THING, "t1")]
    assert all(first != second for first, second in itertools.pairwise(seen))
    assert seen[-1][0] is end
    assert not any(state.final for state, _ in seen[:-1])


# -- any reply ---------------------------------------------------------------

_STATUSES = st.sampled_from(
    [200, 200, 200, 201, 202, 206, 301, 304, 400, 401, 402, 403, 404, 408, 409, 410, 429, 500, 503]
)
_BODIES = st.one_of(
    near_payloads.map(json.dumps),
    near_payloads.map(lambda payload: json.dumps({"id": "a", "uuid": "a", "status": "running"} | payload)),
    json_values.map(json.dumps),
    st.just(""),
    st.text(),
)
_HEADERS = st.fixed_dictionaries(
    {}, optional={"Retry-After": st.sampled_from(["0", "1", "1e9", "soon", "-1", "Thu, 01 Jan 2100 00:00:00 GMT"])}
)

VERBS = {
    "exa look": (Exa, lambda client: client.websets.searches.get("w", "s"), Job),
    "exa wait": (Exa, lambda client: client.job("exa.search:w/s").wait(timeout=900), Snapshot),
    "exa result": (Exa, lambda client: client.job("exa.agent_run:r").result(timeout=900), exa.AgentRun),
    "exa cancel": (Exa, lambda client: client.job("exa.enrichment:w/e").cancel(), CancelOutcome),
    "exa stop": (Exa, lambda client: client.job("exa.agent_run:r").stop(), Snapshot),
    "exa create": (Exa, lambda client: client.websets.searches.create("w", query="x", count=1), Job),
    "exa webset": (Exa, lambda client: client.websets.create(search={"query": "x"}), exa.Webset),
    "exa delete": (Exa, lambda client: client.websets.delete("w"), exa.Webset),
    "exa update": (
        Exa,
        lambda client: client.websets.enrichments.update("w", "e", description="x"),
        exa.WebsetEnrichment,
    ),
    "exa list": (Exa, lambda client: client.agent.runs.list(), Job),
    "exa websets": (Exa, lambda client: client.websets.list(), exa.Webset),
    "exa items": (Exa, lambda client: client.websets.items.list("w"), exa.WebsetItem),
    "exa events": (Exa, lambda client: client.agent.runs.events("r"), exa.AgentEvent),
    "watercrawl look": (WaterCrawl, lambda client: client.searches.get("u"), Job),
    "watercrawl create": (WaterCrawl, lambda client: client.searches.create("x"), Job),
    "watercrawl result": (WaterCrawl, lambda client: client.job("watercrawl.search:u").result(timeout=900), object),
    "watercrawl cancel": (WaterCrawl, lambda client: client.job("watercrawl.search:u").cancel(), CancelOutcome),
    "watercrawl list": (WaterCrawl, lambda client: client.searches.list(), Job),
}


@pytest.mark.parametrize("verb", VERBS)
@settings(max_examples=max(settings.default.max_examples // 2, 1))
@given(replies=st.lists(st.tuples(_STATUSES, _BODIES, _HEADERS), min_size=1, max_size=3))
async def test_any_reply_gives_a_typed_error_or_what_was_asked_for(verb, replies):
    """JSON of any shape, under any status, in place of any reply: never a hang, never an untyped exception."""
    make, work, expected = VERBS[verb]
    left = list(replies)

    async def service(request):
        status, body, headers = left.pop(0) if len(left) > 1 else left[0]
        raw = body.encode("utf-8", "surrogatepass")
        return web.Response(status=status, body=raw, headers={"Content-Type": "application/json", **headers})

    problem = None
    patience = Settings(unreachable_after=60, unknown_after=60, retry_budget=20)
    async with serving(service) as session, make("key", base_url=URL, session=session, settings=patience) as client:
        try:
            async with asyncio.timeout(7200):
                made = work(client)
                got = [row async for row in made] if isinstance(made, Pages) else [await made]
        except AsyncJobsError as error:
            got, problem = [], error
    assert all(isinstance(each, expected) for each in got)
    assert problem is None or (str(problem) and type(problem).__module__ == "asyncjobs.errors")
