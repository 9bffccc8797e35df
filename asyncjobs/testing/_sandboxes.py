"""The sandbox with clients of both of its services, and WaterCrawl's measured races to run code against."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs import Exa, WaterCrawl
from asyncjobs.errors import InvalidArgument
from asyncjobs.sandbox import Sandbox
from asyncjobs.sandbox.races import RACES

from ._virtual_loop import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from asyncjobs import Settings

T = TypeVar("T")


@contextlib.asynccontextmanager
async def open_sandbox(
    *, settings: Settings | None = None, **options: Any
) -> AsyncGenerator[tuple[Sandbox, Exa, WaterCrawl]]:
    """
    Give a sandbox in this process, without sockets, and a client of each of its services.

    *settings* are those of both clients, *options* those of :class:`~asyncjobs.sandbox.Sandbox`. The service's time is
    that of the running loop unless a *clock* is given. All is closed at the end::

        async def test() -> None:
            async with open_sandbox() as (sandbox, exa, watercrawl):
                ...

        run_virtual(test())
    """
    chosen: dict[str, Any] = {"sockets": False, **options}
    async with (
        Sandbox(**chosen) as sandbox,
        Exa("any key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as exa,
        WaterCrawl("any key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as watercrawl,
    ):
        yield sandbox, exa, watercrawl


def replay(
    race: str,
    use: Callable[[WaterCrawl, Sandbox], Awaitable[T]],
    *,
    seed: int = 0,
    latency: float = 0.03,
    within: float = 3600.0,
) -> T:
    """
    Run *use* in virtual time while every job of WaterCrawl goes through one of its measured races.

    *race* is a name in :data:`asyncjobs.sandbox.races.RACES`, *seed* chooses among the times at which it was measured,
    *latency* is that of a request, *within* the most seconds that *use* may take, all virtual: some races never end by
    themselves. Returns what *use* returns. Not to be called where an event loop runs. With pytest::

        @pytest.mark.parametrize("race", RACES)
        def test_my_cleanup(race):
            replay(race, my_cleanup)

    Raises:
        InvalidArgument: There is no such race.
        TimeoutError: *use* had not come to an end.
    """
    if race not in RACES:
        raise InvalidArgument("race", f"there is no {race!r}; there are {', '.join(RACES)}")

    async def replayed() -> T:
        rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        async with open_sandbox(seed=seed, latency=latency) as (sandbox, _, watercrawl):
            life = RACES[race].draw(rng)
            for kind in RACES[race].kinds:
                sandbox.script(kind, life, times=None)
            async with asyncio.timeout(within):
                return await use(watercrawl, sandbox)

    return run_virtual(replayed())
