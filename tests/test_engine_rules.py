"""Rules that hold between the parts of the engine: each was once broken."""

from __future__ import annotations

import asyncio
import logging

import pytest
from loops import now

from asyncjobs import (
    APIError,
    AuthenticationError,
    CancelOutcome,
    CancelUnconfirmed,
    ClientClosed,
    Exa,
    InvalidArgument,
    JobGroup,
    JobState,
    NotFound,
    ServerError,
    Settings,
    TransportError,
    WaitTimeout,
    WaterCrawl,
    as_completed,
    wait_all,
)
from asyncjobs.sandbox import Answer, Fault, Life, Replace, Sandbox, Stale, Stall


async def test_a_cancel_ends_when_the_job_is_seen_to_end():
    """Whoever looks meanwhile finds the end, and a request that failed so far is not sent again."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=4))
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Answer(500, "{}", {}), verb="cancel", times=None))
        waiting = asyncio.create_task(job.wait())
        began = now()

        assert await job.cancel(timeout=None) is CancelOutcome.ALREADY_DONE
        assert now() - began < 10
        await waiting


async def test_an_end_that_is_seen_twice_is_believed_although_the_cancel_hangs():
    """A cancel that gets no answer keeps nobody from the result for longer than the kind's settling time."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as watercrawl,
    ):
        sandbox.script("watercrawl.search", Life.ordinary("watercrawl.search", works=3))
        job = await watercrawl.searches.create("q")
        await asyncio.sleep(1)
        sandbox.fault(Fault(Stall(None), verb="cancel", times=None))
        cancelling = asyncio.create_task(job.cancel(timeout=None))
        began = now()

        assert (await job.wait()).state is JobState.COMPLETED
        assert now() - began < 10
        assert await cancelling is CancelOutcome.ALREADY_DONE


@pytest.mark.parametrize("body", [b'{"status": "completed"}', b'{"id": "another", "status": "completed"}', b"[]", b""])
async def test_the_answer_to_a_cancel_counts_only_if_it_is_about_the_job(body):
    """Many services answer with the status of the request: without the job's id it is looked at."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Replace(body), verb="cancel"))

        assert await job.cancel() is CancelOutcome.CANCELED


async def test_a_stop_may_be_answered_without_a_body():
    """The job is looked at instead."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = await exa.agent.runs.create(query="q", effort="ultra")
        sandbox.fault(Fault(Replace(b""), verb="stop"))

        assert (await job.stop()).ref == job.ref
        assert sandbox.ledger.count("stop") == 1


async def test_waiting_without_time_tells_an_id_that_does_not_exist():
    """Asked again after the grace, ``wait(timeout=0)`` says that there is no such job."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = exa.job("exa.agent_run:agent_run_nobody")
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=0)
        await asyncio.sleep(11)
        with pytest.raises(NotFound):
            await job.wait(timeout=0)


async def test_a_cancel_that_is_denied_while_the_job_lives_is_given_up():
    """404 for the cancel and 200 for the look: the kind asks the wrong way, and the error says so."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Answer(404, "{}", {}), verb="cancel", times=None))

        with pytest.raises(NotFound) as caught:
            await job.cancel(timeout=None)
        assert caught.value.ref == job.ref
        assert sandbox.ledger.count("cancel") == 3


async def test_an_unconfirmed_cancel_says_what_went_wrong():
    """Its cause is the last error, hint included."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Answer(500, "{}", {}), verb="cancel", times=None))

        with pytest.raises(CancelUnconfirmed) as caught:
            await job.cancel(timeout=3)
        assert isinstance(caught.value.__cause__, ServerError)


async def test_a_full_house_keeps_no_cancel_waiting():
    """A refusal for want of a slot pauses creates, not the cancelling and deleting that would make room."""
    settings = Settings(retry_budget=0)
    async with (
        Sandbox(sockets=False, agent_slots=1) as sandbox,
        Exa("key", base_url=sandbox.url, settings=settings, session=sandbox.session()) as exa,
    ):
        webset = await exa.websets.create(metadata={})
        await exa.agent.runs.create(query="q")
        with pytest.raises(APIError):
            await exa.agent.runs.create(query="q")
        began = now()

        await exa.websets.cancel(webset.id)
        await exa.websets.delete(webset.id)
        assert now() == began


async def test_an_error_of_looking_a_job_up_names_it():
    """What ``get`` raises carries the ref that was asked for."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        with pytest.raises(NotFound) as caught:
            await exa.agent.runs.get("agent_run_nobody")
        assert str(caught.value.ref) == "exa.agent_run:agent_run_nobody"


