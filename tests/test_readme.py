"""The README is true: its programs run, and its tables say what the code says."""

from __future__ import annotations

import ast
import asyncio
import inspect
import pathlib
import re
import signal
import textwrap
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from aiohttp import web
from trouble import TESTS

import asyncjobs
from asyncjobs import errors
from asyncjobs._states import TRANSITIONS, WORDS, JobState
from asyncjobs.exa import EXA, WebhookReceiver
from asyncjobs.sandbox import Sandbox
from asyncjobs.testing import run_virtual
from asyncjobs.watercrawl import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import Coroutine

README = pathlib.Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]


def block(language: str) -> str:
    """Return the only block in *language*."""
    (code,) = [code for found, code in BLOCKS if found == language]
    return code


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under *heading*, without its header."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def compiled(code: str) -> Any:
    """Return the code object of a block, which may await; its line numbers are those of the README."""
    above = README[: README.index(code)].count("\n")
    return compile("\n" * above + code, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.fixture
def keys(monkeypatch):
    """Set keys, and nothing that leads to a real service."""
    for name in ("EXA", "WATERCRAWL", "STUDIO"):
        monkeypatch.setenv(f"{name}_API_KEY", "any key")
        monkeypatch.setenv(f"{name}_BASE_URL", "http://127.0.0.1:9")
    return monkeypatch


def programs() -> list[str]:
    return [code for code in PYTHON if "def main" in code and "STUDIO" not in code]


def fragments() -> list[str]:
    return [code for code in PYTHON if "def main" not in code and "STUDIO" not in code]


@pytest.mark.parametrize("code", programs())
def test_a_program_runs(code, keys):
    """Every whole program runs to its end, against the sandbox and in virtual time."""

    def run(main: Coroutine[Any, Any, None]) -> None:
        async def beside_a_sandbox() -> None:
            async with Sandbox() as sandbox:
                keys.setenv("EXA_BASE_URL", sandbox.url)
                keys.setenv("WATERCRAWL_BASE_URL", sandbox.url)
                await main
                assert not sandbox.ledger.active()

        run_virtual(beside_a_sandbox())

    keys.setattr(asyncio, "run", run)
    exec(compiled(code), {"__name__": "__main__"})  # noqa: S102 - our own text


@pytest.mark.parametrize("code", fragments())
async def test_a_fragment_runs(code):
    """Every other block runs, given two clients, a job and some jobs of all four kinds."""
    async with (
        Sandbox(sockets=False) as sandbox,
        sandbox.session() as session,
        asyncjobs.Exa("any key", base_url=sandbox.url, session=session) as exa,
        asyncjobs.WaterCrawl("any key", base_url=sandbox.url, session=session) as watercrawl,
    ):
        webset = await exa.websets.create()
        jobs = [
            await exa.websets.searches.create(webset.id, query="heat pumps", count=5),
            await exa.websets.enrichments.create(webset.id, description="founded in which year?"),
            await exa.agent.runs.create(query="Who makes heat pumps?"),
            await watercrawl.searches.create("heat pumps"),
        ]
        names = {name: getattr(asyncjobs, name) for name in asyncjobs.__all__}
        names |= {
            "asyncio": asyncio,
            "signal": signal,
            "exa": exa,
            "watercrawl": watercrawl,
            "jobs": jobs,
            "job": jobs[0],
            "web": web,
            "WebhookReceiver": WebhookReceiver,
        }
        result = eval(compiled(code), names)  # noqa: S307 - our own text
        if inspect.iscoroutine(result):
            await result


async def test_the_provider_of_ones_own_works(keys):
    """The provider that the README defines keeps the promises, against a service that speaks as its data says."""
    code, _ = [code for code in PYTHON if "STUDIO" in code]
    renders: dict[str, dict[str, Any]] = {}

    async def create(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "any key"
        render = {"id": f"r{len(renders)}", "status": "waiting", "scene": (await request.json())["scene"]}
        renders[render["id"]] = render
        return web.json_response(render, status=201)

    async def look(request: web.Request) -> web.Response:
        render = renders[request.match_info["id"]]
        if render["status"] == "waiting":
            render |= {"status": "rendering", "frames_done": 12}
        elif render["status"] == "rendering":
            render |= {"status": "ready", "movie_url": "https://studio.example/forest.mp4"}
        return web.json_response(render)

    async def abort(request: web.Request) -> web.Response:
        render = renders[request.match_info["id"]]
        render["status"] = "aborted"
        return web.json_response(render)

    app = web.Application()
    app.router.add_post("/renders", create)
    app.router.add_get("/renders/{id}", look)
    app.router.add_post("/renders/{id}/abort", abort)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        keys.setenv("STUDIO_BASE_URL", f"http://{host}:{port}")
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compiled(code), names)  # noqa: S102 - our own text
        await names["main"]()
    finally:
        await runner.cleanup()
    assert [render["status"] for render in renders.values()] == ["ready", "aborted"]


def test_the_provider_of_ones_own_keeps_the_contract():
    """The truth that the README tells about its service holds for the kind that it defines, case by case."""
    provider, kit = [code for code in PYTHON if "STUDIO" in code]
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compiled(provider), names)  # noqa: S102 - our own text
    exec(compiled(kit), names)  # noqa: S102
    test = names["test_render_keeps_the_contract"]
    (mark,) = test.pytestmark
    assert (mark.name, mark.args[0], mark.kwargs) == ("parametrize", "case", {"ids": str})
    for case in mark.args[1]:
        test(case)


