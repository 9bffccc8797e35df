"""The README's tables for those who come from the services' own SDKs: complete, and true."""

from __future__ import annotations

import ast
import inspect
import pathlib
import re

import pytest
import test_sdk_table
from sdk_table import EXA, WATERCRAWL

from asyncjobs import Exa, WaterCrawl
from asyncjobs.sandbox import Sandbox

README = pathlib.Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
#: What a user of asyncjobs has no use for, because it is done by itself, or is what requests are made of.
INNER = {"request", "build_pagination_params", "init_session", "process_response", "process_eventstream"}


def table(heading):
    """Return the rows of the table below *heading*: the names on the left, and the code on the right."""
    section = README.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`([^`]+)`", left), re.findall(r"`([^`]+)`", right)) for left, right in rows]


@pytest.mark.parametrize(("heading", "known"), [("From exa-py", EXA), ("From watercrawl-py", WATERCRAWL)])
def test_the_tables_name_every_method(heading, known):
    """A method that an SDK has, and that a user may call, stands on the left; nothing else does."""
    assert test_sdk_table.WORKING  # It has filled the tables that this one is held against.
    named = [name for left, _ in table(heading) for name in left]
    methods = {name.removeprefix("beta.") for name in known if name.rpartition(".")[2] not in INNER}

    assert len(named) == len(set(named))
    assert methods == set(named)


@pytest.mark.parametrize("heading", ["From exa-py", "From watercrawl-py"])
async def test_the_right_sides_run(heading, tmp_path, monkeypatch):
    """One after the other, each with what those above have made."""
    monkeypatch.chdir(tmp_path)
    async with (
        Sandbox(sockets=False) as sandbox,
        sandbox.session() as session,
        Exa("key", base_url=sandbox.url, session=session) as exa,
        WaterCrawl("key", base_url=sandbox.url, session=session) as watercrawl,
    ):
        names = {"exa": exa, "watercrawl": watercrawl}
        for left, (code,) in table(heading):
            if left == ["websets.monitors.runs.list"]:
                sandbox.run_monitor(names["monitor"].id)  # Its time has come.
            work = eval(compile(code, code, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
            if inspect.isawaitable(work):
                await work