async def test_a_word_that_nobody_watched_is_not_held_against_the_next_wait():
    """The guard counts while somebody waits."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life([(0, "napping"), (1020, "completed")]))
        job = await exa.agent.runs.create(query="q")
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=1)
        await asyncio.sleep(1000)

        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_job_cannot_slip_into_a_group_that_is_being_left():
    """It would be owned by nobody."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None), times=None)
        first, second = await exa.agent.runs.create(query="q"), await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(2.0), verb="cancel"))
        refused = []

        async def add_late(group):
            await asyncio.sleep(1)
            try:
                group.add(second)
            except RuntimeError as error:
                refused.append(error)

        with pytest.raises(ZeroDivisionError):
            async with JobGroup() as group:
                group.add(first)
                task = asyncio.create_task(add_late(group))
                _ = 1 / 0
        await task
        assert len(refused) == 1


async def test_a_group_owns_what_it_creates_from_the_first_byte():
    """A create that is cancelled on the wire is finished and its job cancelled."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None), times=None)
        sandbox.fault(Fault(Stall(2.0, processed=True), verb="create", skip=1))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), JobGroup() as group:
                await group.create(exa.agent.runs.create(query="q"))
                await group.create(exa.agent.runs.create(query="q"))

        assert len(sandbox.ledger.created("exa.agent_run")) == 2
        assert sandbox.ledger.active() == []
        assert exa.adopted == []


async def test_a_detached_job_can_be_added_again():
    """Adding owns it anew, and the group still lists what it had after the block."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = await exa.agent.runs.create(query="q")
        with pytest.raises(ZeroDivisionError):
            async with JobGroup() as group:
                group.add(job).detach()
                group.add(job)
                _ = 1 / 0
        assert job.state is JobState.CANCELED
        assert group.jobs == (job,)
        assert not job.owned


async def test_a_group_gives_up_only_its_own_hold():
    """A block around the group still owns the job."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=2))
        job = await exa.agent.runs.create(query="q")
        async with job:
            async with JobGroup() as group:
                group.add(job)
            assert job.owned


async def test_two_readers_of_one_iterator_share_it():
    """Each job comes once, and both readers come to the end."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3)]
        ends = as_completed(jobs)

        async def read():
            return [job async for job in ends]

        one, two = await asyncio.gather(read(), read())
        assert {*one, *two} == set(jobs)
        assert len(one) + len(two) == 3


async def test_a_closed_client_opens_nothing():
    """Not even for an owner who comes too late."""
    async with Sandbox(sockets=False) as sandbox:
        exa = Exa("key", base_url=sandbox.url)
        job = exa.job("exa.agent_run:agent_run_nobody")
        await exa.aclose()
        with pytest.raises(ClientClosed):
            await job.__aenter__()
        with pytest.raises(ClientClosed):
            await job.refresh()


async def test_a_cancel_that_was_kept_in_mind_is_not_forgotten_in_silence(caplog):
    """Closing names the job whose cancel was asked for and never accepted."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script("watercrawl.search", Life.ordinary("watercrawl.search", waits=None))
        async with WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as watercrawl:
            job = await watercrawl.searches.create("q")
            assert await job.cancel(confirm=False) is CancelOutcome.REQUESTED
            with caplog.at_level(logging.ERROR, "asyncjobs"):
                await watercrawl.aclose()
        assert str(job.ref) in caplog.text


async def test_what_was_sent_is_not_logged(caplog):
    """A create whose caller has gone and whose outcome is unknown is logged without the caller's data."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.fault(Fault(Stall(2.0), verb="create"), Fault(Answer(500, "{}", {}), verb="create", times=None))
        creating = asyncio.create_task(exa.agent.runs.create(query="very private"))
        await asyncio.sleep(1)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        await exa.aclose()
    assert "private" not in caplog.text