def test_the_first_program_is_short():
    """The README opens with a program of at most fifteen lines."""
    assert README.startswith("# asyncjobs\n\n```python\n")
    assert len(PYTHON[0].splitlines()) <= 15


def test_the_commands_are_the_agreed_ones():
    """The demo and the tests are one command each."""
    commands = [code.strip() for language, code in BLOCKS if language == "sh"]

    assert commands == [
        'python3 -m venv .venv && .venv/bin/pip install -q ".[cli]" && .venv/bin/asyncjobs demo',
        'python3 -m venv .venv && .venv/bin/pip install -q -e ".[cli,dev]" && .venv/bin/pytest',
    ]


def test_the_table_of_states_says_what_the_code_says():
    """Each state has a row with all of its words, and is final there if it is."""
    told = {row[0].strip("`"): (set(re.findall(r"`(\w+)`", row[2])), row[3] == "yes") for row in rows("States")}
    words = {state: {word for word, meant in WORDS.items() if meant is state} for state in JobState}

    assert told == {state.value: (words[state], state.final) for state in JobState}


def test_the_diagram_is_drawn_from_the_transitions():
    """The README's diagram is, letter by letter, the one that follows from the table."""
    assert block("mermaid").splitlines() == _diagram()


def _diagram() -> list[str]:
    """Return the diagram of the transitions: live states give way to anything, final ones to nothing."""
    final = [state for state, row in TRANSITIONS.items() if not row]
    live = [state for state, row in TRANSITIONS.items() if row and all(row[seen] is seen for seen in row)]
    others = [state for state in TRANSITIONS if state not in (*final, *live)]
    names = dict.fromkeys(final, "final") | dict.fromkeys(live, "live") | {s: s.value for s in others}
    arrows = {(names[held], names[follows]) for held, row in TRANSITIONS.items() for follows in row.values()}
    order = ["live", *(state.value for state in others), "final"]
    lines = [
        "stateDiagram-v2",
        f'    state "{", ".join(live)}" as live',
        f'    state "{", ".join(final)}" as final',
        "    [*] --> live",
    ]
    lines += [
        f"    {held} --> {follows}"
        for held in order
        for follows in order
        if (held, follows) in arrows and (held == "live" or held != follows)
    ]
    return [*lines, "    final --> [*]"]


def test_the_tree_of_errors_is_that_of_the_module():
    """The README shows the tree of the module's docstring, which names every class."""
    tree = textwrap.dedent((errors.__doc__ or "").split("::\n\n")[1].split("\n\n")[0]).strip()

    assert block("text").strip() == tree
    assert set(re.findall(r"\b[A-Z]\w+", re.sub(r"(?m)^(\W*\w+).*$", r"\1", tree))) == set(errors.__all__)


def test_the_table_of_settings_is_complete():
    """Every setting is there in order, with its default."""
    defaults = asyncjobs.Settings()
    told = [(row[0].strip("`"), row[1].strip("`")) for row in rows("Settings")]

    assert told == [(field.name, repr(getattr(defaults, field.name))) for field in attrs.fields(asyncjobs.Settings)]


def test_the_table_of_verbs_names_all_of_them():
    """Every method of a job that sends something has its row."""
    told = " ".join(row[0] for row in rows("The handle"))
    methods = [name for name, member in vars(asyncjobs.Job).items() if inspect.iscoroutinefunction(member)]

    assert all(f"job.{name}(" in told for name in methods if not name.startswith("_"))


def test_the_table_of_kinds_is_that_of_the_providers():
    """Every kind is there, with the class of what it makes, and whether it can be cancelled."""
    told = [(row[0].strip("`"), row[2].partition("`;")[0].strip("`"), row[3] != "no") for row in rows("Kinds of jobs")]
    kinds = {kind.name: kind for provider in (EXA, WATERCRAWL) for kind in provider.kinds}

    assert sorted(told) == sorted(
        (name, kind.resource.__name__, kind.cancel is not None) for name, kind in kinds.items()
    )


def test_what_can_go_wrong_is_shown_by_tests():
    """Each line of the table has tests by its name, and they are there."""
    here = pathlib.Path(__file__).parent
    assert [row[0] for row in rows("What can go wrong and what you get")] == list(TESTS)
    for case, tests in TESTS.items():
        assert tests, case
        for test in tests:
            module, name = test.split("::")
            # What the wheel is tested with has the directory beside it, too.
            defined = re.findall(r"(?m)^(?:async )?def (test_\w+)", (here / module).read_text(encoding="utf-8"))
            assert name in defined, test


def test_the_three_lines_for_sigterm_are_those_that_were_tried():
    """Word for word."""
    tried = (pathlib.Path(__file__).parent / "owning" / "test_owning_signals.py").read_text(encoding="utf-8")
    lines = next(code for code in PYTHON if "SIGTERM" in code)
    assert textwrap.indent(lines, "    ") in tried
