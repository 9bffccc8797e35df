"""The contract, of cancelling."""

from __future__ import annotations

import asyncio

from asyncjobs import AuthenticationError, CancelOutcome, CancelUnconfirmed, JobCanceled, JobState, NotSupported

from ._promises import Book
from ._remote import Fault
from ._scene import Scene, check, lost, raising, same, start, stop_tasks

BOOK = Book()


@BOOK.promise("cancel")
async def a_confirmed_cancel_has_seen_the_end(scene: Scene) -> None:
    """When cancel() returns, the job was seen cancelled, at the service too; one request does it."""
    job = await scene.seen(steps=[(0.0, scene.service.accepts()[-1])])
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)
    same("job.state", job.state, JobState.CANCELED)
    same("the service's word", scene.word(job), scene.canceled)
    same("the cancels that were sent", scene.server.sent["cancel"], 1)
    check(job.requested_by_us, "job.requested_by_us: promised true")


@BOOK.promise("cancel")
async def a_job_that_was_never_looked_at_can_be_cancelled(scene: Scene) -> None:
    """A ref is enough."""
    job = scene.put(steps=[(0.0, scene.service.accepts()[-1])])
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)


@BOOK.promise("cancel")
async def a_cancelled_job_still_exists(scene: Scene) -> None:
    """A cancel is no deletion: who asks later learns that it was cancelled."""
    job = await scene.seen(steps=[(0.0, scene.service.accepts()[-1])])
    await job.cancel()
    later = scene.another_client()
    try:
        same("what another client sees", (await later.job(job.ref).refresh()).state, JobState.CANCELED)
    finally:
        await later.aclose()


@BOOK.promise("cancel")
async def a_second_cancel_gives_the_same_outcome(scene: Scene) -> None:
    """And sends nothing."""
    job = await scene.seen()
    first, asked = await job.cancel(), scene.asked()
    same("the second outcome", await job.cancel(), first)
    same("requests for the second cancel", scene.asked() - asked, 0)


@BOOK.promise("cancel")
async def cancels_at_the_same_time_share_one_request(scene: Scene) -> None:
    """Through whichever handles."""
    job = await scene.seen(after_cancel=[(5.0, scene.canceled)])
    outcomes = await asyncio.gather(job.cancel(), scene.client.job(job.ref).cancel(), job.cancel())
    same("the outcomes", set(outcomes), {CancelOutcome.CANCELED})
    same("the cancels that were sent", scene.server.sent["cancel"], 1)


@BOOK.promise("cancel")
async def a_cancel_after_the_end_sends_nothing(scene: Scene) -> None:
    """A job that was seen to have ended needs no request."""
    job = await scene.seen(steps=[(0.0, scene.completed)])
    asked = scene.asked()
    same("the outcome", await job.cancel(), CancelOutcome.ALREADY_DONE)
    same("the requests that were sent", scene.asked() - asked, 0)


@BOOK.promise("cancel")
async def a_job_that_completed_first_is_already_done(scene: Scene) -> None:
    """A cancel that comes too late is no error, whatever the service answers to it."""
    job = await scene.seen()
    scene.becomes(job, scene.completed)
    same("the outcome", await job.cancel(), CancelOutcome.ALREADY_DONE)
    same("job.state", job.state, JobState.COMPLETED)


@BOOK.promise("cancel", "failed")
async def a_job_that_failed_first_is_already_done(scene: Scene) -> None:
    """The same for a job that gave up."""
    job = await scene.seen()
    scene.becomes(job, scene.failed)
    same("the outcome", await job.cancel(), CancelOutcome.ALREADY_DONE)
    same("job.state", job.state, JobState.FAILED)


@BOOK.promise("cancel")
async def a_job_that_somebody_else_cancelled_is_canceled(scene: Scene) -> None:
    """The outcome tells how the job ended, not who asked."""
    job = await scene.seen()
    scene.becomes(job, scene.canceled)
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)


@BOOK.promise("cancel")
async def a_job_that_is_forgotten_before_the_cancel_is_gone(scene: Scene) -> None:
    """There is nothing left to cancel."""
    job = await scene.seen()
    scene.forget(job)
    same("the outcome", await job.cancel(), CancelOutcome.GONE)


@BOOK.promise("cancel")
async def a_job_that_completes_after_the_cancel_was_taken_is_already_done(scene: Scene) -> None:
    """An accepted cancel may lose the race."""
    between = scene.words.canceling[:1] or scene.words.working[:1]
    job = await scene.seen(after_cancel=[(0.0, between[0]), (3.0, scene.completed)])
    same("the outcome", await job.cancel(), CancelOutcome.ALREADY_DONE)
    same("job.state", job.state, JobState.COMPLETED)


@BOOK.promise("cancel")
async def a_cancel_waits_for_a_service_that_takes_its_time(scene: Scene) -> None:
    """An accepted request is not an end."""
    between = scene.words.canceling[:1] or scene.words.working[:1]
    job = await scene.seen(after_cancel=[(0.0, between[0]), (12.0, scene.canceled)])
    waiting = start(job.cancel())
    await asyncio.sleep(6)
    same("job.state meanwhile", job.state, JobState.CANCELING)
    same("the outcome", await waiting, CancelOutcome.CANCELED)
    check(12 <= scene.elapsed < 20, f"an end after 12 s: seen after {scene.elapsed:.1f} s")  # noqa: PLR2004


