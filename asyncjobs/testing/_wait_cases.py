"""The contract, of waiting."""

from __future__ import annotations

import asyncio

from asyncjobs import (
    AuthenticationError,
    JobState,
    JobUnreachable,
    NotFound,
    ProtocolError,
    UnknownStatus,
    WaitTimeout,
    wait_all,
)

from ._company import MANY
from ._promises import Book
from ._remote import Fault
from ._scene import Scene, check, cut, raising, same, start, stop_tasks

BOOK = Book()


async def _ends(scene: Scene, word: str, state: JobState) -> None:
    job = scene.put(works=20, ends=word)
    snapshot = await job.wait()
    same("the state", snapshot.state, state)
    same("the service's word", snapshot.status, scene.service.spelling(word))
    check(20 <= scene.elapsed < 30, f"the end at 20 s: promised to be seen by 30 s, seen at {scene.elapsed:.1f} s")  # noqa: PLR2004
    check(job.done, "job.done: promised true")


@BOOK.promise()
async def wait_returns_a_job_that_completed(scene: Scene) -> None:
    """wait() looks until the job has completed, and returns its last snapshot."""
    await _ends(scene, scene.completed, JobState.COMPLETED)


@BOOK.promise("failed")
async def wait_returns_a_job_that_failed(scene: Scene) -> None:
    """wait() never raises because the job failed."""
    await _ends(scene, scene.failed, JobState.FAILED)


@BOOK.promise("canceled")
async def wait_returns_a_job_that_was_canceled(scene: Scene) -> None:
    """wait() never raises because somebody cancelled the job."""
    await _ends(scene, scene.canceled, JobState.CANCELED)


@BOOK.promise()
async def wait_returns_a_job_that_is_gone(scene: Scene) -> None:
    """A job that the service forgets while somebody waits has ended for them."""
    job = await scene.seen()
    scene.forget(job)
    same("the state", (await job.wait()).state, JobState.GONE)


@BOOK.promise(own_pace=True)
async def wait_sees_the_end_at_the_kinds_own_pace(scene: Scene) -> None:
    """An end is seen at the latest when the kind's pace says so, twice over."""
    pace = scene.kind.pace
    job = scene.put(works=20)
    await job.wait()
    late = scene.elapsed - 20
    check(late <= 2 * pace.ceiling + 1, f"promised within {2 * pace.ceiling + 1:g} s of the end, seen {late:.1f} s")


@BOOK.promise()
async def waiters_share_their_looks(scene: Scene) -> None:
    """Ten who wait cost what one costs."""
    job = scene.put(works=20)
    await asyncio.gather(*(job.wait() for _ in range(10)), scene.client.job(job.ref).wait())
    looks = scene.server.sent["look"]
    check(looks <= 20, f"looks for a job of 20 s: promised at most 20, seen {looks}")  # noqa: PLR2004


@BOOK.promise(alone=False)
async def among_many_a_job_is_seen_in_the_list(scene: Scene) -> None:
    """What a list shows of a job is all that is asked about it, and is its whole payload."""
    jobs = [scene.put(works=20) for _ in range(MANY)]
    for job, snapshot in zip(jobs, await wait_all(jobs), strict=True):
        same("the source", snapshot.source, "survey")
        same("snapshot.raw", snapshot.raw, scene.server.payload(scene.remote(job)))
    looks = scene.server.sent["look"]
    check(looks <= MANY, f"looks at {MANY} jobs of a list: promised the first of each at most, seen {looks}")


@BOOK.promise()
async def a_timeout_leaves_the_job_running(scene: Scene) -> None:
    """Who gives up waiting gets WaitTimeout, a TimeoutError that names the job, and sends nothing but looks."""
    job = scene.put()
    with raising(WaitTimeout, "a wait of 5 s for a job that goes on") as caught:
        await job.wait(5)
    check(isinstance(caught.error, TimeoutError), "WaitTimeout is a TimeoutError")
    same("error.ref", caught.error.ref, job.ref)
    check(abs(scene.elapsed - 5) < 1, f"the timeout of 5 s: seen after {scene.elapsed:.1f} s")
    same("the job's word", scene.word(job), scene.working)
    same("requests besides looks", scene.asked() - scene.server.sent["look"], 0)


