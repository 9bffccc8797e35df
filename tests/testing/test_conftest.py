"""The suite's own hook: what it runs and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncjobs.testing import VirtualLoop

pytest_plugins = ["pytester"]

_CONFTEST = Path(__file__).parent.parent / "conftest.py"


@pytest.fixture(name="suite")
def _suite(pytester):
    pytester.makeconftest(_CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = real_time: x\n")
    return pytester


def test_coroutine_tests_run_on_a_virtual_loop_with_their_fixtures(suite):
    """Fixtures and parameters arrive; a marked test gets an ordinary loop."""
    suite.makepyfile("""
        import asyncio, pytest
        from asyncjobs.testing import VirtualLoop

        @pytest.fixture
        def seven():
            return 7

        @pytest.mark.parametrize("more", [1, 2])
        async def test_virtual(seven, more):
            assert isinstance(asyncio.get_running_loop(), VirtualLoop)
            assert seven + more > 7

        @pytest.mark.real_time
        async def test_real():
            assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
    """)

    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)


def test_hypothesis_tests_may_be_coroutines(suite):
    """Each example gets a loop of its own."""
    suite.makepyfile("""
        import asyncio
        from hypothesis import given, strategies as st

        loops = set()

        @given(number=st.integers())
        async def test_each(number):
            loops.add(id(asyncio.get_running_loop()))
            await asyncio.sleep(1)
            assert number == number
    """)

    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "body",
    [
        "asyncio.create_task(asyncio.sleep(5), name='orphan')",
        "asyncio.get_running_loop().call_soon(lambda: 1 / 0)",
        "task = asyncio.create_task(boom()); await asyncio.sleep(1); del task",
        "raise AssertionError",
    ],
    ids=["leaked task", "callback error", "exception never retrieved", "assertion"],
)
def test_what_is_left_behind_fails_the_test(suite, body):
    """A leaked task, a failed callback and an unclaimed exception each fail the test that caused them."""
    suite.makepyfile(f"""
        import asyncio

        async def boom():
            raise ValueError

        async def test_bad():
            {body}
    """)

    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)


def test_this_suite_runs_virtually():
    """The loop under test is the one that the package exports."""
    assert VirtualLoop.__module__ == "asyncjobs.testing._virtual_loop"
