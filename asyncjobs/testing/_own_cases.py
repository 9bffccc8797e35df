"""The contract, of owning."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncjobs import Job, JobState

from ._promises import Book
from ._scene import Scene, raising, same, start

BOOK = Book()


class _SomethingElseError(Exception):
    pass


@BOOK.promise("cancel")
async def leaving_a_block_cancels_the_job(scene: Scene) -> None:
    """Confirmed, with one request."""
    job = await scene.seen()
    async with job:
        await asyncio.sleep(1)
    same("job.state", job.state, JobState.CANCELED)
    same("the service's word", scene.word(job), scene.canceled)
    same("the cancels that were sent", scene.server.sent["cancel"], 1)


@BOOK.promise("cancel")
async def an_exception_in_a_block_goes_on(scene: Scene) -> None:
    """The job is cancelled, and the exception is the one that was raised."""
    job = await scene.seen()
    with raising(_SomethingElseError, "a block that raises"):
        async with job:
            raise _SomethingElseError
    same("the service's word", scene.word(job), scene.canceled)


@BOOK.promise("cancel")
async def a_cancelled_task_cancels_the_job_of_its_block(scene: Scene) -> None:
    """The task ends cancelled, and only after the job was seen to have ended."""
    job = await scene.seen()
    task = start(_hold(job))
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.wait((task,))
    same("whether the task was cancelled", task.cancelled(), True)
    same("the service's word", scene.word(job), scene.canceled)
    same("job.state", job.state, JobState.CANCELED)


async def _hold(job: Job[Any]) -> None:
    async with job:
        await asyncio.sleep(100)


@BOOK.promise("cancel")
async def a_block_whose_job_has_ended_sends_nothing(scene: Scene) -> None:
    """There is nothing to cancel."""
    job = scene.put(works=20)
    async with job:
        await job.wait()
    same("job.state", job.state, JobState.COMPLETED)
    same("the cancels that were sent", scene.server.sent["cancel"], 0)


@BOOK.promise("cancel")
async def detach_lets_a_job_live_on(scene: Scene) -> None:
    """After detach() the block cancels nothing."""
    job = await scene.seen()
    async with job:
        job.detach()
    same("the service's word", scene.word(job), scene.working)
    same("the cancels that were sent", scene.server.sent["cancel"], 0)


@BOOK.promise("cancel")
async def closing_the_client_cancels_what_a_block_owns(scene: Scene) -> None:
    """And leaves alone what nobody owns."""
    owned, free = await scene.seen(), await scene.seen()
    async with owned:
        await scene.client.aclose()
    same("the word of the job that was owned", scene.word(owned), scene.canceled)
    same("the word of the other", scene.word(free), scene.working)