async def test_a_failed_look_leaves_no_reply_behind():
    """A handle does not keep the body of a reply that made no sense."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Replace(b"x" * 1_000_000), verb="look", times=None))
        with pytest.raises(Exception, match="not JSON"):
            await job.refresh()
        assert job._core._look is None


async def test_a_job_can_be_referenced_weakly():
    """Caches of handles need it."""
    import weakref  # noqa: PLC0415

    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = exa.job("exa.agent_run:agent_run_nobody")
        assert weakref.ref(job)() is job


async def test_waiting_for_many_without_time_looks_once_at_each():
    """What ended unseen is found; what goes on is a timeout; one request for each."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=5), times=2)
        refs = [(await exa.agent.runs.create(query="q")).ref for _ in range(2)]
        await asyncio.sleep(60)

        async with Exa("key", base_url=sandbox.url, session=sandbox.session()) as other:
            snapshots = await wait_all([other.job(ref) for ref in refs], 0)
            assert [snapshot.state for snapshot in snapshots] == [JobState.COMPLETED] * 2
            assert sandbox.ledger.count("look") == 2

            sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
            going = await other.agent.runs.create(query="q")
            with pytest.raises(WaitTimeout):
                await wait_all([going], 0)
            nobody = other.job("exa.agent_run:agent_run_nobody")
            given = [job async for job in as_completed([other.job(refs[0])], 0)]
            assert [job.ref for job in given] == refs[:1]
            with pytest.raises(WaitTimeout):
                await anext(as_completed([nobody], 0))


async def test_a_closed_client_cannot_be_entered():
    """The error comes before the first request."""
    async with Sandbox(sockets=False) as sandbox:
        async with Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
            pass
        with pytest.raises(ClientClosed):
            async with exa:
                pass


async def test_a_group_creates_only_creations():
    """Something else is named by its type."""
    async with JobGroup() as group:
        with pytest.raises(InvalidArgument, match=r"creation.*str"):
            await group.create("a run")


def test_a_client_whose_loop_has_ended_can_be_closed():
    """There is nothing left to wait for, and no warning."""

    async def close(exa):
        await exa.aclose()

    settings = Settings(retry_budget=0)
    exa = Exa("key", base_url="http://127.0.0.1:9", settings=settings)

    async def first():
        with pytest.raises(TransportError):
            await exa.agent.runs.get("agent_run_1")
        # The session is closed, as an application's own would be; the client is not.
        await exa._engine._transport.aclose()

    asyncio.run(first())
    asyncio.run(close(exa))
    assert "closed" in repr(exa)


async def test_iterating_without_time_raises_what_a_look_found():
    """A key that is refused is no timeout."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.fault(Fault(Answer(401), verb="look"))
        ends = as_completed([exa.job("exa.agent_run:agent_run_1")], 0)
        with pytest.raises(AuthenticationError):
            await anext(ends)
        with pytest.raises(StopAsyncIteration):
            await anext(ends)


async def test_closing_ends_waits_that_have_no_time():
    """The look that was under way is broken off, and nothing is watched on the closed client."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(None), verb="look", times=None))
        many = asyncio.create_task(wait_all([job], 0))
        each = asyncio.create_task(anext(as_completed([job], 0)))
        await asyncio.sleep(1)
        await exa.aclose()
        for waiting in (many, each):
            with pytest.raises(ClientClosed):
                await waiting


async def test_a_server_that_is_behind_does_not_end_the_wait_for_a_new_job():
    """Two servers of one service: the first look finds a new job, the second asks one that has not heard of it yet."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=20))
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stale(4.0), verb="look", skip=1, times=2))

        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_new_job_that_vanishes_while_it_is_waited_for_is_gone():
    """It is looked for as long as a new job may take to appear."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
        job = await exa.agent.runs.create(query="q")
        await job.refresh()
        sandbox.forget(str(job.ref))
        began = now()

        assert (await job.wait()).state is JobState.GONE
        assert 9 <= now() - began <= 16


async def test_a_server_that_is_behind_does_not_end_a_new_job_for_who_looks_once():
    """A refresh asks again, a look without time does not know; the job remains what it was, and owned."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
        async with exa.agent.runs.create(query="q") as job:
            for _ in range(2):  # What was seen of it first is the create's reply, then a look.
                sandbox.fault(Fault(Stale(4.0), verb="look"))
                assert (await job.refresh()).state is JobState.RUNNING
            sandbox.fault(Fault(Stale(9.0), verb="look"))
            with pytest.raises(WaitTimeout):
                await job.wait(timeout=0)
            assert job.state is JobState.RUNNING
        assert sandbox.status(str(job.ref)) == "cancelled"


async def test_a_new_job_that_vanished_is_gone_for_who_looks_once_too():
    """It is asked for as long as a new job may take to appear."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None))
        job = await exa.agent.runs.create(query="q")
        sandbox.forget(str(job.ref))
        began = now()

        assert (await job.refresh()).state is JobState.GONE
        assert 9 <= now() - began <= 16
