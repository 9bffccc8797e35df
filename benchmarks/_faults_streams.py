"""Uses of runs that tell their events: followed to the end, left early, and followed from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benchmarks._faults_blocks import Leaving
from benchmarks._faults_book import WORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from asyncjobs import EventStream, JobState
    from benchmarks._faults_uses import Plan


async def _told(plan: Plan, events: EventStream[Any, Any]) -> None:
    """Read events to their end: the first to the last, each once, and then the run has ended."""

    async def read() -> list[Any]:
        return [event async for event in events]

    told: list[Any] | None = await plan.told("events", read(), plan.one)
    if told is None:
        return
    seen = [event.id for event in told]
    if seen != [str(number) for number in range(1, len(seen) + 1)]:
        plan.book.blame("wrong", f"{events.job.ref} ({plan.use}) told its events as {seen}")
    if not (told and told[-1].final) and str(events.job.ref) not in plan.book.forgotten:
        plan.book.blame("wrong", f"{events.job.ref} ({plan.use}) ended after {len(told)} events, without the last one")
    state: JobState = events.job.state
    if state in WORDS:
        plan.book.ended(plan.one, events.job, state, f"events: {state}")
    else:
        plan.book.blame("wrong", f"{events.job.ref} ({plan.use}) has told all its events and is {state}")


async def stream(plan: Plan) -> None:
    plan.one.begun = True
    events = await plan.told("create", plan.exa.agent.runs.stream(query=plan.one.text), plan.one)
    if events is not None:
        plan.book.returned(plan.one, events.job)
        async with events:
            await _told(plan, events)


async def follow_from_elsewhere(plan: Plan) -> None:
    job = await plan.made(plan.one)
    if job is not None:
        async with plan.exa.agent.runs.follow(job.id) as events:
            await _told(plan, events)


async def block_of_a_stream(plan: Plan) -> None:
    plan.one.begun = True
    with Leaving(plan) as leaving:
        async with plan.exa.agent.runs.stream(query=plan.one.text) as events:
            leaving.owns(0, events.job)
            # Every run tells three things at its start, and nothing more before its end.
            wanted = plan.rng.randint(1, 3)
            async for event in events:
                if event.id == str(wanted):
                    break
            else:
                if str(events.job.ref) not in plan.book.forgotten:
                    plan.book.blame("wrong", f"{events.job.ref} ({plan.use}) ended before event {wanted}")


STREAMS: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    # By name: the program, and how often it is drawn.
    "stream": (stream, 4),
    "follow from elsewhere": (follow_from_elsewhere, 2),
    "block of a stream": (block_of_a_stream, 2),
}
