"""Webhooks from the first create to the last wait, with the deliveries of the sandbox."""

from __future__ import annotations

import asyncio
import json

from push_world import now, world

from asyncjobs import JobState, wait_all
from asyncjobs.exa import WebhookReceiver
from asyncjobs.sandbox import Deliveries, Life
from asyncjobs.sandbox._world import World

TYPES = ["webset.search.completed", "webset.search.canceled", "webset.idle"]


async def hooked(sandbox, exa, how=None, **options):
    """Return a receiver to which the sandbox delivers, and all that it has taken in."""
    webhook = await exa.websets.webhooks.create(events=TYPES, url="https://hooks.example.com/exa")
    clock = sandbox._open
    assert isinstance(clock, World)
    seen = []
    receiver = WebhookReceiver(
        webhook.secret,
        exa,
        events=webhook.events,
        on_event=seen.append,
        clock=lambda: clock.wall(clock.now()).timestamp(),
        **options,
    )

    async def post(_, body, headers):
        signature = headers.get("Exa-Signature")
        return receiver.take(body, *([] if signature is None else [signature])).status

    sandbox.deliver(how, post=post)
    sandbox.ledger.clear()
    return receiver, seen


async def test_a_thousand_waits_end_by_webhooks():
    """Forty searches in each of twenty-five websets: what is asked meanwhile is one list each minute."""
    async with world(count=1000, websets=25, works=100.0) as (sandbox, exa, jobs):
        receiver, seen = await hooked(sandbox, exa)
        with receiver:
            ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert {end.source for end in ends} == {"webhook"}
        assert now() <= 101.0
        assert sandbox.ledger.count("look") <= 50
        assert sandbox.ledger.count() <= 60
        assert {event.type for event in seen} == {"webset.search.completed", "webset.idle"}


async def test_bad_deliveries_miss_nobody():
    """Repeated, out of order, an hour late, lost at first, and with forged ones beside every second."""
    how = Deliveries(jitter=5.0, repeated=0.5, late=0.2, lost=0.2, forged=0.5, retries=(1.0, 5.0), seed=1)
    async with world(count=0, websets=10) as (sandbox, exa, _):
        homes = [webset.id async for webset in exa.websets.list()]
        jobs = []
        for number in range(300):
            sandbox.script("exa.search", Life.ordinary("exa.search", works=20.0 + number / 10))
            jobs.append(await exa.websets.searches.create(homes[number % 10], query="dogs", count=5))
        receiver, seen = await hooked(sandbox, exa, how)
        with receiver:
            ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert len({event.id for event in seen}) == len(seen)
        assert not [event for event in seen if event.id.startswith("forged")]
        assert receiver.refused > 100
        assert receiver.repeated > 50
        assert now() <= 50.0 + 70.0


async def test_a_webhook_that_is_deleted_is_relied_on_no_longer():
    """Its receiver is still there; the ends are seen, first late and then at the usual pace."""
    async with world(count=60, websets=60, works=20.0) as (sandbox, exa, jobs):
        receiver, _ = await hooked(sandbox, exa)
        for webhook in [each async for each in exa.websets.webhooks.list()]:
            await exa.websets.webhooks.delete(webhook.id)
        with receiver:
            await wait_all(jobs)
            assert now() <= 70.0
            await asyncio.sleep(70.0)
            began = now()
            job = await exa.websets.searches.create(jobs[0].ref.parts[0], query="cats", count=5)
            await job.wait()
            assert now() - began <= 27.0


async def test_a_webset_as_a_whole_ends_by_its_webhook():
    """It is idle after work: the event shows the whole webset, and nothing is asked."""
    async with world(count=0) as (sandbox, exa, _):
        sandbox.script("exa.search", Life.ordinary("exa.search", works=20.0))
        webset = await exa.websets.create(search={"query": "cats", "count": 5})
        job = exa.job(webset)
        await job.refresh()
        receiver, _ = await hooked(sandbox, exa)
        with receiver:
            end = await job.wait()
        assert (end.state, end.source) == (JobState.COMPLETED, "webhook")
        assert now() <= 21.0
        assert sandbox.ledger.count() == 0


async def test_work_that_began_after_an_old_event_is_not_ended_by_it():
    """A webset that was idle and was given more: the event of then comes again, late."""
    async with world(count=0) as (sandbox, exa, _):
        sandbox.script("exa.search", Life.ordinary("exa.search", works=5.0))
        webset = await exa.websets.create(search={"query": "cats", "count": 5})
        bodies = []

        async def keep(_, body, __):
            bodies.append(body)
            return 200

        await exa.websets.webhooks.create(events=["webset.idle"], url="https://hooks.example.com/exa")
        sandbox.deliver(post=keep)
        job = exa.job(webset)
        await job.wait()
        await asyncio.sleep(1.0)
        assert len(bodies) == 1
        sandbox.script("exa.search", Life.ordinary("exa.search", works=30.0))
        await exa.websets.searches.create(webset.id, query="more cats", count=5)
        await asyncio.sleep(2.0)
        await job.refresh(reopen=True)
        assert not job.done
        exa.tell("webset.idle", json.loads(bodies[0])["data"], source="webhook")
        assert not job.done
        end = await job.wait()
        assert end.state == JobState.COMPLETED
        assert now() >= 36.0
