"""The shape of the library: who may import whom, and what a module may know."""

from __future__ import annotations

import ast
import itertools
import pathlib
import subprocess
import sys

import pytest

import asyncjobs

ROOT = pathlib.Path(asyncjobs.__file__).parent

#: The rows of the building, lowest first. A module may import from rows below its own, and within its row without a
#: circle.
TIERS = [
    ["errors", "_states", "_texts"],
    ["_scalars", "_convert", "_refs", "_unpacking"],
    ["_bodies", "_calls", "_feeds"],
    ["_models", "_settings", "_kinds"],
    [
        "_figures",
        "_wire",
        "_sse",
        "_state_streams",
        "_lists",
        "_rows",
        "_service_clock",
        "_tracing",
        "_refusals",
        "_pace",
        "_retry",
        "_weather",
        "_guards",
        "_settling",
        "_vanished",
        "_words",
        "_news",
        "_trust",
        "_tails",
        "_record",
        "_standing",
        "_cancel",
        "_following",
        "_rounds",
        "_routes",
        "_turns",
        "_crowding",
        "_agenda",
        "_admission",
    ],
    [
        "_buffers",
        "_deadlines",
        "_lanes",
        "_addresses",
        "_concealing",
        "_middlewares",
        "_heads",
        "_seam",
        "_transport",
        "_outage",
    ],
    [
        "_caller",
        "_streaming",
        "_streams",
        "_uploads",
        "_downloads",
        "_shared",
        "_tasks",
        "_runners",
        "_waiters",
        "_ownership",
        "_finding",
        "_plans",
        "_creating",
    ],
    ["_services", "_core", "_canceling", "_surveying", "_watcher", "_pushes", "_feeding"],
    ["_creates", "_owners", "_engine"],
    ["_updates", "_verbs", "_job", "_iterating", "_events", "_creation", "_pages"],
    ["_ends", "_state_events", "_state_block"],
    ["_gathering", "_mass_cancel", "_group"],
    ["_saving", "_asking", "_making", "_telling", "_client"],
    ["kinds"],
    ["exa", "watercrawl"],
    ["__init__"],
    ["sandbox"],
    ["testing"],
    ["_board", "_demo", "_commands", "_cli", "__main__"],
]
ROW = {name: number for number, tier in enumerate(TIERS) for name in tier}
#: Everything that decides: no event loop, no network, no clock.
PURE = {name for tier in TIERS[:5] for name in tier} | {"_pages"}
PROVIDERS = {"exa", "watercrawl"}
#: What drives an engine is no business of a provider, not even in annotations.
MACHINERY = {name for tier in TIERS[5:9] for name in tier}
MACHINERY |= {"_verbs", "_updates", "_saving", "_asking", "_making", "_telling", "_record"}
ENGINE = {name for tier in TIERS[:14] for name in tier}
WAITING = {"asyncio", "anyio", "aiohttp", "selectors", "socket", "threading", "concurrent", "yarl"}
CLOCKS = {"monotonic", "perf_counter", "now", "utcnow", "today", "sleep"}
#: Modules of more lines than a calm reader wants, and why each may be.
LONG: dict[str, str] = {
    "errors.py": "one tree, drawn and documented in one place",
    "_canceling.py": "one cancel from the first request to the last of those who wait for it",
    "_job.py": "a facade: more documentation than code",
}
MOST_LINES = 250

FILES = sorted(ROOT.rglob("*.py"))
NAMES = set()
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def dotted(path):
    """Return the module's name below the package: ``_wire``, ``exa._agent``, ``exa`` or ``__init__``."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


NAMES.update(map(dotted, FILES))


def top(name):
    """Return what stands for a module in the table of rows."""
    first = name.partition(".")[0]
    return "_cli" if first.startswith("_cli_") else first


def guarded(tree):
    """Return the nodes that only a type checker reads."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    return {inner for block in blocks for statement in block.body for inner in ast.walk(statement)}


