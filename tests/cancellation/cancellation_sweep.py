"""
Run a scenario over and over in virtual time, and strike its task one turn of the loop later each time.

Every suspension lasts at least one turn, so that a strike before each turn meets every point at which
the task can wait, and every state in which what it waits for can be. All runs are alike until they are struck.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import anyio
import attrs

from asyncjobs import CreateUncertain, Exa, Job, JobRef, Settings, WaterCrawl
from asyncjobs.sandbox import Sandbox
from asyncjobs.testing import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping

    import aiohttp

    from asyncjobs.kinds import Client
    from asyncjobs.sandbox import Life

Body: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"

# Turns of the loop for what is already on its way.
_TURNS = 6
CLEANUP_TIMEOUT = 10.0


class StrikingLoop(VirtualLoop):
    """A virtual loop that counts its turns and calls a function before the chosen one."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = 0
        self._strikes: dict[int, Callable[[], object]] = {}

    def arm(self, strikes: Mapping[int, Callable[[], object]]) -> None:
        """Count from zero, and strike before these turns."""
        self.turn, self._strikes = 0, dict(strikes)

    def _run_once(self) -> None:
        strike = self._strikes.pop(self.turn, None)
        if strike is not None:
            strike()
        self.turn += 1
        super()._run_once()  # type: ignore[misc]


class World:
    """A fresh client, a job that existed before, and what the scenario was handed."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, client: Client) -> None:
        self.sandbox = sandbox
        self.session = session
        self.client: Any = client
        self.job: Job[Any]
        self.handed: list[Job[Any]] = []
        self.owned: set[JobRef] = set()
        self.helpers: list[asyncio.Task[Any]] = []
        self.uncertain = 0

    def help(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run *work* beside the task under test; it is cancelled in the end."""
        task = asyncio.get_running_loop().create_task(work, name="helper")
        self.helpers.append(task)
        return task

    def create(self) -> Any:
        """Return a creation of the client's kind."""
        if isinstance(self.client, Exa):
            return self.client.agent.runs.create(query="q", effort="ultra")
        return self.client.searches.create("q")

    async def take(self) -> None:
        """Create a job and note that it arrived."""
        self.handed.append(await self.create())


async def nothing(_: World) -> None:
    """Arrange nothing."""


_SETTINGS = Settings(cleanup_timeout=CLEANUP_TIMEOUT)


@attrs.frozen
class Scenario:
    """
    What the task under test does, and what may come of it.

    *owns*: it owns every job that it creates. *closes*: it closes the client. *lingers*: for how many
    seconds it may go on to wait, and *blocks*: how many blocks may each wait out one native strike. *natural*
    are the exceptions in which it may end by itself.
    """

    name: str
    act: Callable[[World], Coroutine[Any, Any, object]]
    arrange: Callable[[World], Awaitable[object]] = nothing
    service: type[Client] = WaterCrawl
    life: Life | None = None
    settings: Settings = _SETTINGS
    owns: bool = False
    closes: bool = False
    lingers: float = 0.0
    blocks: int = 1
    cleanup_fails: bool = False
    natural: tuple[type[BaseException], ...] = ()


class Mode:
    """A way of cancelling: native, once."""

    name: ClassVar[str] = "native"
    #: In which turns it strikes, counted from the first.
    strikes: ClassVar[tuple[int, ...]] = (0,)
    #: Whether every strike reaches the task as a native cancellation of its own.
    native: ClassVar[bool] = False
    #: The first turn in which there is something to strike: a scope exists when the task has begun.
    first: ClassVar[int] = 0

    def __init__(self) -> None:
        self.task: asyncio.Task[Any]
        self.finished = False
        self.struck = 0
        self.struck_at = 0.0
        self.left_at = 0.0

    async def run(self, body: Body, probe: Callable[[], Awaitable[None]]) -> None:
        """Run *body* so that a strike cancels it, and *probe* where a caller would go on."""
        await body()

    def hit(self, number: int) -> None:
        """Strike for the time *number*."""
        self.task.cancel()

    def strike(self, number: int) -> None:
        if self.task.done():
            return
        self.struck += 1
        self.struck_at = self._now()
        self.hit(number)

    def _now(self) -> float:
        return self.task.get_loop().time()

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        """Check how the task ended."""
        if self.struck:
            assert self.task.cancelled(), f"the cancellation was lost: {self.task!r}"
        else:
            self.check_natural(natural)

    def check_natural(self, natural: tuple[type[BaseException], ...]) -> None:
        assert not self.task.cancelled()
        error = self.task.exception()
        if error is not None and not isinstance(error, natural):
            raise error


class Twice(Mode):
    name = "twice"
    native = True
    strikes = (0, 1)


class TwiceLater(Mode):
    name = "twice, later"
    native = True
    strikes = (0, 7)


class Thrice(Mode):
    name = "thrice"
    native = True
    strikes = (0, 3, 5)


