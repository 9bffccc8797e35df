"""What those who wait hear when another task closes their client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from cancellation_sweep import check_empty
from cancellation_world import sandbox_with
from clients import exa_on
from loops import start, turns

from asyncjobs import ClientClosed
from asyncjobs.sandbox import Answer, Drop, Fault, Stall

if TYPE_CHECKING:
    from asyncjobs import Exa, Job

BUSY = Answer(503, {"error": "busy", "tag": "SERVICE_OVERLOADED"})


async def waiters(exa: Exa, job: Job[object]) -> dict[str, asyncio.Task[object]]:
    """Start everything that can wait for a job or a reply."""

    async def follow() -> None:
        async for _ in job:
            pass

    async def listing() -> None:
        async for _ in exa.agent.runs.list():
            pass

    return {
        "wait": start(job.wait()),
        "wait with a bound": start(job.wait(timeout=100)),
        "wait(timeout=0)": start(job.wait(timeout=0)),
        "result": start(job.result()),
        "await": start(job),
        "async for": start(follow()),
        "refresh": start(job.refresh()),
        "cancel": start(job.cancel()),
        "cancel, unconfirmed": start(job.cancel(confirm=False)),
        "stop": start(job.stop()),
        "list": start(listing()),
        "get": start(exa.agent.runs.get(job.id)),
        "delete": start(exa.agent.runs.delete(job.id)),
    }


@pytest.mark.parametrize(
    "fault",
    [Stall(40.0), BUSY, Drop(), Answer(429, headers={"Retry-After": "30"})],
    ids=["on the wire", "in backoff", "after broken connections", "in a pause"],
)
@pytest.mark.parametrize("after", [0.0, 0.05, 0.3, 1.0, 3.0])
async def test_whoever_waits_hears_at_once_that_the_client_closes(fault: object, after: float) -> None:
    """No wait of any kind outlives its client, and nothing is sent for it any more."""
    async with sandbox_with(latency=0.1) as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q", effort="ultra")
        sandbox.fault(Fault(fault, times=None))  # type: ignore[arg-type]
        waiting = await waiters(exa, job)
        await asyncio.sleep(after)
        await turns()
        over = {name for name, task in waiting.items() if task.done()}
        closing = start(exa.aclose())
        await turns(10)
        late = {name for name, task in waiting.items() if not task.done()}
        assert not late, f"still waiting: {late}"
        for name, task in waiting.items():
            if name not in over:
                assert isinstance(task.exception(), ClientClosed), f"{name}: {task!r}"
            elif task.exception() is not None:
                assert isinstance(task.exception(), TimeoutError), f"{name}: {task!r}"
        await closing
        check_empty(exa)
        asked = len(sandbox.ledger.requests)
        await asyncio.sleep(100)
        assert len(sandbox.ledger.requests) == asked
