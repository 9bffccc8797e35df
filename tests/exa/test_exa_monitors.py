"""Monitors, and their runs as jobs."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from clients import open_exa

from asyncjobs import CreateUncertain, InvalidArgument, InvalidRequest, JobFailed, JobState, NotFound, NotSupported
from asyncjobs.sandbox import Answer, Fault, Life, Lose

DAY = 86_400.0
SEARCH = {"type": "search", "config": {"query": "new cats", "count": 3}}


@contextlib.asynccontextmanager
async def opened():
    """Give a sandbox, a client of it, and the id of an empty webset."""
    async with open_exa() as (sandbox, exa):
        yield sandbox, exa, (await exa.websets.create(metadata={})).id


async def test_a_monitor_gives_its_webset_a_search_every_day():
    """Each run is a job, and the search that it starts is one, too."""
    async with opened() as (_, exa, webset):
        monitor = await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH, timezone="Europe/Paris")
        assert (monitor.status, monitor.webset_id, monitor.last_run) == ("enabled", webset, None)
        assert monitor.cadence.timezone == "Europe/Paris"
        await asyncio.sleep(2 * DAY)
        runs = [run async for run in exa.websets.monitors.runs.list(monitor.id)]
        assert [run.state for run in runs] == [JobState.COMPLETED] * 2
        shown = await exa.websets.get(webset)
        assert [search.query for search in shown.searches] == ["new cats"] * 2
        assert shown.monitors[0].last_run.id == runs[0].id


async def test_a_run_is_waited_for_and_cannot_be_cancelled():
    """It ends by itself; no request of the service cancels it."""
    async with opened() as (sandbox, exa, webset):
        monitor = await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH)
        ref = sandbox.run_monitor(monitor.id)
        run = exa.job((await exa.websets.monitors.get(monitor.id)).last_run)
        assert str(run.ref) == ref
        with pytest.raises(NotSupported):
            await run.cancel()
        assert (await run).status == "completed"
        assert (await exa.websets.monitors.runs.get(monitor.id, run.id)) == run


async def test_a_run_that_failed_says_why():
    """The service's reason is the snapshot's."""
    async with opened() as (sandbox, exa, webset):
        monitor = await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH)
        sandbox.script("exa.monitor_run", Life.ordinary("exa.monitor_run", works=2, ends="failed", reason="no credits"))
        with pytest.raises(JobFailed) as caught:
            await exa.job(sandbox.run_monitor(monitor.id))
        assert caught.value.snapshot.reason == "no credits"


async def test_runs_of_many_monitors_are_looked_at_with_one_list():
    """A monitor shows its latest run."""
    async with opened() as (sandbox, exa, webset):
        sandbox.script("exa.monitor_run", Life.ordinary("exa.monitor_run", works=60.0), times=None)
        made = [await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH) for _ in range(20)]
        await asyncio.gather(*[exa.job(sandbox.run_monitor(monitor.id)) for monitor in made])
        assert sandbox.ledger.count("list", "exa.monitor") > 0
        assert sandbox.ledger.count("look", "exa.monitor_run") < 40


async def test_a_disabled_monitor_makes_no_runs():
    """And one that is enabled again does not make up for them."""
    async with opened() as (_, exa, webset):
        monitors = exa.websets.monitors
        monitor = await monitors.create(webset, cron="0 6 * * *", behavior=SEARCH)
        assert (await monitors.update(monitor.id, status="disabled")).next_run_at is None
        await asyncio.sleep(3 * DAY)
        again = await monitors.update(monitor.id, status="enabled", cron="30 7 * * 1", metadata={"a": "b"})
        assert (again.cadence.cron, again.metadata, again.last_run) == ("30 7 * * 1", {"a": "b"}, None)


async def test_monitors_are_listed_and_deleted():
    """All, or those of one webset."""
    async with opened() as (_, exa, webset):
        monitors = exa.websets.monitors
        other = (await exa.websets.create(metadata={})).id
        mine = [await monitors.create(webset, cron="0 6 * * *", behavior=SEARCH) for _ in range(3)]
        await monitors.create(other, cron="0 6 * * *", behavior=SEARCH)
        assert len([each async for each in monitors.list(page_size=1)]) == 4
        assert {each.id async for each in monitors.list(webset=webset)} == {each.id for each in mine}
        assert (await monitors.delete(mine[0].id)).id == mine[0].id
        with pytest.raises(NotFound):
            await monitors.get(mine[0].id)


@pytest.mark.parametrize("cron", ["* * * * *", "0 */2 * * *", "0 6 * *", "0 24 * * *", "0 6 * * 9-8", "a b c d e"])
async def test_a_schedule_that_the_service_does_not_take_is_refused(cron):
    """At most once a day, in five fields."""
    async with opened() as (_, exa, webset):
        with pytest.raises(InvalidRequest, match="cadence"):
            await exa.websets.monitors.create(webset, cron=cron, behavior=SEARCH)


async def test_a_new_timezone_needs_its_cron():
    """The service takes both together or neither."""
    async with opened() as (sandbox, exa, _):
        asked = len(sandbox.ledger.requests)
        with pytest.raises(InvalidArgument) as caught:
            await exa.websets.monitors.update("m", timezone="Europe/Paris")
        assert caught.value.field == "timezone"
        assert len(sandbox.ledger.requests) == asked


async def test_a_monitor_whose_create_was_not_answered_is_found():
    """There is one of it, since each spends money every day."""
    async with opened() as (sandbox, exa, webset):
        sandbox.fault(Fault(Lose(), verb="create", kind="exa.monitor"))
        monitor = await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH)
        assert monitor.metadata == {}
        assert [each.id async for each in exa.websets.monitors.list()] == [monitor.id]


async def test_a_monitor_that_was_not_found_can_be_looked_for_later():
    """``exa.reconcile`` gives what the create would have given."""
    async with opened() as (sandbox, exa, webset):
        sandbox.fault(Fault(Lose(), verb="create", kind="exa.monitor"))
        sandbox.fault(Fault(Answer(200, body=b'{"data": [], "hasMore": false}'), verb="list", times=None))
        with pytest.raises(CreateUncertain) as caught:
            await exa.websets.monitors.create(webset, cron="0 6 * * *", behavior=SEARCH)
        sandbox.clear_faults()
        found = await exa.reconcile(caught.value)
        assert [each.id async for each in exa.websets.monitors.list()] == [found.id]
        with pytest.raises(InvalidArgument):
            await exa.websets.monitors.reconcile(object())
