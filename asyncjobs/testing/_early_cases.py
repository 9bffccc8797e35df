"""The contract, of cancels that come before a job runs, or while it ends."""

from __future__ import annotations

import asyncio

from asyncjobs import CancelOutcome, JobState

from ._promises import Book
from ._scene import Scene, check, same, start

BOOK = Book()


def _too_early(scene: Scene) -> str:
    return next(word for word in scene.words.waiting if word not in scene.service.accepts())


@BOOK.promise("prompt")
async def a_job_that_waits_is_cancelled_at_once(scene: Scene) -> None:
    """In every word of waiting, where the service takes a cancel then."""
    for word in scene.words.waiting:
        job = await scene.seen(steps=[(0.0, word)])
        same(f"the outcome in {word!r}", await job.cancel(), CancelOutcome.CANCELED)
    same("the cancels that were sent", scene.server.sent["cancel"], len(scene.words.waiting))


@BOOK.promise("early")
async def a_cancel_that_comes_too_early_is_sent_again_when_the_job_runs(scene: Scene) -> None:
    """The refusal is no error: the intent is kept until the job can be cancelled, and no longer."""
    job = await scene.seen(steps=[(0.0, _too_early(scene)), (8.0, scene.service.accepts()[0])])
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)
    check(8 <= scene.elapsed < 20, f"a start at 8 s: cancelled at {scene.elapsed:.1f} s")  # noqa: PLR2004
    sent = scene.server.sent["cancel"]
    check(sent <= 4, f"the cancels that were sent: promised the refused one and one more, or few, seen {sent}")  # noqa: PLR2004


@BOOK.promise("early")
async def a_cancel_that_comes_too_early_is_kept_for_a_caller_who_leaves(scene: Scene) -> None:
    """With confirm=False for half a minute."""
    job = await scene.seen(steps=[(0.0, _too_early(scene)), (8.0, scene.service.accepts()[0])])
    same("the outcome", await job.cancel(confirm=False), CancelOutcome.REQUESTED)
    await asyncio.sleep(25)
    same("the service's word", scene.word(job), scene.canceled)


@BOOK.promise("flips")
async def an_end_that_may_still_flip_is_not_believed(scene: Scene) -> None:
    """A job that shows canceled and then turns to completed was never cancelled, however closely it was watched."""
    assert scene.service.cancel is not None
    flips = scene.service.cancel.flips
    job = await scene.seen(after_cancel=[(0.0, scene.canceled), (flips, scene.completed)])
    canceling = start(job.cancel())
    await scene.remote(job).accepted.wait()
    while not canceling.done():
        await job.refresh()
        await asyncio.sleep(flips / 10)
    await asyncio.sleep(2 * flips)
    same("the service's word at last", scene.word(job), scene.completed)
    same("the outcome", await canceling, CancelOutcome.ALREADY_DONE)
    same("job.state", job.state, JobState.COMPLETED)
    same("job.contradiction", job.contradiction, None)