@BOOK.promise("cancel", own_pace=True)
async def a_cancel_is_confirmed_in_time_at_the_kinds_own_pace(scene: Scene) -> None:
    """A job that ends five seconds after the request is seen to have ended within the bound of 30 s."""
    job = await scene.seen(after_cancel=[(5.0, scene.canceled)])
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)


@BOOK.promise("cancel")
async def a_cancel_that_is_not_confirmed_says_so(scene: Scene) -> None:
    """CancelUnconfirmed, a TimeoutError, when its bound passes; a later end still counts."""
    job = await scene.seen(after_cancel=[])
    with raising(CancelUnconfirmed, "a cancel of 7 s for a job that goes on") as caught:
        await job.cancel(timeout=7)
    check(isinstance(caught.error, TimeoutError), "CancelUnconfirmed is a TimeoutError")
    scene.becomes(job, scene.canceled)
    same("the state at last", (await job.wait()).state, JobState.CANCELED)


@BOOK.promise("cancel")
async def an_unconfirmed_cancel_returns_when_the_service_took_it(scene: Scene) -> None:
    """confirm=False does not wait for the end, which a later wait sees."""
    job = await scene.seen(after_cancel=[(50.0, scene.canceled)])
    same("the outcome", await job.cancel(confirm=False), CancelOutcome.REQUESTED)
    same("job.state", job.state, JobState.CANCELING)
    check(scene.elapsed < 5, f"promised at once, seen after {scene.elapsed:.1f} s")  # noqa: PLR2004
    same("the state at last", (await job.wait()).state, JobState.CANCELED)


@BOOK.promise("cancel")
async def a_lost_reply_to_a_cancel_does_no_harm(scene: Scene) -> None:
    """The request is sent again, and the outcome is the same."""
    job = await scene.seen()
    scene.server.fault("cancel", lost())
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)
    same("the service's word", scene.word(job), scene.canceled)


@BOOK.promise("cancel")
async def a_service_in_trouble_gets_the_cancel_again(scene: Scene) -> None:
    """429 and 5xx are no answer."""
    job = await scene.seen()
    scene.server.fault("cancel", Fault(429))
    scene.server.fault("cancel", Fault(503))
    same("the outcome", await job.cancel(), CancelOutcome.CANCELED)


@BOOK.promise("cancel")
async def a_wrong_key_is_raised_by_cancel(scene: Scene) -> None:
    """A cancel that the service refuses for good is an error, with the job's ref."""
    job = await scene.seen()
    scene.server.fault("cancel", Fault(401, times=None))
    with raising(AuthenticationError, "a cancel with a wrong key") as caught:
        await job.cancel()
    same("error.ref", caught.error.ref, job.ref)


@BOOK.promise("cancel")
async def a_cancelled_canceller_disturbs_no_other(scene: Scene) -> None:
    """The shared request goes on for those who still wait."""
    job = await scene.seen(after_cancel=[(5.0, scene.canceled)])
    first, second = start(job.cancel()), start(job.cancel())
    await asyncio.sleep(1)
    await stop_tasks(first)
    same("the outcome", await second, CancelOutcome.CANCELED)
    same("the cancels that were sent", scene.server.sent["cancel"], 1)


@BOOK.promise("cancel")
async def waiters_learn_that_it_was_we_who_cancelled(scene: Scene) -> None:
    """Their JobCanceled says so."""
    job = scene.put()
    waiting = start(job.result())
    await asyncio.sleep(5)
    await job.cancel()
    with raising(JobCanceled, "the result of the job") as caught:
        await waiting
    same("error.requested_by_us", caught.error.requested_by_us, True)


@BOOK.promise("no_cancel")
async def a_kind_without_cancel_says_so(scene: Scene) -> None:
    """NotSupported names verb and kind, and nothing is sent."""
    job = scene.put()
    with raising(NotSupported, "a cancel where the service has none") as caught:
        await job.cancel()
    same("error.verb and error.kind", (caught.error.verb, caught.error.kind), ("cancel", scene.kind.name))
    same("the requests that were sent", scene.asked(), 0)


@BOOK.promise("no_cancel")
async def a_kind_without_cancel_still_tells_the_outcome_of_a_job_that_ended(scene: Scene) -> None:
    """There is nothing to ask for."""
    job = await scene.seen(steps=[(0.0, scene.completed)])
    same("the outcome", await job.cancel(), CancelOutcome.ALREADY_DONE)


@BOOK.promise("no_cancel")
async def a_kind_without_cancel_cannot_be_owned(scene: Scene) -> None:
    """A block that could not keep its promise is not entered."""
    entered = False
    with raising(NotSupported, "owning a job that cannot be cancelled"):
        async with scene.put():
            entered = True
    check(not entered, "the block: promised not to be entered")
