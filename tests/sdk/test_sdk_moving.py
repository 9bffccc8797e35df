"""Whoever comes from exa-py finds each of its calls in a table, and what the table says works."""

from __future__ import annotations

import ast
import importlib
import inspect
import pathlib

import pytest
from sdk_moving import MOVES, table
from sdk_table import EXA

from asyncjobs import Exa
from asyncjobs.sandbox import Sandbox

for module in ("sdk_websets", "sdk_webset_sides", "sdk_agent"):
    importlib.import_module(module)

README = pathlib.Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
#: What is no call of the service: the plumbing under the others. `beta.agent` is another name of `agent`.
PLUMBING = ("request", "build_pagination_params")


async def test_sdk_moves_work_one_after_the_other():
    """The whole table is one program: each row is run with what those before it have made."""
    async with (
        Sandbox(sockets=False) as sandbox,
        Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa,
    ):
        names = {
            "exa": exa,
            "url": "https://hooks.example.com/x",
            "behavior": {"type": "search", "config": {"query": "new cats", "count": 2}},
        }
        last = []
        for each in MOVES:
            # Nothing can be asked of a webset that was deleted, or that has no items.
            if each.methods == ("websets.delete",):
                last.append(each)
                continue
            if each.methods == ("websets.monitors.runs.list",):
                sandbox.run_monitor(names["monitor"].id)
            compiled = compile(each.after, each.after, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            outcome = eval(compiled, names)  # noqa: S307 - our own table
            if inspect.isawaitable(outcome):
                await outcome
        for each in last:
            await eval(compile(each.after, each.after, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
        assert all(row.status is not None and row.status < 300 for row in sandbox.ledger.requests)


def test_sdk_moves_name_every_call_of_exa_py():
    """Once each: none is forgotten, and none is invented."""
    calls = [
        path for path in EXA if path.rpartition(".")[2] not in PLUMBING and path.startswith(("websets.", "agent."))
    ]
    named = [method for each in MOVES for method in each.methods]
    assert sorted(named) == sorted(calls)


def test_sdk_moves_are_the_table_of_the_readme():
    """Word for word, where the README has one."""
    if "| exa-py | asyncjobs |" not in README:
        pytest.skip("the README has no table of moves")
    assert table() in README
