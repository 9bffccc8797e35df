"""
How many cases were tried, and in how much time: counted, and told at the end.

``HYPOTHESIS_PROFILE=long python -m pytest tests/fuzz -n 2`` tries more than 100,000.
"""

from __future__ import annotations

import functools
import os
import time

import pytest
from fuzz_corpus import corpus

_TOLD = "fuzz_cases"
_cases = 0
_began = time.monotonic()


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Count the cases of a test; the conftest above has made a plain function of a coroutine by now."""
    handle = getattr(pyfuncitem.obj, "hypothesis", None)
    if handle is None or hasattr(handle.inner_test, _TOLD):
        return
    inner = handle.inner_test

    @functools.wraps(inner)
    def counted(*args, **kwargs):
        global _cases  # noqa: PLW0603 - one number for the process
        _cases += 1
        return inner(*args, **kwargs)

    setattr(counted, _TOLD, True)
    handle.inner_test = counted


@pytest.fixture(scope="session", autouse=True)
def collected() -> None:
    """Ask the sandbox for the genuine payloads while no event loop runs."""
    corpus()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a long profile more than the usual seconds."""
    if os.environ.get("HYPOTHESIS_PROFILE") == "long":
        for item in items:
            if "fuzz" in item.path.parts:
                item.add_marker(pytest.mark.timeout(600))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the number of cases to the process that prints it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_TOLD] = _cases


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Add what another process has counted."""
    global _cases  # noqa: PLW0603 - one number for the process
    _cases += getattr(node, "workeroutput", {}).get(_TOLD, 0)


def pytest_terminal_summary(terminalreporter) -> None:
    """Say how much was tried."""
    terminalreporter.write_line(f"fuzzing: {_cases:,} cases in {time.monotonic() - _began:.0f} s")
