"""Coroutine tests run in virtual time, and may leave nothing behind."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import os
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from asyncjobs.testing import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

hypothesis.settings.register_profile(
    "fast", max_examples=40, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("long", parent=hypothesis.settings.get_profile("fast"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

# Turns of the loop that a finished test grants to callbacks that are already on their way.
_TURNS = 5


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run ``async def`` tests, also those that Hypothesis wraps."""
    test = pyfuncitem.obj
    run = functools.partial(_run, real_time=pyfuncitem.get_closest_marker("real_time") is not None)
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", None)
    if inner is not None:
        if inspect.iscoroutinefunction(inner):
            test.hypothesis.inner_test = _synchronous(inner, run)
        return None
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    run(test(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def _synchronous(test: Callable[..., Any], run: Callable[[Any], None]) -> Callable[..., None]:
    @functools.wraps(test)
    def synchronous(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return synchronous


def _run(test: Coroutine[Any, Any, None], *, real_time: bool) -> None:
    complaints: list[str] = []
    factory = asyncio.SelectorEventLoop if real_time else VirtualLoop

    async def supervised() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(repr(context)))
        await test
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        leaked = asyncio.all_tasks() - {asyncio.current_task()}
        complaints.extend(f"leaked {task!r}" for task in leaked)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(supervised())
    # A task whose exception nobody took complains when it is collected; the young generations suffice for that.
    gc.collect(1)
    if complaints:
        pytest.fail("the test left something behind:\n" + "\n".join(complaints), pytrace=False)
