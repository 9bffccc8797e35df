"""The contract, of handles and looks."""

from __future__ import annotations

import asyncio
import pickle

from asyncjobs import JobRef, JobState, NotFound

from ._promises import Book
from ._scene import Scene, check, raising, same
from ._server import STRIDE

BOOK = Book()


@BOOK.promise()
async def before_the_first_look_nothing_is_known(scene: Scene) -> None:
    """Making a handle sends nothing, and tells nothing."""
    job = scene.put()
    same("job.state", job.state, JobState.UNKNOWN)
    same("job.snapshot", job.snapshot, None)
    same("job.progress", job.progress, None)
    check(not job.done, "job.done: promised false before the first look")
    same("the requests that were sent", scene.asked(), 0)


@BOOK.promise()
async def a_look_shows_the_services_word_and_its_state(scene: Scene) -> None:
    """refresh() gives the word as the service says it, and the state that it means."""
    for word in scene.words.roles():
        job = scene.put(steps=[(0.0, word)])
        snapshot = await job.refresh()
        same("snapshot.status", snapshot.status, scene.service.spelling(word))
        allowed = scene.may_be(word)
        message = f"the state of {word!r}: promised {' or '.join(sorted(allowed))}, seen {snapshot.state}"
        check(snapshot.state in allowed, message)
        same(f"job.done in {word!r}", job.done, word in scene.words.final)


@BOOK.promise()
async def a_look_is_one_request(scene: Scene) -> None:
    """refresh() asks for this job, once, and keeps the whole payload."""
    job = scene.put()
    snapshot = await job.refresh()
    same("the looks that were sent", scene.server.sent["look"], 1)
    same("all requests", scene.asked(), 1)
    same("snapshot.raw", snapshot.raw, scene.server.payload(scene.remote(job)))


@BOOK.promise()
async def ids_travel_as_one_encoded_segment(scene: Scene) -> None:
    """Whatever is in an id, it leads to its own job and to no other place."""
    for own_id in ("a/b", "a b?c#d", "100%25", "../x", "ü.ä"):
        job = scene.put(own_id=own_id)
        snapshot = await job.refresh()
        same(f"the id that the service showed for {own_id!r}", snapshot.raw[scene.service.ids[-1]], own_id)


@BOOK.promise()
async def a_ref_leads_to_the_same_job(scene: Scene) -> None:
    """A ref survives text and pickle, and handles of one job are equal."""
    job = scene.put()
    text = str(job.ref)
    same("the ref, from its text", JobRef.parse(text), job.ref)
    same("the ref, unpickled", pickle.loads(pickle.dumps(job.ref)), job.ref)  # noqa: S301 - our own
    for again in (scene.client.job(job.ref), scene.client.job(text)):
        same("the handle of a ref", again, job)
        same("its hash", hash(again), hash(job))
    with raising(TypeError, "pickling a handle"):
        pickle.dumps(job)


@BOOK.promise()
async def a_resource_leads_to_its_job(scene: Scene) -> None:
    """client.job(resource) finds the ids in what the service showed."""
    job = await scene.seen()
    assert job.snapshot is not None
    same("the handle of the resource", scene.client.job(job.snapshot.resource), job)


@BOOK.promise()
async def handles_of_one_job_share_what_is_known(scene: Scene) -> None:
    """What one handle saw the other knows, and looks at the same time are one."""
    job = scene.put()
    other = scene.client.job(job.ref)
    await asyncio.gather(job.refresh(), other.refresh(), job.refresh())
    same("the looks that were sent", scene.server.sent["look"], 1)
    same("what the other handle knows", other.snapshot, job.snapshot)


@BOOK.promise()
async def a_job_that_the_service_forgot_is_gone(scene: Scene) -> None:
    """404 or 410 after it was seen is the final state GONE; what was last seen is kept."""
    for status in (404, 410):
        job = await scene.seen()
        scene.forget(job, status)
        snapshot = await job.refresh()
        same(f"the state after a {status}", snapshot.state, JobState.GONE)
        same("the word that is kept", snapshot.status, scene.working)


@BOOK.promise()
async def a_job_that_never_was_is_not_found(scene: Scene) -> None:
    """404 before anything was ever seen is an error, not an end."""
    job = scene.nobody()
    with raising(NotFound, "a look at a job that never was"):
        await job.refresh()
    check(not job.done, "job.done: promised false")


@BOOK.promise()
async def final_is_final(scene: Scene) -> None:
    """What a look says against an end is kept as a contradiction; only reopen=True believes it."""
    job = await scene.seen(steps=[(0.0, scene.completed)])
    scene.becomes(job, scene.working)
    await job.refresh()
    same("job.state", job.state, JobState.COMPLETED)
    check(job.contradiction is not None, "job.contradiction: promised what the later look showed, seen nothing")
    await job.refresh(reopen=True)
    check(job.state in scene.may_be(scene.working), f"after reopen: promised that it works, seen {job.state}")


@BOOK.promise()
async def following_a_job_shows_each_change_and_ends(scene: Scene) -> None:
    """async for gives what is, each change, and the end at last."""
    job = scene.put(steps=scene.walk())
    seen = [snapshot.status async for snapshot in job]
    same("the words that were shown", seen, [*scene.words.live, scene.completed])
    same("job.state", job.state, JobState.COMPLETED)
    check(scene.elapsed >= STRIDE * len(scene.words.live), "it ended before the job did")