@BOOK.promise()
async def timeout_zero_looks_once(scene: Scene) -> None:
    """wait(0) asks once and judges."""
    with raising(WaitTimeout, "wait(0) for a job that goes on"):
        await scene.put().wait(0)
    same("the looks that were sent", scene.server.sent["look"], 1)
    done = scene.put(steps=[(0.0, scene.completed)])
    same("the state of one that has ended", (await done.wait(0)).state, JobState.COMPLETED)


@BOOK.promise()
async def a_cancelled_waiter_disturbs_no_other(scene: Scene) -> None:
    """Ceasing to wait cancels nothing, neither the job nor another's wait."""
    job = scene.put(works=20)
    first, second = start(job.wait()), start(job.wait())
    await asyncio.sleep(5)
    await stop_tasks(first)
    same("the job's word", scene.word(job), scene.working)
    same("the state for who still waits", (await second).state, JobState.COMPLETED)
    same("the cancels that were sent", scene.server.sent["cancel"], 0)


@BOOK.promise()
async def a_service_in_trouble_ends_no_wait(scene: Scene) -> None:
    """429, 5xx and broken connections slow looking down, no more."""
    job = scene.put(works=20)
    for status in (429, 500, 503):
        scene.server.fault("look", Fault(status))
    scene.server.fault("look", cut())
    same("the state", (await job.wait()).state, JobState.COMPLETED)


@BOOK.promise()
async def a_service_that_stays_away_makes_a_job_unreachable(scene: Scene) -> None:
    """No successful look for Settings.unreachable_after seconds ends a wait."""
    job = scene.put()
    scene.server.fault("look", cut(None))
    with raising(JobUnreachable, "a wait while the service is away for ever"):
        await job.wait()


@BOOK.promise()
async def a_refusal_to_tell_ends_a_wait_at_once(scene: Scene) -> None:
    """A wrong key does not get better by asking again."""
    job = scene.put()
    scene.server.fault("look", Fault(401, times=None))
    with raising(AuthenticationError, "a wait with a wrong key"):
        await job.wait()
    same("the looks that were sent", scene.server.sent["look"], 1)


@BOOK.promise()
async def three_replies_that_make_no_sense_end_a_wait(scene: Scene) -> None:
    """Two in a row are bad luck."""
    job = scene.put()
    scene.server.fault("look", Fault(200, b"<html>", times=2))
    await job.refresh()
    looked = scene.server.sent["look"]
    scene.server.fault("look", Fault(200, b"<html>", times=None))
    with raising(ProtocolError, "a wait on replies that are no JSON"):
        await job.wait()
    same("the looks that made no sense", scene.server.sent["look"] - looked, 3)


@BOOK.promise()
async def a_word_that_nobody_knows_ends_a_wait_after_a_while(scene: Scene) -> None:
    """It is UNKNOWN and looked at again; if it stays for Settings.unknown_after seconds, UnknownStatus."""
    word = "a-word-that-nobody-knows"
    passing = scene.put(works=20)
    scene.server.fault("look", Fault(200, scene.spelled(passing, word), times=2))
    same("the state in that word", (await passing.refresh()).state, JobState.UNKNOWN)
    same("the state at last", (await passing.wait()).state, JobState.COMPLETED)
    staying = scene.put()
    scene.server.fault("look", Fault(200, scene.spelled(staying, word), times=None))
    with raising(UnknownStatus, "a wait in which the word stays") as caught:
        await staying.wait()
    same("error.status", caught.error.status, word)


@BOOK.promise()
async def a_job_that_never_appears_is_not_found(scene: Scene) -> None:
    """A wait for a job that never was ends with NotFound, once Settings.appear_grace has passed."""
    with raising(NotFound, "a wait for a job that never was"):
        await scene.nobody().wait()
    check(10 <= scene.elapsed < 25, f"the grace of 10 s: seen after {scene.elapsed:.1f} s")  # noqa: PLR2004
