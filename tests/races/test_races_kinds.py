"""The races of crawls and sitemaps: the same as those of searches, and one that is the sitemaps' own."""

from __future__ import annotations

import asyncio

import pytest
from races_world import create, opened, server_state, trials

from asyncjobs import CancelOutcome, CancelUnconfirmed, JobState
from asyncjobs.sandbox import races

NUMBER = 50
CRAWL, SITEMAP = "watercrawl.crawl", "watercrawl.sitemap"
SETTLING = [name for name, race in races.RACES.items() if race.settles is not None and race.settles <= 0.5]
both_kinds = pytest.mark.parametrize("kind", [CRAWL, SITEMAP])


@both_kinds
@pytest.mark.parametrize("race", SETTLING)
async def test_races_of_all_kinds_end_for_the_client_as_for_the_server(race, kind):
    """Whoever cancels holds the server's last word, although others look in the same moment."""
    results = await trials(races.RACES[race].draw, NUMBER, kind=kind, watched=True)

    assert [ended for ended in results if not ended.right] == []


@both_kinds
@pytest.mark.parametrize("race", ["finishes_after_cancel", "fails_after_cancel"])
async def test_races_of_all_kinds_need_their_settle(race, kind):
    """Without it some of the very same trials believe what does not last."""
    results = await trials(races.RACES[race].draw, NUMBER, kind=kind, settle=0.0, watched=True)

    assert any(not ended.right for ended in results)


@both_kinds
async def test_races_of_all_kinds_with_a_broken_cancel(kind):
    """A 500, then 403 for ever: the cancel waits, and tells what really came."""
    async with opened() as (sandbox, client):
        sandbox.fault(races.without_broker(kind=kind))
        job = await create(sandbox, client, races.sticks_in_canceling(17.0), kind)

        assert await job.cancel(timeout=60) is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.COMPLETED


@both_kinds
async def test_races_of_all_kinds_that_stay_new(kind):
    """They cannot be cancelled: the caller's bound passes."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.never_starts(), kind)

        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=20)


async def test_races_sitemap_that_is_delivered_after_its_cancel():
    """The cancel was confirmed; a later look shows the contradiction, and can be taken at its word."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.delivers_after_cancel(20.0), SITEMAP)

        assert await job.cancel() is CancelOutcome.CANCELED
        await asyncio.sleep(20)
        await job.refresh()
        assert (job.state, job.contradiction.state) == (JobState.CANCELED, JobState.COMPLETED)
        await job.refresh(reopen=True)
        assert (job.state, server_state(sandbox, job)) == (JobState.COMPLETED, JobState.COMPLETED)
        assert len((await job.result()).results) == 5


def test_races_say_whose_they_are():
    """All but one are of all kinds."""
    partial = {name: race.kinds for name, race in races.RACES.items() if len(race.kinds) != 3}

    assert partial == {"delivers_after_cancel": (SITEMAP,)}
