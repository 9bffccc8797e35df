"""Ids, refs and pickles from elsewhere: they name a job, reach no other path and host, and run nothing."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import pickle
from datetime import UTC, datetime
from urllib.parse import unquote

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from security_world import HOME, KEY, net, saying
from strategies import refs

from asyncjobs import (
    AsyncJobsError,
    CreateUncertain,
    Exa,
    InvalidArgument,
    JobRef,
    JobState,
    Progress,
    Snapshot,
    WaterCrawl,
    errors,
)
from asyncjobs._wire import build
from asyncjobs.exa import EXA, AgentRun
from asyncjobs.kinds import Call, Client
from asyncjobs.watercrawl import WATERCRAWL

# -- ids ---------------------------------------------------------------------

#: Ids that some service could have, and that would be another path or request if they were put into one as they are.
ODD_IDS = [
    "a/b",
    "/",
    "//evil.test",
    "../runs",
    "..%2f..",
    "%2e%2e",
    "%2F",
    "%",
    "%25",
    "%zz",
    "a?b=c",
    "a#b",
    "a&b",
    "a;b",
    "a b",
    "a\\b",
    "@evil.test",
    "https://evil.test/x",
    "é",
    "\U0001f600",
    "\uff0f",
    "{id}",
    "{0}",
    "...",
    ".hidden",
    "a:b",
]
#: What cannot be an id at all.
NO_IDS = [".", "..", "", "a\r\nX-Evil: 1", "a\n", "\x00", "\x7f", "\ud800", "a\u2028b", "\u202e", "x" * 301]

#: The parameters of public methods that take an id, each with a harmless one.
ID_PARAMETERS = {
    *("webset", "search", "enrichment", "item", "import_id", "monitor", "webhook", "event"),
    *("run", "uuid", "result", "previous_run_id", "source_id", "external_id"),
}
#: These go into a body or a query, where every text may stand.
NOT_IN_A_PATH = {"previous_run_id", "source_id", "external_id"}
#: What else these methods demand.
OTHERS = {
    "query": "x",
    "count": 1,
    "description": "x",
    "metadata": {},
    "uncertain": None,
    "entity": {"type": "company"},
    "behavior": {"type": "search"},
    "cron": "0 6 * * 1",
    "size": 1,
    "rows": b"a,b",
    "to": "http://store.example/x",
    "url": "http://site.example",
    "urls": ["http://site.example"],
    "path": os.devnull,
    "events": ["webset.idle"],
}
#: In these what is called like an id is part of a body or of a query.
NO_PATHS = {
    ("websets", "create"),
    ("websets", "preview"),
    ("websets.monitors", "create"),
    ("websets.monitors", "list"),
    ("sitemaps", "create"),
}


def resources(client):
    """Return the public parts of a client, by their dotted names."""
    found, left = {}, [("", client)]
    while left:
        name, each = left.pop()
        found[name] = each
        for part in dir(type(each)) + list(vars(each)):
            if not part.startswith("_"):
                value = getattr(each, part)
                if type(value).__module__.startswith(("asyncjobs.exa", "asyncjobs.watercrawl")):
                    left.append((f"{name}.{part}".strip("."), value))
    return found


def methods(make):
    """Return the names of the public methods that take an id for a path, each with its parameters."""
    client = make(KEY)
    for name, part in resources(client).items():
        if part is client:
            continue
        for method in dir(type(part)):
            work = getattr(part, method)
            if method.startswith("_") or not callable(work) or (name, method) in NO_PATHS:
                continue
            parameters = inspect.signature(work).parameters
            ids = [each for each in parameters if each in ID_PARAMETERS - NOT_IN_A_PATH]
            demanded = [each for each, how in parameters.items() if how.default is how.empty and each not in ids]
            unknown = set(demanded) - set(OTHERS)
            assert not unknown, f"{name}.{method} has parameters that this test does not know: {unknown}"
            if ids:
                yield name, method, ids, demanded


METHODS = [(make, *each) for make in (Exa, WaterCrawl) for each in methods(make)]
every_method = pytest.mark.parametrize(
    ("make", "name", "method", "ids", "demanded"), METHODS, ids=[f"{name}.{method}" for _, name, method, *_ in METHODS]
)


async def call(client, name, method, arguments):
    part = client
    for step in name.split("."):
        part = getattr(part, step)
    work = getattr(part, method)(**arguments)
    await (anext(work) if hasattr(work, "__anext__") else work)


def test_the_methods_that_take_an_id_are_found():
    """The search above finds what there is: a table that is empty proves nothing."""
    names = {f"{name}.{method}" for _, name, method, *_ in METHODS}
    assert {"websets.get", "websets.items.list", "agent.runs.events", "searches.get", "websets.searches.get"} <= names
    assert len(names) >= 15


@every_method
@pytest.mark.parametrize("odd", ODD_IDS)
async def test_an_odd_id_is_one_segment(make, name, method, ids, demanded, odd):
    """The path is that of a harmless id, with the odd one encoded in its place; nothing is added anywhere else."""
    came = []
    for value in ("plain", odd):
        async with (
            net({HOME: saying({"error": "no"}, 404)}) as (wires, session),
            make(KEY, base_url=HOME, session=session) as client,
        ):
            arguments = {each: OTHERS[each] for each in demanded} | dict.fromkeys(ids, value)
            with contextlib.suppress(AsyncJobsError):
                await call(client, name, method, arguments)
        assert set(wires.tried) == {HOME}
        # Some are sent more than once, and how often is chance.
        came.append({(request.method, request.raw_path, request.query_string) for _, request in wires.seen})
    expected = {
        (verb, tuple(odd if each == "plain" else each for each in path.split("/")), query)
        for verb, path, query in came[0]
    }
    assert expected == {(verb, tuple(map(unquote, path.split("/"))), query) for verb, path, query in came[1]}


@every_method
@pytest.mark.parametrize("bad", NO_IDS, ids=lambda bad: repr(bad)[:12])
async def test_what_is_no_id_is_never_sent(make, name, method, ids, demanded, bad):
    """Steps of a path, line breaks and other control characters are refused by each parameter."""
    for each in ids:
        async with (
            net({HOME: saying({"error": "no"}, 404)}) as (wires, session),
            make(KEY, base_url=HOME, session=session) as client,
        ):
            arguments = {other: OTHERS[other] for other in demanded} | dict.fromkeys(ids, "plain") | {each: bad}
            with pytest.raises(InvalidArgument):
                await call(client, name, method, arguments)
        assert not wires.tried


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_an_odd_id_of_a_kind_of_ones_own_is_one_segment(odd):
    """The tools for further services are as careful: job, get, create, fetch, rows and the verbs of handles."""
    async with (
        net({HOME: saying({"error": "no"}, 404)}) as (wires, session),
        Client(EXA, KEY, base_url=HOME, session=session) as client,
    ):
        search, run = EXA.kind("exa.search"), EXA.kind("exa.agent_run")
        job = client.job_of(search, odd, odd)
        for work in (
            job.refresh(),
            job.cancel(),
            client.job_of(run, odd).stop(),
            client.get(search, odd, odd),
            client.fetch(Call("GET", "/a/{b}/{c}", repeatable=True), odd, odd, into=AgentRun),
            client.create(search, {}, odd),
            client.job(str(job.ref)).refresh(),
        ):
            with contextlib.suppress(AsyncJobsError):
                await work
    assert len(wires.seen) >= 7
    for _, request in wires.seen:
        assert odd in [unquote(each) for each in request.raw_path.split("/")]
        assert request.raw_path.count("/") <= 7
        assert not request.query_string
    assert set(wires.tried) == {HOME}


# -- refs --------------------------------------------------------------------

hostile = st.text(st.sampled_from("ab/.%2Ff?#@:\\ \r\n\x00é{}~"), max_size=30)


@given(st.sampled_from(["exa.search", "exa.agent_run", "watercrawl.search"]), hostile | st.text(max_size=60))
@example("exa.agent_run", "%2e%2e")
@example("exa.agent_run", "%2f%2fevil.test")
@example("exa.search", "..%2f/..%2f")
@example("exa.search", "a%0d%0ab/c")
def test_any_text_is_refused_or_leads_to_the_one_path_of_its_kind(name, path):
    """Whatever stands in a file or a URL: as many segments as the kind has, on no other host."""
    try:
        ref = JobRef.parse(f"{name}:{path}")
        kind = (WATERCRAWL if name.startswith("watercrawl") else EXA).kind(ref.kind)
        target = build(kind.look, ref.parts, verb="look").target
    except InvalidArgument:
        return
    template, segments = kind.look.path.split("/"), target.split("/")
    assert len(template) == len(segments)
    assert [unquote(got) for want, got in zip(template, segments, strict=True) if "{" in want] == list(ref.parts)
    assert [got for want, got in zip(template, segments, strict=True) if "{" not in want] == [
        want for want in template if "{" not in want
    ]
    assert not {"?", "#", "\r", "\n", " ", "@", "\\"} & set(target)
    assert not {".", ".."} & set(segments)


@pytest.mark.parametrize(
    "text",
    [
        "a." + "b" * 10_000_000 + ":x",
        "exa.search:" + "a/" * 5_000_000,
        "exa.search:" + "%41" * 3_000_000,
        "a." * 1_000_000 + "a:x",
        "exa.search:" + "%" * 1_000_000,
    ],
    ids=["kind", "parts", "escapes", "dots", "percents"],
)
def test_a_long_text_is_no_ref(text):
    """It is refused at once, and not repeated in the error."""
    with pytest.raises(InvalidArgument) as caught:
        JobRef.parse(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", ["a." + "b" * 101, "a." + "b" * 10_000_000])
def test_a_long_kind_is_none(kind):
    """Its name stands in errors and logs."""
    with pytest.raises(InvalidArgument):
        JobRef(kind, ("x",))


def test_the_longest_ref_of_all_is_still_one():
    """The bound on the text leaves room for whatever the constructor takes."""
    ref = JobRef("a." + "b" * 98, ("\U0001f600" * 300,) * 16)
    assert JobRef.parse(str(ref)) == ref
    with pytest.raises(InvalidArgument):
        JobRef("a.b", ("x",) * 17)


async def test_a_ref_of_another_service_is_refused():
    """Its kind says whose it is: a key is not tried at jobs of others."""
    async with net({HOME: saying({})}) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:
        for text in ("watercrawl.search:u1", "exa.unknown:x", "exa.search:only_one", "exa.agent_run:a/b"):
            with pytest.raises(InvalidArgument):
                exa.job(text)
        assert not wires.tried


# -- pickles -----------------------------------------------------------------


class Crafted:
    """Pickles as a call of *make* with *arguments*, and as *state* for what comes of it."""

    def __init__(self, make, *arguments, state=None):
        self.reduced = (make, arguments) if state is None else (make, arguments, state)

    def __reduce__(self):
        return self.reduced


def reborn(*arguments, **options):
    return pickle.loads(pickle.dumps(Crafted(*arguments, **options)))


def bare(cls):
    """Return what a pickle can make of a class without calling it."""
    return (Exception if issubclass(cls, Exception) else object).__new__, cls


@pytest.mark.parametrize("parts", [("..",), (), ("a", ""), ["a"], ("a\r\n",), (3,), "ab", None, ("x",) * 1_000])
def test_a_pickle_of_a_ref_is_checked(parts):
    """As if it were made anew."""
    with pytest.raises(InvalidArgument):
        reborn(JobRef, "exa.search", parts)
    make, cls = bare(JobRef)
    for state in ({"kind": "exa.search", "parts": parts}, (None, {"kind": "exa.search", "parts": parts}), ("x", parts)):
        with pytest.raises(InvalidArgument):
            reborn(make, cls, state=state)


@given(refs)
def test_a_pickle_of_a_ref_is_a_call_of_its_class(ref):
    """With its kind and parts, so that nothing can be restored without the checks."""
    assert ref.__reduce__() == (JobRef, (ref.kind, ref.parts))


@pytest.mark.parametrize("parts", [("a/../b",), ("..",), ("a?b", "c"), ("a", "b", "c"), ("a\r\nb",), (3,), (), "ab"])
async def test_a_ref_that_was_forged_in_memory_adds_no_segment(parts):
    """Where a path is filled, ids are checked and encoded once more."""
    ref = JobRef("exa.agent_run", ("r1",))
    object.__setattr__(ref, "parts", parts)
    async with (
        net({HOME: saying({"error": "no"}, 404)}) as (wires, session),
        Exa(KEY, base_url=HOME, session=session) as exa,
    ):
        with contextlib.suppress(AsyncJobsError):
            await exa.job(ref).refresh()
    for _, request in wires.seen:
        assert request.raw_path.count("/") == 3
        assert not request.query_string


SEEN = Snapshot(
    ref=JobRef("exa.agent_run", ("r1",)),
    state=JobState.FAILED,
    status="failed",
    progress=Progress(percent=50.0),
    reason="no luck",
    observed_at=datetime(2026, 1, 2, tzinfo=UTC),
    source="poll",
    request_id="q1",
    body=b'{"id": "r1", "object": "agent_run", "status": "failed"}',
    resource_type=AgentRun,
)


def test_a_pickle_of_a_snapshot_is_the_snapshot():
    """All of it, and its resource is made anew when it is asked for."""
    assert SEEN.resource.id == "r1"
    twin = pickle.loads(pickle.dumps(SEEN))
    assert twin == SEEN
    assert (twin.raw, twin.resource) == (SEEN.raw, SEEN.resource)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ref", "exa.agent_run:r1"),
        ("state", "failed"),
        ("status", 3),
        ("progress", {}),
        ("reason", 3),
        ("observed_at", "now"),
        ("source", None),
        ("request_id", 3),
        ("body", "{}"),
        ("resource_type", "AgentRun"),
        ("resource_type", type(None)),
        ("resource_type", io.FileIO),
        ("keys", "snake"),
        ("further", 1),
    ],
)
def test_a_pickle_of_a_snapshot_is_checked(field, value):
    """Each field is of its type, and the resource is a class for data: it will be made of what a service said."""
    make, (fields,) = SEEN.__reduce__()
    with pytest.raises(InvalidArgument):
        reborn(make, {**fields, field: value})


def test_a_snapshot_is_restored_in_no_other_way():
    """Neither from a part of it nor by setting its fields."""
    make, (fields,) = SEEN.__reduce__()
    for wrong in ({}, None, [], {name: fields[name] for name in ("ref", "state")}):
        with pytest.raises(InvalidArgument):
            reborn(make, wrong)
    blank, cls = bare(Snapshot)
    with pytest.raises(InvalidArgument):
        reborn(blank, cls, state=fields)


REBUILD = errors.AsyncJobsError("x").__reduce__()[0]


def boom(*_, **__):
    """What must not be called."""
    raise AssertionError("something was run")


class Impostor(Exception):
    """An error that is none of ours."""

    def __new__(cls, *_):
        return boom()


@pytest.mark.parametrize(
    "cls", [Impostor, OSError, dict, object, boom, "AsyncJobsError", None, BaseException, io.FileIO]
)
def test_nothing_but_an_error_of_ours_is_rebuilt(cls):
    """The function that pickles of errors call makes no other object."""
    with pytest.raises(InvalidArgument):
        reborn(REBUILD, cls, "x", {})


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (3, {}),
        (None, {}),
        ("x", None),
        ("x", []),
        ("x", {3: 4}),
        ("x", {"copy": boom}),
        ("x", {"about": boom}),
        ("x", {"__reduce__": boom}),
        ("x", {"__reduce_ex__": boom}),
        ("x", {"with_traceback": boom}),
        ("x", {"add_note": boom}),
        ("x", {"__class__": dict}),
        ("x", {"__dict__": {}}),
    ],
)
def test_the_fields_of_an_error_replace_nothing_of_it(message, state):
    """They are data beside its methods."""
    for cls in (errors.AsyncJobsError, errors.APIError, errors.CreateUncertain):
        with pytest.raises(InvalidArgument):
            reborn(REBUILD, cls, message, state)
        make, blank = bare(cls)
        if isinstance(state, dict):
            with pytest.raises((InvalidArgument, pickle.PicklingError)):
                reborn(make, blank, state=state or {"a": 1})


class Careful(pickle.Unpickler):
    """Reads what this library writes, and nothing else."""

    def find_class(self, module, name):
        if module.partition(".")[0] == "asyncjobs" or (module, name) in {
            ("datetime", "datetime"),
            ("datetime", "timezone"),
            ("datetime", "timedelta"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


@pytest.mark.parametrize(
    "value",
    [
        SEEN.ref,
        SEEN,
        errors.JobFailed(SEEN.ref, SEEN),
        errors.NotFound("no", status=404, method="GET", url=HOME, ref=SEEN.ref, snapshot=SEEN),
        errors.TransportError("reset", sent=False),
        CreateUncertain("exa.agent_run", {"query": "x"}, (SEEN.ref,), token="t", sent_at=SEEN.observed_at),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_careful_reader_needs_our_names_and_dates_only(value):
    """So that whoever must read pickles of others can allow these and nothing that runs."""
    data = pickle.dumps(value)
    twin = Careful(io.BytesIO(data)).load()
    assert type(twin) is type(value)
    if attrs.has(type(value)):
        assert twin == value
    else:
        assert vars(twin) == vars(value)
