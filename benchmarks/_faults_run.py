"""One run of a campaign: a sandbox in bad weather, clients, and the programs that use them."""

from __future__ import annotations

import asyncio
import random
import zlib
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from asyncjobs import _core, cancel_all
from asyncjobs.errors import AsyncJobsError, CreateUncertain
from asyncjobs.sandbox import Sandbox
from asyncjobs.testing import VirtualLoop
from benchmarks import _faults_weather as weather
from benchmarks._faults_audit import Result, audit
from benchmarks._faults_book import Book, Intent
from benchmarks._faults_clients import WEBHOOKS, Clients, Fleet, Setup
from benchmarks._faults_hooks import HOOK, Hooks
from benchmarks._faults_listening import Listener
from benchmarks._faults_meddling import meddle
from benchmarks._faults_plans import plans
from benchmarks._faults_without import without

if TYPE_CHECKING:
    from asyncjobs import Job
    from benchmarks._faults_uses import Plan

#: How many creates there are for each second, so that the lanes are busy and not blocked.
_DENSITY: Final = 7.0
#: Seconds after which an operation counts as hung: waits in a queue, stalls and guards take some hundred.
BOUND: Final = 2000.0
#: Seconds in which what is under way at the service comes to its end, and what was asked long ago takes effect.
_QUIET: Final = 120.0
_SETTLED: Final = 10.0


def run(setup: Setup) -> Result:
    """Run it, in virtual time unless over sockets, and return what was found."""
    factory = asyncio.SelectorEventLoop if setup.sockets else VirtualLoop
    before = random.getstate()
    # The library's jitter comes from here.
    random.seed(setup.seed)
    try:
        # Sets of jobs are in the order of their addresses, which would make another run of each.
        in_order = mock.patch.object(_core.Core, "__hash__", _hash)
        with in_order, without(setup.without), asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(_run(setup))
    finally:
        random.setstate(before)


def _hash(core: _core.Core[Any]) -> int:
    return zlib.crc32(str(core.record.ref).encode())


async def _run(setup: Setup) -> Result:
    loop = asyncio.get_running_loop()
    rng = random.Random(f"{setup.seed} plans")
    options: dict[str, Any] = {
        "cancel_ended": rng.choice((200, 400, 409)),
        "skew": rng.choice((0.0, 0.0, 3600.0, -600.0)),
    }
    async with Sandbox(seed=setup.seed, sockets=setup.sockets, latency=0.02 / setup.speed, **options) as sandbox:
        book = Book(sandbox, patience=setup.settings().retry_budget / 2, sees_all=not setup.sockets)
        loop.set_exception_handler(lambda _, context: book.blame("untyped", f"loop: {context}"))
        with Listener(book):
            fleet, dice = Fleet(sandbox, setup), random.Random(f"{setup.seed} others")
            others = Clients(sandbox, setup)
            hooks = Hooks(sandbox, book, random.Random(f"{setup.seed} hooks"), setup, options["skew"])
            todo = [plan async for plan in plans(setup, sandbox, book, fleet, others.exa, rng)]
            # By then all servers know of the containers, also those that are behind.
            await asyncio.sleep(_SETTLED / setup.speed)
            sandbox.ledger.clear()
            sandbox.fault(*weather.rules(rng, setup.rate))
            spells = [
                loop.create_task(weather.spells(sandbox, rng, setup.rate)),
                loop.create_task(meddle(sandbox, book, others.exa, dice, setup)),
            ]
            if WEBHOOKS in setup.sources:
                await hooks.open(others.exa, fleet.steady[WEBHOOKS].exa, fleet.hasty[WEBHOOKS].exa)
            span = setup.jobs / _DENSITY / setup.speed
            programs = [loop.create_task(_use(plan, rng.uniform(0.0, span), setup)) for plan in todo]
            await asyncio.sleep(rng.uniform(0.3, 1.0) * span)
            await asyncio.gather(*(clients.close(book, BOUND) for clients in fleet.hasty.values()))
            await asyncio.gather(*programs)
            for clients in fleet.steady.values():
                await _tidy(clients, book)
            await asyncio.gather(*(clients.close(book, BOUND) for clients in fleet.steady.values()))
            hooks.close()
            for spell in spells:
                spell.cancel()
            await others.close(book, BOUND)
            sandbox.clear_faults()
            for task in asyncio.all_tasks():
                if task.get_name().startswith("asyncjobs"):
                    book.blame("tasks", f"{task.get_name()} runs after aclose")
            at_close = {row.ref for row in sandbox.ledger.active()}
            await asyncio.sleep(_QUIET / setup.speed)
            found = await _reconcile(setup, sandbox, book, hooks)
            return audit(book, sandbox, at_close, found)


async def _use(plan: Plan, start: float, setup: Setup) -> None:
    """Let a program run from its start on, cancelled at a random point or not at all, and see to it that it ends."""
    await asyncio.sleep(start)
    task = asyncio.get_running_loop().create_task(_program(plan), name=f"{plan.use} {plan.one.text}")

    def cancel() -> None:
        plan.cancels += 1
        task.cancel()

    timers = []
    if plan.rng.random() < 0.3:
        # Often within the create, whose request takes 0.02 s, or some seconds when it is struck.
        at = plan.rng.uniform(0.0, plan.rng.choice((0.03, 1.0, 10.0))) / setup.speed
        timers.append(asyncio.get_running_loop().call_later(at, cancel))
        if plan.rng.random() < 0.3:
            timers.append(asyncio.get_running_loop().call_later(at + plan.rng.uniform(0.0, 2.0) / setup.speed, cancel))
    done, _ = await asyncio.wait((task,), timeout=BOUND / setup.speed)
    if not done:
        plan.book.blame("hung", f"{task.get_name()}: {task.get_stack(limit=1)}")
        task.cancel()
        task.cancel()
        await asyncio.wait((task,), timeout=BOUND / setup.speed)
    for timer in timers:
        timer.cancel()


async def _program(plan: Plan) -> None:
    try:
        await plan.program(plan)
    except asyncio.CancelledError as error:
        plan.book.notes(error)
        if not plan.cancels:
            plan.book.blame("untyped", f"{plan.use} of {plan.one.text} was cancelled by nobody")
    except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
        plan.book.failed(plan.intents, plan.use, error, 0.0)


async def _tidy(clients: Clients, book: Book) -> None:
    """Cancel what was adopted, as users would."""
    jobs: list[Job[Any]] = [*clients.exa.adopted, *clients.watercrawl.adopted]
    intent = Intent("adopted", "any", "adopted")
    report = await cancel_all(jobs, timeout=None)
    for job, (_, entry) in zip(dict.fromkeys(jobs), report.entries, strict=True):
        if not isinstance(entry, AsyncJobsError):
            book.cancelled(intent, job, entry)


async def _reconcile(setup: Setup, sandbox: Sandbox, book: Book, hooks: Hooks) -> int:
    """Look again for what was uncertain, in good weather; return how many were found."""
    found = 0
    clients = Clients(sandbox, setup)
    await hooks.count(clients.exa)
    for error in book.uncertain:
        client = clients.exa if error.kind.startswith("exa") else clients.watercrawl
        try:
            made = await client.reconcile(error)
            jobs = clients.exa.jobs(made) if error.kind == "exa.webset" else [] if error.kind == HOOK else [made]
        except CreateUncertain as again:
            book.named.update(map(str, again.candidates))
        else:
            found += 1
            book.named.update(str(job.ref) for job in jobs)
    await clients.close(book, BOUND)
    return found