class Scope(Mode):
    name = "scope"
    first = 1

    def __init__(self) -> None:
        super().__init__()
        self.scope: anyio.CancelScope | None = None
        self.passed = False

    async def run(self, body: Body, probe: Callable[[], Awaitable[None]]) -> None:
        with anyio.CancelScope() as self.scope:
            await body()
            self.passed = True
        if self.struck:
            await probe()

    def hit(self, number: int) -> None:
        assert self.scope is not None
        self.scope.cancel()

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        if self.struck and not self.finished and self.task.exception() is None:
            assert self.scope is not None
            assert self.scope.cancelled_caught
        else:
            self.check_natural(natural)


class Both(Scope):
    name = "scope and native"
    strikes = (0, 0)

    def hit(self, number: int) -> None:
        super().hit(number)
        self.task.cancel()

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        Mode.check(self, natural)


class ScopeThenNative(Both):
    name = "scope, then native"
    strikes = (0, 2)

    def hit(self, number: int) -> None:
        if number == 0:
            Scope.hit(self, 0)
        else:
            self.task.cancel()

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        if self.struck == 1:
            Scope.check(self, natural)
        elif self.struck == 2:
            assert self.task.cancelled(), f"the cancellation was lost: {self.task!r}"
        else:
            self.check_natural(natural)


class NativeThenScope(Both):
    name = "native, then scope"
    strikes = (0, 2)

    def hit(self, number: int) -> None:
        if number == 0:
            self.task.cancel()
        else:
            Scope.hit(self, 0)