def absolute(node, path):
    """Return the names of the modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    package = ["asyncjobs", *path.relative_to(ROOT).parts[:-1]]
    base = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    return [
        f"{module}.{alias.name}" if f"{module}.{alias.name}".removeprefix("asyncjobs.") in NAMES else module
        for alias in node.names
    ]


def imports(path, *, typing=False):
    """Return what a module imports when it is read (or, with *typing*, what only a type checker imports)."""
    tree = TREES[path]
    hidden = guarded(tree)
    return [
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and (node in hidden) == typing
        for name in absolute(node, path)
    ]


def ours(path, **options):
    """Return the modules of this package that a module imports."""
    names = [name for name in imports(path, **options) if name == "asyncjobs" or name.startswith("asyncjobs.")]
    return [name.removeprefix("asyncjobs").removeprefix(".") or "__init__" for name in names]


every_module = pytest.mark.parametrize("path", FILES, ids=dotted)


@every_module
def test_every_module_has_its_row(path):
    """Whoever adds a module decides where it belongs."""
    assert top(dotted(path)) in ROW


@every_module
def test_imports_point_down(path):
    """A module imports from rows below its own, or from its own."""
    name = dotted(path)
    row = ROW[top(name)]
    for imported in ours(path):
        if top(imported) == top(name) or name in {"testing", "sandbox"}:
            continue
        assert ROW[top(imported)] <= row, f"{name} imports {imported}"


def test_there_is_no_circle():
    """Within a row, too, somebody is first."""
    graph = {dotted(path): set(ours(path)) - {dotted(path)} for path in FILES}
    graph["__init__"].discard("__init__")
    order, left = [], dict(graph)
    while left:
        free = [name for name, needs in left.items() if not needs & left.keys()]
        assert free, f"these import each other: {sorted(left)}"
        order += free
        for name in free:
            del left[name]
    assert len(order) == len(graph)


@every_module
def test_annotations_of_a_provider_know_no_machinery(path):
    """For the type checker one may import anything, but a provider may not look into the engine."""
    if top(dotted(path)) in PROVIDERS:
        assert not {top(name) for name in ours(path, typing=True)} & MACHINERY
        # What a service sends by itself carries the tokens of our creates, like every reply; and what users give is
        # checked in the same words everywhere.
        allowed = {"errors", "kinds", "_convert", "_bodies", "_settings", *PROVIDERS}
        assert {top(name) for name in ours(path)} <= allowed
        others = PROVIDERS - {top(dotted(path))}
        assert not {top(name) for name in [*ours(path), *ours(path, typing=True)]} & others


@pytest.mark.parametrize("path", [path for path in FILES if dotted(path) in PURE], ids=dotted)
def test_what_decides_does_not_wait(path):
    """Pure modules import nothing that waits, and whatever they import is as pure."""
    assert not {top(name) for name in imports(path)} & WAITING
    for imported in ours(path):
        assert imported in PURE, f"{dotted(path)} imports {imported}"


@pytest.mark.parametrize("path", [path for path in FILES if dotted(path) in PURE], ids=dotted)
def test_what_decides_reads_no_clock_and_rolls_no_dice(path):
    """Time and chance are arguments."""
    assert not {top(name) for name in imports(path)} & {"time", "random", "secrets", "os"}
    calls = (node.func for node in ast.walk(TREES[path]) if isinstance(node, ast.Call))
    assert not {call.attr for call in calls if isinstance(call, ast.Attribute)} & CLOCKS


def test_pure_modules_load_without_an_event_loop():
    """Reading them pulls in neither asyncio nor aiohttp nor anyio, not even from elsewhere."""
    pure = sorted(f"asyncjobs.{name}" for name in PURE)
    # The package itself imports everything, so an empty one stands in for it.
    code = f"""
import importlib, sys, types
package = types.ModuleType("asyncjobs")
package.__path__ = [{str(ROOT)!r}]
sys.modules["asyncjobs"] = package
for name in {pure!r}:
    importlib.import_module(name)
print(sorted(set(sys.modules) & {{"asyncio", "anyio", "aiohttp", "yarl"}}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("path", [path for path in FILES if top(dotted(path)) == "sandbox"], ids=dotted)
def test_the_sandbox_knows_nothing_of_the_engine(path):
    """An emulator that shared code with what it tests would share its mistakes."""
    for name in [*ours(path), *ours(path, typing=True)]:
        assert top(name) == "sandbox"


@pytest.mark.parametrize("path", [path for path in FILES if dotted(path) in ENGINE], ids=dotted)
def test_the_engine_names_no_provider(path):
    """What the engine needs to know of a service stands in the kind; only docstrings may give examples."""
    tree = TREES[path]
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    words = [
        *(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)),
        *(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)),
        *(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
        ),
        *imports(path),
        *imports(path, typing=True),
    ]
    # Messages show what a ref looks like.
    words = [word.lower().replace("exa.search:ws_1/s_1", "").replace("'exa.search'", "") for word in words]
    assert not [word for word in words if "exa" in word.split(".") or "exa." in word or "watercrawl" in word]


@pytest.mark.parametrize("path", [path for path in FILES if dotted(path) in ENGINE], ids=dotted)
def test_the_engine_compares_no_status_word(path):
    """No ``if status == "…"``: words become states in one table per kind."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = any("status" in ast.dump(side).lower() for side in sides)
            assert not (named and any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides))


@every_module
def test_a_module_is_one_idea(path):
    """A longer file is two."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    name = path.relative_to(ROOT).as_posix()
    assert lines <= MOST_LINES or name in LONG, f"{name} has {lines} lines"
    assert lines <= 1.5 * MOST_LINES or name == "errors.py"


@every_module
def test_a_module_says_what_it_is_for(path):
    """In its docstring."""
    assert ast.get_docstring(TREES[path])


def test_the_rows_name_no_module_that_is_not_there():
    """A table that lies is worse than none."""
    command_line = set(TIERS[-1])
    assert set(ROW) - command_line == {top(dotted(path)) for path in FILES} - command_line
    assert len(list(itertools.chain(*TIERS))) == len(ROW)
    assert all((ROOT / name).exists() for name in LONG)
