"""Ten thousand deliveries: every genuine event once, no forged one, and nobody who waits is missed."""

from __future__ import annotations

import asyncio
import collections
import random

import pytest
from push_deliveries import Mail, wall
from push_signing import SECRET, event, sign
from push_world import now, shown, world

from asyncjobs import JobState, wait_all
from asyncjobs.exa import WebhookReceiver
from asyncjobs.sandbox import Life

TYPES = [f"webset.search.{word}" for word in ("created", "updated", "completed", "canceled")]


@pytest.mark.parametrize("seed", range(2))
async def test_of_ten_thousand_deliveries_every_genuine_event_counts_once(seed):
    """Repeated, reordered, late, lost and forged as they are; and the waits cost the slow looks at most."""
    dice = random.Random(seed)
    ends = [dice.uniform(5.0, 100.0) for _ in range(600)]
    seen = []
    async with world(count=0, websets=50) as (sandbox, exa, _):
        homes = [webset.id async for webset in exa.websets.list()]
        jobs = []
        for number, end in enumerate(ends):
            sandbox.script("exa.search", Life(((0.0, "created"), (0.3, "running"), (end, "completed"))))
            jobs.append(await exa.websets.searches.create(homes[number % 50], query="cats", count=5))
        sandbox.ledger.clear()
        receiver = WebhookReceiver(SECRET, exa, events=TYPES, on_event=seen.append, clock=wall)
        mail = Mail(receiver, sandbox, jobs, total=10_000, forged=30, seed=seed)
        with receiver:
            ended = {}

            async def wait(job):
                end = await job.wait()
                ended[job] = now()
                return end

            waiting = asyncio.create_task(wait_all(jobs))
            each = [asyncio.create_task(wait(job)) for job in jobs[:100]]
            await mail.run(ends)
            last = await waiting
            await asyncio.gather(*each)

        counts = collections.Counter(event.id for event in seen)
        assert mail.sent >= 10_000
        assert set(counts) == {event.name for event in mail.events if event.due}
        assert set(counts.values()) == {1}
        answers = {kind: {status for sort, status in mail.answers if sort == kind} for kind in ("genuine", "stale")}
        assert answers["genuine"] == {200}
        assert answers["stale"] <= {401}
        assert {status for sort, status in mail.answers if sort == "forged"} == {400, 401}

        assert {end.state for end in last} == {JobState.COMPLETED}
        assert [end.raw["progress"] for end in last] == [shown(sandbox, job)["progress"] for job in jobs]
        assert sum(end.source == "webhook" for end in last) > 300
        assert all(job.contradiction is None for job in jobs)
        for job, end in zip(jobs[:100], ends, strict=False):
            # None before its end, and none later than by a slow look and its jitter.
            assert end <= ended[job] <= end + 66.0 + 2.0
        # One list of the fifty websets, in each minute until the last end.
        assert sandbox.ledger.count() <= 3 * 20
        assert sandbox.ledger.count("look") <= 20


async def test_a_thousand_waits_with_a_webhook_cost_the_slow_looks_only():
    """Ten minutes of searches in a webset each: lists of ten pages in each minute, and a look at nobody."""
    async with world(count=1000, websets=1000, works=600.0) as (sandbox, exa, jobs):
        with WebhookReceiver(SECRET, exa, events=TYPES, clock=wall) as receiver:
            waiting = asyncio.create_task(wait_all(jobs))
            await asyncio.sleep(601.0)
            for job in jobs:
                body = event("webset.search.completed", shown(sandbox, job), job.id)
                receiver.take(body, sign(body, wall()))
            await waiting
        # Ten rounds; single looks would be ten thousand, and more than a hundred thousand at the usual pace.
        assert sandbox.ledger.count() <= 10 * 30
        assert sandbox.ledger.count("look") == 0