class Timeout(Mode):
    name = "timeout"
    first = 1

    def __init__(self) -> None:
        super().__init__()
        self.timeout: asyncio.Timeout | None = None

    async def run(self, body: Body, probe: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(None) as self.timeout:
                await body()
        except TimeoutError as error:
            # Some of our own are of this class too.
            if type(error) is TimeoutError:
                await probe()
            raise

    def hit(self, number: int) -> None:
        assert self.timeout is not None
        if not self.finished:
            self.timeout.reschedule(self._now())

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        if self.struck and not self.finished and not isinstance(self.task.exception(), natural):
            error = self.task.exception()
            assert type(error) is TimeoutError, f"expected TimeoutError, got {error!r}"
        else:
            self.check_natural(natural)


class Boom(Exception):
    """What a sibling fails with."""


class Sibling(Mode):
    name = "sibling of asyncio.TaskGroup"

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    async def fail(self) -> None:
        await self.event.wait()
        if not self.finished:
            raise Boom

    async def run(self, body: Body, probe: Callable[[], Awaitable[None]]) -> None:
        async def member() -> None:
            try:
                await body()
            finally:
                self.event.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(self.fail())
            group.create_task(member())

    def hit(self, number: int) -> None:
        self.event.set()

    def check(self, natural: tuple[type[BaseException], ...]) -> None:
        error = self.task.exception()
        if isinstance(error, BaseExceptionGroup):
            assert self.struck or natural
            for each in error.exceptions:
                assert isinstance(each, (Boom, *natural)), f"{each!r} instead of a cancellation"
        else:
            self.check_natural(natural)


class AnyioSibling(Sibling):
    name = "sibling of an anyio task group"

    async def run(self, body: Body, probe: Callable[[], Awaitable[None]]) -> None:
        async def member() -> None:
            try:
                await body()
            finally:
                self.event.set()

        async with anyio.create_task_group() as group:
            group.start_soon(self.fail)
            group.start_soon(member)


MODES: tuple[type[Mode], ...] = (
    Mode,
    Twice,
    TwiceLater,
    Thrice,
    Scope,
    Both,
    ScopeThenNative,
    NativeThenScope,
    Timeout,
    Sibling,
    AnyioSibling,
)


class _Reports(logging.Handler):
    """Gathers what the library logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def uncertain(self) -> int:
        """Return how many creates of unknown outcome were reported."""
        return sum(bool(each.exc_info and isinstance(each.exc_info[1], CreateUncertain)) for each in self.records)

    def text(self) -> str:
        return "\n".join(record.getMessage() for record in self.records)


@contextlib.contextmanager
def reports() -> Iterator[_Reports]:
    """Gather what the library logs meanwhile."""
    logger, handler = logging.getLogger("asyncjobs"), _Reports()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def ours() -> list[asyncio.Task[Any]]:
    """Return the tasks that the library started and that have not ended."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("asyncjobs")]


async def turns(number: int = _TURNS) -> None:
    """Let what is under way get on."""
    for _ in range(number):
        await asyncio.sleep(0)


def check_empty(client: Any) -> None:
    """Check that a closed client holds nothing any more."""
    engine = client._engine
    lanes = engine._lanes
    assert not ours(), f"leaked {ours()}"
    assert not len(engine.tasks)
    assert not engine._creates
    assert not engine._owners
    assert engine._watcher._task is None or engine._watcher._task.done()
    assert not len(engine._watcher)
    assert lanes._admission.in_flight == 0
    assert lanes._admission.waiting == 0
    assert lanes._timer is None
    assert engine._transport._session is None
    for core in engine._cores.values():
        assert not core._waiters, f"a waiter is left in {core!r}"
        assert core.canceling is None or not core.canceling._joiners


class Run:
    """One run of a scenario, struck *at* a turn."""

    def __init__(self, scenario: Scenario, mode: Mode, at: int) -> None:
        self.scenario = scenario
        self.mode = mode
        self.at = at

    async def __call__(self) -> bool:
        """Run it and check everything; return whether the strike came before the end."""
        random.seed(1)
        async with Sandbox(sockets=False) as sandbox:
            scenario = self.scenario
            session = sandbox.session()
            client = scenario.service("key", base_url=sandbox.url, session=session, settings=scenario.settings)  # type: ignore[call-arg]
            world = World(sandbox, session, client)
            if scenario.life is not None:
                kind = "exa.agent_run" if scenario.service is Exa else "watercrawl.search"
                sandbox.script(kind, scenario.life, times=None)
            world.job = await world.create()
            await scenario.arrange(world)
            with reports() as logged:
                await self._strike(world)
                await self._close(world)
            self._check_ledger(world, logged)
            await session.close()
            await turns()
            if sandbox.ledger.in_flight:
                # The server keeps a connection until its handler is through, and this one stalls.
                await asyncio.sleep(1000)
            assert sandbox.connections == 0
        return bool(self.mode.struck)

    async def _strike(self, world: World) -> None:
        mode, scenario = self.mode, self.scenario
        loop = asyncio.get_running_loop()

        async def body() -> None:
            task = asyncio.current_task()
            assert task is not None
            try:
                await scenario.act(world)
            except CreateUncertain:
                world.uncertain += 1
                raise
            finally:
                mode.left_at = loop.time()
            # A cancellation that had reached the task and did not come out of it was swallowed.
            assert not task.cancelling(), "the cancellation was swallowed"
            mode.finished = True

        probed = False

        async def probe() -> None:
            nonlocal probed
            if not scenario.closes and not probed:
                probed = True
                await self._probe(world)

        mode.task = loop.create_task(mode.run(body, probe), name="under test")
        strikes: dict[int, list[int]] = {}
        for number, turn in enumerate(mode.strikes):
            strikes.setdefault(self.at + turn, []).append(number)
        loop.arm(  # type: ignore[attr-defined]
            {
                turn: (lambda numbers=numbers: [mode.strike(each) for each in numbers])
                for turn, numbers in strikes.items()
            }
        )
        await asyncio.wait((mode.task,))
        loop.arm({})  # type: ignore[attr-defined]
        mode.check(scenario.natural)
        if mode.struck:
            late = mode.left_at - mode.struck_at
            enough = mode.native and mode.struck > scenario.blocks
            bound = 0.0 if enough else scenario.lingers
            assert late <= bound, f"it left {late} s after it was cancelled"
        await probe()

    async def _probe(self, world: World) -> None:
        """Use the client and the core of the job again at once."""
        world.sandbox.clear_faults()
        async with asyncio.timeout(300):
            await world.job.refresh()
            if not self.scenario.cleanup_fails:
                await world.job.cancel()
                assert world.job.done

    async def _close(self, world: World) -> None:
        loop = asyncio.get_running_loop()
        for helper in world.helpers:
            helper.cancel()
        start = loop.time()
        await world.client.aclose()
        assert loop.time() - start <= 2 * CLEANUP_TIMEOUT + 1
        if world.helpers:
            await asyncio.wait(world.helpers)
        check_empty(world.client)

    def _check_ledger(self, world: World, logged: _Reports) -> None:
        known = {str(job.ref) for job in [world.job, *world.handed, *world.client.adopted]}
        lost = 0
        for row in world.sandbox.ledger.created():
            if row.ended:
                continue
            ref = JobRef.parse(row.ref)
            owned = ref in world.owned or (self.scenario.owns and ref != world.job.ref)
            if owned and self.scenario.cleanup_fails:
                assert row.ref in logged.text(), f"nobody was told that {row.ref} still runs"
            elif owned or row.ref not in known:
                lost += 1
        assert lost <= world.uncertain + logged.uncertain(), f"{lost} jobs were lost; logged: {logged.text()}"


def sweep(scenario: Scenario, mode: type[Mode], *, step: int = 1, offset: int = 0) -> int:
    """Strike at every *step*-th turn from *offset* until the scenario ends before; return how many strikes met it."""
    points = 0
    complaints: list[str] = []
    with asyncio.Runner(loop_factory=StrikingLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(repr(context)))
        at = mode.first + offset
        while True:
            try:
                struck = runner.run(Run(scenario, mode(), at)())
            except BaseException as error:
                error.add_note(f"{scenario.name}, {mode.name}, struck before turn {at}")
                raise
            if at % 64 == 0:
                gc.collect(1)
            assert not complaints, f"{scenario.name}, {mode.name}, struck before turn {at}: {complaints}"
            if not struck:
                break
            points += 1
            at += step
    gc.collect(1)
    assert not complaints, f"{scenario.name}, {mode.name}: {complaints}"
    return points
