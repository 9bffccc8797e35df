"""The contract, of results and of stopping."""

from __future__ import annotations

import asyncio

from asyncjobs import JobCanceled, JobFailed, JobGone, JobState, NotSupported
from asyncjobs._convert import structure

from ._promises import Book
from ._scene import Scene, check, raising, same, start

BOOK = Book()


@BOOK.promise()
async def the_result_is_the_resource_at_the_end(scene: Scene) -> None:
    """Awaiting a job gives its resource as it is when it has completed; the second time nothing is asked."""
    job = scene.put(works=20)
    result = await job
    payload = scene.server.payload(scene.remote(job)) | dict(scene.service.brings)
    same("the result", result, structure(payload, scene.kind.resource, scene.kind.keys))
    asked = scene.asked()
    check(await job.result() is result, "the second result: promised the same object")
    same("requests for the second result", scene.asked() - asked, 0)


@BOOK.promise("result")
async def the_result_is_fetched_once_for_all(scene: Scene) -> None:
    """Where the result is apart, all who ask for it share one request."""
    job = scene.put(works=20)
    await asyncio.gather(job.result(), job.result(), scene.client.job(job.ref).result())
    same("the requests for the result", scene.server.sent["result"], 1)


@BOOK.promise("failed")
async def the_result_of_a_failed_job_is_job_failed(scene: Scene) -> None:
    """With the job's ref and what was last seen."""
    job = scene.put(works=20, ends=scene.failed)
    with raising(JobFailed, "the result of a job that failed") as caught:
        await job
    same("error.ref and error.snapshot", (caught.error.ref, caught.error.snapshot), (job.ref, job.snapshot))


@BOOK.promise("canceled")
async def the_result_of_a_canceled_job_is_job_canceled(scene: Scene) -> None:
    """It says that it was not we who asked, and is no CancelledError: the task that waited was not cancelled."""
    job = scene.put(works=20, ends=scene.canceled)
    waiting = start(job.result())
    await asyncio.wait((waiting,))
    check(not waiting.cancelled(), "the task that waited: promised that it is not cancelled")
    with raising(JobCanceled, "the result of a job that was cancelled") as caught:
        await waiting
    same("error.requested_by_us", caught.error.requested_by_us, False)


@BOOK.promise()
async def the_result_of_a_job_that_is_gone_is_job_gone(scene: Scene) -> None:
    """With the job's ref."""
    job = await scene.seen()
    scene.forget(job)
    with raising(JobGone, "the result of a job that the service forgot") as caught:
        await job
    same("error.ref", caught.error.ref, job.ref)


@BOOK.promise()
async def gather_cancels_nothing(scene: Scene) -> None:
    """The first failure comes out of asyncio.gather, and the other jobs go on."""
    lost, good = await scene.seen(), scene.put(works=40)
    scene.forget(lost)
    with raising(JobGone, "asyncio.gather with a job that is gone"):
        await asyncio.gather(lost, good)
    same("the other job's word", scene.word(good), scene.working)
    same("its state at last", (await good.wait()).state, JobState.COMPLETED)
    same("the cancels that were sent", scene.server.sent["cancel"], 0)


@BOOK.promise("stop")
async def a_stopped_job_finishes_early(scene: Scene) -> None:
    """stop() asks once, and the job completes with what it has."""
    job = await scene.seen()
    await job.stop()
    same("the state", (await job.wait()).state, JobState.COMPLETED)
    same("the stops that were sent", scene.server.sent["stop"], 1)


@BOOK.promise("no_stop")
async def a_kind_without_stop_says_so(scene: Scene) -> None:
    """NotSupported, before anything is sent."""
    job = scene.put()
    with raising(NotSupported, "stopping where the service cannot"):
        await job.stop()
    same("the requests that were sent", scene.asked(), 0)
