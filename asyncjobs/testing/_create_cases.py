"""The contract, of creating: paid work begins with it, once."""

from __future__ import annotations

import asyncio

from asyncjobs import CreateUncertain, JobState, NotSupported

from ._promises import Book
from ._remote import Fault
from ._scene import Scene, check, lost, raising, same, start, stop_tasks

BOOK = Book()


def _one_was_made(scene: Scene) -> None:
    same("the creates that were sent", scene.server.sent["create"], 1)
    same("the jobs that there are", len(scene.server.jobs), 1)


@BOOK.promise("create")
async def an_awaited_create_hands_over_the_job_that_was_made(scene: Scene) -> None:
    """One request, and a handle with the ids of the service; nothing is sent before it is awaited."""
    creation = scene.create(works=20)
    same("the requests before it is awaited", scene.asked(), 0)
    job = await creation
    _one_was_made(scene)
    same("job.ref", (job.ref.kind, job.ref.parts), (scene.kind.name, scene.server.jobs[0].ids))
    check(job.snapshot is not None, "job.snapshot: promised what the service answered")
    same("the state at last", (await job.wait()).state, JobState.COMPLETED)


@BOOK.promise("create", listed=False)
async def a_create_whose_reply_is_lost_is_not_sent_again(scene: Scene) -> None:
    """The job may exist and be paid for: CreateUncertain carries what was sent."""
    scene.server.fault("create", lost())
    with raising(CreateUncertain, "a create whose reply was lost") as caught:
        await scene.create()
    same("error.sent", caught.error.sent, dict(scene.service.body))
    await asyncio.sleep(100)
    _one_was_made(scene)


@BOOK.promise("create", listed=False)
async def a_create_that_ends_in_a_server_error_is_not_sent_again(scene: Scene) -> None:
    """A 500 does not say whether the job was made."""
    scene.server.fault("create", Fault(500, processed=True))
    with raising(CreateUncertain, "a create that was answered with 500"):
        await scene.create()
    await asyncio.sleep(100)
    _one_was_made(scene)


@BOOK.promise("create", alone=False)
async def a_create_whose_reply_is_lost_is_found_in_the_list(scene: Scene) -> None:
    """By the token that the service keeps; where the kind knows of none, among the candidates that are alike."""
    for fault in (lost(), Fault(500, processed=True)):
        scene.server.jobs.clear()
        scene.server.sent.clear()
        scene.server.fault("create", fault)
        trace = scene.kind.trace
        try:
            found = [(await scene.create()).ref.parts]
        except CreateUncertain as error:
            check(trace is None or trace.carrier is None, "the job with the token: promised, seen CreateUncertain")
            found = [ref.parts for ref in error.candidates]
        _one_was_made(scene)
        same("what was found", found, [] if trace is None else [scene.server.jobs[0].ids])


@BOOK.promise("create")
async def a_create_that_was_refused_unstarted_is_sent_again(scene: Scene) -> None:
    """429 says that nothing was made."""
    scene.server.fault("create", Fault(429, headers={"Retry-After": "2"}))
    await scene.create()
    same("the jobs that there are", len(scene.server.jobs), 1)


@BOOK.promise("create")
async def a_create_whose_caller_was_cancelled_is_kept(scene: Scene) -> None:
    """The client finishes it, and keeps the job in client.adopted."""
    task = start(_awaited(scene))
    await asyncio.sleep(scene.server.latency / 4)
    await stop_tasks(task)
    await asyncio.sleep(5)
    _one_was_made(scene)
    same("client.adopted", [job.ref.parts for job in scene.client.adopted], [scene.server.jobs[0].ids])
    same("the cancels that were sent", scene.server.sent["cancel"], 0)


async def _awaited(scene: Scene) -> None:
    await scene.create()


@BOOK.promise("create", "cancel")
async def an_entered_create_owns_its_job(scene: Scene) -> None:
    """Leaving the block cancels the job."""
    async with scene.create() as job:
        same("the service's word within the block", scene.word(job), scene.working)
    same("the service's word afterwards", scene.word(job), scene.canceled)
    same("job.state", job.state, JobState.CANCELED)


@BOOK.promise("create", "cancel")
async def an_entered_create_that_is_cancelled_leaves_nothing_running(scene: Scene) -> None:
    """Owned from the first byte: the client finishes the create and cancels what it made."""
    task = start(_entered(scene))
    await asyncio.sleep(scene.server.latency / 4)
    await stop_tasks(task)
    await asyncio.sleep(5)
    _one_was_made(scene)
    same("the service's word", scene.server.jobs[0].word(scene.server.now()), scene.canceled)


async def _entered(scene: Scene) -> None:
    async with scene.create():
        await asyncio.sleep(100)


@BOOK.promise("create", "no_cancel")
async def a_create_that_could_not_be_cancelled_is_not_entered(scene: Scene) -> None:
    """Where the service has no cancel, nothing is made that a block could not end."""
    with raising(NotSupported, "entering a create where the service has no cancel"):
        await _entered(scene)
    same("the jobs that there are", len(scene.server.jobs), 0)
