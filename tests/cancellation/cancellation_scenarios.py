"""What a task may be doing when it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from cancellation_sweep import CLEANUP_TIMEOUT, Scenario, World

from asyncjobs import (
    CancelUnconfirmed,
    ClientClosed,
    CreateUncertain,
    Exa,
    JobGroup,
    Settings,
    WaitTimeout,
    as_completed,
    cancel_all,
    wait_all,
)
from asyncjobs.sandbox import Answer, Drop, Fault, Life, Lose, Stall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

NEW = Life.ordinary("watercrawl.search", waits=0.8, works=30.0)
SHORT = Life.ordinary("watercrawl.search", waits=0.3, works=0.5)
RUNNING = Life.ordinary("watercrawl.search", works=30.0)
RUN = Life.ordinary("exa.agent_run", works=1.5)
LONG_RUN = Life.ordinary("exa.agent_run", works=60.0)
ONE_CONNECTION = Settings(cleanup_timeout=CLEANUP_TIMEOUT, connections=1)
SLOW = Settings(cleanup_timeout=CLEANUP_TIMEOUT, rates={"agent": 1.0})
BUSY = Answer(503, {"error": "busy", "tag": "SERVICE_OVERLOADED"})
_LINGER = CLEANUP_TIMEOUT + 5.0


def faulty(*faults: Fault) -> Callable[[World], Awaitable[None]]:
    """Put the faults in force just before the task under test begins."""

    async def arrange(world: World) -> None:
        world.sandbox.fault(*faults)

    return arrange


def busy(verb: str, *, times: int = 2) -> Callable[[World], Awaitable[None]]:
    """Let the service be overloaded for *times* requests of *verb*."""
    return faulty(Fault(BUSY, verb=verb, times=times))


async def hog(world: World) -> None:
    """Take the only connection for a while."""
    world.sandbox.fault(Fault(Stall(2.0), verb="look"))
    other = await world.create()
    world.handed.append(other)
    world.help(swallow(other.refresh()))
    await asyncio.sleep(0.1)


async def swallow(work: Awaitable[Any]) -> None:
    """Wait for *work*, whatever becomes of it when the client closes."""
    with contextlib.suppress(ClientClosed):
        await work


# -- (a) waiting


async def wait(world: World) -> None:
    await world.job.wait()


async def wait_with_bound(world: World) -> None:
    await world.job.wait(timeout=600)


async def look_once(world: World) -> None:
    with contextlib.suppress(WaitTimeout):
        await world.job.wait(timeout=0)


async def result(world: World) -> None:
    await world.job.result()


async def await_it(world: World) -> None:
    await world.job


async def follow(world: World) -> None:
    async for _ in world.job:
        pass


async def gather_waits(world: World) -> None:
    await asyncio.gather(*(job.wait() for job in [world.job, *world.handed]))


async def two_more(world: World) -> None:
    for _ in range(2):
        await world.take()


WAITS = [
    Scenario("wait", wait, life=SHORT),
    Scenario("wait with a bound", wait_with_bound, service=Exa, life=RUN),
    Scenario("wait(timeout=0)", look_once, life=RUNNING),
    Scenario("result, with its extra request", result, life=SHORT),
    Scenario("result, whose extra request is refused at first", result, busy("result"), life=SHORT),
    Scenario("await job", await_it, service=Exa, life=RUN),
    Scenario("async for", follow, life=SHORT),
    Scenario("wait while the service is overloaded", wait, busy("look"), service=Exa, life=RUN),
    Scenario(
        "wait while the service asks for a pause",
        wait,
        faulty(Fault(Answer(429, headers={"Retry-After": "3"}), verb="look")),
        life=SHORT,
    ),
    Scenario("wait behind a slow request", wait, hog, life=SHORT, settings=ONE_CONNECTION),
    Scenario("gather of waits over one connection", gather_waits, two_more, life=SHORT, settings=ONE_CONNECTION),
]

# -- (b) cancelling


async def cancel(world: World) -> None:
    await world.job.cancel()


async def cancel_unconfirmed(world: World) -> None:
    await world.job.cancel(confirm=False)


async def gather_cancels(world: World) -> None:
    await asyncio.gather(*(job.cancel() for job in [world.job, *world.handed]))


async def cancel_twice(world: World) -> None:
    await asyncio.gather(world.job.cancel(), world.job.cancel(confirm=False))


CANCELS = [
    Scenario("cancel", cancel, service=Exa, life=LONG_RUN),
    Scenario("cancel, unconfirmed", cancel_unconfirmed, service=Exa, life=LONG_RUN),
    Scenario("cancel while it settles", cancel, life=RUNNING),
    Scenario("cancel, too early", cancel, life=NEW),
    Scenario("cancel, too early, unconfirmed", cancel_unconfirmed, life=NEW),
    Scenario("cancel while the service is overloaded", cancel, busy("cancel"), service=Exa, life=LONG_RUN),
    Scenario("cancel whose reply is lost", cancel, faulty(Fault(Lose(), verb="cancel")), life=RUNNING),
    Scenario("cancel behind a slow request", cancel, hog, life=RUNNING, settings=ONE_CONNECTION),
    Scenario("cancel of a job that ends meanwhile", cancel, life=SHORT),
    Scenario("gather of cancels", gather_cancels, two_more, life=RUNNING, settings=ONE_CONNECTION),
    Scenario("two cancels of one job", cancel_twice, life=NEW),
]

# -- (c) creating


async def create(world: World) -> None:
    await world.take()


async def create_owned(world: World) -> None:
    async with world.create() as job:
        assert job.snapshot is not None


async def create_owned_and_wait(world: World) -> None:
    async with world.create() as job:
        await job.wait()


async def create_three(world: World) -> None:
    await asyncio.gather(*(world.take() for _ in range(3)))


async def create_webset(world: World) -> None:
    webset = await world.client.websets.create(search={"query": "q", "count": 1})
    world.handed.extend(world.client.jobs(webset))


async def spend(world: World) -> None:
    """Use up the rate of creates."""
    await world.take()


_WIRE: dict[str, Callable[[World], Awaitable[None]]] = {
    "before the service acts": faulty(Fault(Stall(2.0), verb="create")),
    "after the service acted": faulty(Fault(Stall(2.0, processed=True), verb="create")),
    "in backoff": busy("create"),
}
_LOST: dict[str, Callable[[World], Awaitable[None]]] = {
    "with a lost reply": faulty(Fault(Lose(), verb="create")),
    "with a dropped request": faulty(Fault(Drop(), verb="create")),
    "with a failure after it took effect": faulty(Fault(Answer(500, processed=True), verb="create")),
}

CREATES = [
    Scenario("create", create, life=RUNNING),
    Scenario("create, owned", create_owned, life=RUNNING, owns=True, lingers=_LINGER),
    Scenario("create, owned, in its body", create_owned_and_wait, life=SHORT, owns=True, lingers=_LINGER),
    Scenario("gather of creates", create_three, service=Exa, life=LONG_RUN, settings=SLOW),
    Scenario("create that queues for its rate", create, spend, service=Exa, life=LONG_RUN, settings=SLOW),
    Scenario("create behind a slow request", create, hog, life=RUNNING, settings=ONE_CONNECTION),
    Scenario("create of a webset", create_webset, service=Exa, life=LONG_RUN),
    *(Scenario(f"create {where}", create, arrange, service=Exa, life=LONG_RUN) for where, arrange in _WIRE.items()),
    *(
        Scenario(
            f"create {where}, owned",
            create_owned,
            arrange,
            service=Exa,
            life=LONG_RUN,
            owns=True,
            lingers=_LINGER,
        )
        for where, arrange in _WIRE.items()
    ),
    *(
        Scenario(f"create {how}", create, arrange, service=Exa, life=LONG_RUN, natural=(CreateUncertain,))
        for how, arrange in _LOST.items()
    ),
    Scenario(
        "create with a lost reply, owned",
        create_owned,
        faulty(Fault(Lose(), verb="create")),
        life=RUNNING,
        owns=True,
        lingers=_LINGER,
        natural=(CreateUncertain,),
    ),
]

# -- (d) closing


async def aclose(world: World) -> None:
    await world.client.aclose()


async def client_block(world: World) -> None:
    async with world.client:
        await world.job.wait(timeout=600)


async def own_forever(world: World) -> None:
    async with world.create() as job:
        world.owned.add(job.ref)
        await asyncio.Event().wait()


async def owned_elsewhere(world: World) -> None:
    """Have another task own a job."""
    world.help(own_forever(world))
    await asyncio.sleep(0.1)
    assert world.owned


async def waited_for_elsewhere(world: World) -> None:
    """Have other tasks wait for the job, cancel another and create a third."""
    await world.take()
    world.help(swallow(world.job.wait()))
    world.help(swallow(world.handed[0].cancel()))
    world.help(swallow(world.take()))


async def creating_elsewhere(world: World) -> None:
    """Have a create on the wire and one that queues."""
    world.sandbox.fault(Fault(Stall(2.0, processed=True), verb="create"))
    world.help(swallow(world.take()))
    await asyncio.sleep(0.1)
    world.help(swallow(world.take()))


async def hanging_cleanup(world: World) -> None:
    """Have an owned job whose cancel is never answered."""
    await owned_elsewhere(world)
    world.sandbox.fault(Fault(Stall(600.0), verb="cancel", times=None))


CLOSES = [
    Scenario("aclose with an owned job", aclose, owned_elsewhere, life=RUNNING, closes=True, lingers=_LINGER),
    Scenario("aclose with waiters", aclose, waited_for_elsewhere, life=RUNNING, closes=True, lingers=_LINGER),
    Scenario(
        "aclose with creates",
        aclose,
        creating_elsewhere,
        life=RUNNING,
        settings=ONE_CONNECTION,
        closes=True,
        lingers=_LINGER,
    ),
    Scenario(
        "aclose with a cleanup that hangs",
        aclose,
        hanging_cleanup,
        service=Exa,
        life=LONG_RUN,
        closes=True,
        lingers=_LINGER,
        cleanup_fails=True,
    ),
    Scenario(
        "leaving a client's block", client_block, owned_elsewhere, life=SHORT, closes=True, blocks=2, lingers=_LINGER
    ),
]

# -- (e) owning


async def own(world: World) -> None:
    world.owned.add(world.job.ref)
    async with world.job:
        pass


async def own_and_wait(world: World) -> None:
    world.owned.add(world.job.ref)
    async with world.job as job:
        await job.wait()


async def own_and_fail(world: World) -> None:
    world.owned.add(world.job.ref)
    async with world.job:
        await asyncio.sleep(0.1)
        raise KeyError("the body failed")


async def own_in_own(world: World) -> None:
    world.owned.add(world.job.ref)
    async with world.job, world.client.job(world.job.ref) as same:
        await same.wait(timeout=600)


OWNS = [
    Scenario("leaving a job's block", own, life=RUNNING, owns=True, lingers=_LINGER),
    Scenario("leaving a job's block too early to cancel", own, life=NEW, owns=True, lingers=_LINGER),
    Scenario("the body of a job's block", own_and_wait, life=SHORT, owns=True, lingers=_LINGER),
    Scenario(
        "a job's block whose body fails",
        own_and_fail,
        service=Exa,
        life=LONG_RUN,
        owns=True,
        lingers=_LINGER,
        natural=(KeyError,),
    ),
    Scenario("two owners", own_in_own, life=SHORT, blocks=2, lingers=_LINGER),
    Scenario(
        "leaving a job's block, overloaded", own, busy("cancel"), service=Exa, life=LONG_RUN, owns=True, lingers=_LINGER
    ),
    Scenario(
        "leaving a job's block whose cancel hangs",
        own,
        faulty(Fault(Stall(600.0), verb="cancel", times=None)),
        service=Exa,
        life=LONG_RUN,
        owns=True,
        lingers=_LINGER,
        cleanup_fails=True,
        natural=(CancelUnconfirmed,),
    ),
]

# -- (f) single requests


async def refresh(world: World) -> None:
    await world.job.refresh()


async def stop(world: World) -> None:
    await world.job.stop()


async def listing(world: World) -> None:
    async for _ in world.client.agent.runs.list():
        pass


REQUESTS = [
    Scenario("refresh", refresh, life=RUNNING),
    Scenario("refresh while the service is overloaded", refresh, busy("look"), service=Exa, life=LONG_RUN),
    Scenario("refresh behind a slow request", refresh, hog, life=RUNNING, settings=ONE_CONNECTION),
    Scenario("stop", stop, service=Exa, life=LONG_RUN),
    Scenario("stop while the service is overloaded", stop, busy("stop"), service=Exa, life=LONG_RUN),
    Scenario("list", listing, service=Exa, life=LONG_RUN),
]

# -- many at once


async def wait_for_all(world: World) -> None:
    await wait_all([world.job, *world.handed])


async def wait_as_completed(world: World) -> None:
    async for _ in as_completed([world.job, *world.handed]):
        pass


async def cancel_many(world: World) -> None:
    report = await cancel_all([world.job, *world.handed], concurrency=2)
    assert report.ok


async def group(world: World) -> None:
    async with JobGroup() as jobs:
        for job in [world.job, *world.handed]:
            world.owned.add(jobs.add(job).ref)


async def group_that_fails(world: World) -> None:
    async with JobGroup() as jobs:
        for job in [world.job, *world.handed]:
            world.owned.add(jobs.add(job).ref)
        await asyncio.sleep(0.1)
        raise KeyError("the body failed")


MANY = [
    Scenario("wait_all", wait_for_all, two_more, life=SHORT),
    Scenario("as_completed", wait_as_completed, two_more, life=SHORT),
    Scenario("cancel_all", cancel_many, two_more, life=RUNNING, settings=ONE_CONNECTION),
    Scenario("a group", group, two_more, life=SHORT, lingers=_LINGER),
    Scenario(
        "a group whose body fails",
        group_that_fails,
        two_more,
        life=RUNNING,
        settings=ONE_CONNECTION,
        lingers=_LINGER,
        natural=(KeyError,),
    ),
]

ALL = [*WAITS, *CANCELS, *CREATES, *CLOSES, *OWNS, *REQUESTS, *MANY]
