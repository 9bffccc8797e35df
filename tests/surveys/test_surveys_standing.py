"""Rows that stand in a list as they stood there before: they are not decoded again, and say the same."""

from __future__ import annotations

import asyncio
import json

import attrs
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from services import URL, serving
from strategies import THING, json_values, reply

from asyncjobs import JobRef, JobState, Settings, Snapshot, UnknownStatus, wait_all
from asyncjobs._bodies import read_json, scan_json
from asyncjobs._models import seen_again
from asyncjobs._record import Record
from asyncjobs._rows import Odd, Walk, places_of
from asyncjobs._standing import Standing, repeatable
from asyncjobs._wire import read_row
from asyncjobs.exa import EXA
from asyncjobs.kinds import Call, Client, Pace

ids = st.sampled_from(["a", "b", "c", "é", '"', ""])
words = st.sampled_from(["running", "queued", "completed", "sleepy"])
rows = st.lists(
    st.fixed_dictionaries({"id": ids, "status": words}, optional={"progress": json_values, "x": json_values}),
    max_size=5,
    unique_by=lambda row: row["id"],
)
styles = st.sampled_from([{"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}])


def read(body, path, known=None):
    """Return a page and its rows, ``None`` if it is odd."""
    walk = Walk(body, places_of([path]), known)
    try:
        found = list(walk)
    except Odd:
        return None
    return repr(walk.page), found


def held(body, path, history=()):
    """Return by id the records of those whom a page shows, as a client has them after it, and after more was heard."""
    records = {}
    _, found = read(body, path) or ("", [])
    for row in found:
        if row.data["id"]:
            ref = JobRef("tests.thing", (row.data["id"],))
            record = records.setdefault(ref.id, Record(THING, ref, Settings()))
            record.see(read_row(THING, ref, row.data, reply(), "survey", row.encode()), began=0.0, now=0.0)
            for source, status in history:
                told = read_row(THING, ref, row.data | {"status": status}, reply(), source)
                record.see(told, began=0.0, now=0.0)
    return records


histories = st.just([]) | st.lists(st.tuples(st.sampled_from(["survey", "poll", "event"]), words), max_size=2)


@given(rows, rows, styles, styles, st.sampled_from(["data", "data.searches"]), st.data())
def test_whoever_stands_there_says_what_decoding_would_show(before, after, style, other, path, data):
    """Whatever changed in the list, wherever the row is now, and however the page is broken."""

    def page(rows, style):
        return json.dumps({"data": rows if path == "data" else [{"id": "w", "searches": rows}]}, **style)

    changed = [row | {"status": data.draw(words)} for row in before if data.draw(st.booleans())]
    text = page(data.draw(st.permutations([*before, *changed, *after])), other)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(text) - 1))
        change = data.draw(st.sampled_from(["", ",", "]", "}", "{", '"', "\\", "x"]))
        text = text[:at] + change + text[at + data.draw(st.integers(0, 1)) :]
    records = held(page(before, style).encode(errors="surrogatepass"), path, data.draw(histories))
    body = text.encode(errors="surrogatepass")
    plain, quick = read(body, path), read(body, path, Standing(records.items(), {path: [THING]}))
    if plain is None or quick is None:
        assert plain is quick is None
        return
    assert plain[0] == quick[0]
    decoded = [(row.path, repr(row.data), row.encode()) for row in plain[1]]
    stood = [
        (row.path, repr(row.data if row.known is None else read_json(row.encode())), row.encode()) for row in quick[1]
    ]
    assert stood == decoded
    for row in quick[1]:
        if row.known is not None:
            name, snapshot = row.known
            decoded = read_json(row.encode())
            assert name == decoded["id"]
            later = reply(x_request_id="r2")
            again = seen_again(snapshot, observed_at=later.received_at, request_id="r2")
            fresh = read_row(THING, snapshot.ref, decoded, later, "survey", row.encode())
            for field in attrs.fields(Snapshot):
                assert getattr(again, field.name) == getattr(fresh, field.name)


def test_in_a_list_without_changes_nothing_is_decoded():
    """However it is written."""
    for style in ({"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}):
        body = json.dumps({"data": [{"id": name, "status": "running", "x": "é"} for name in "abc"]}, **style).encode()
        records = held(body, "data")
        found = read(body, "data", Standing(records.items(), {"data": [THING]}))[1]
        assert [row.known[0] for row in found] == ["a", "b", "c"]


def test_a_row_that_is_part_of_a_row_is_decoded():
    """The webset that holds it is wanted as a whole."""
    body = json.dumps({"data": [{"id": "w", "searches": [{"id": "s", "status": "running"}]}]}).encode()
    known = Standing(held(body, "data.searches").items(), {"data": [THING], "data.searches": [THING]})
    walk = Walk(body, places_of(["data", "data.searches"]), known)
    assert [(row.path, row.data["id"]) for row in walk] == [("data.searches", "s"), ("data", "w")]


ODD_KIND = attrs.evolve(THING, judge=lambda state, payload, canceled: (state, None))


@pytest.mark.parametrize(
    ("what", "expected"),
    [("running", True), ("sleepy", False), ("completed", False), ("canceling by us", False), ("looked at", False)],
)
def test_what_was_made_of_a_row_must_not_have_depended_on_more(what, expected):
    """On a cancel of ours, on what was known before, or on another kind of reply; who has ended is not looked at."""
    record = Record(THING, JobRef("tests.thing", ("a",)), Settings())
    row = {"id": "a", "status": what if what in {"sleepy", "completed"} else "running"}
    source = "poll" if what == "looked at" else "survey"
    record.see(read_row(THING, record.ref, row, reply(), source), began=0.0, now=0.0)
    if what == "canceling by us":
        record.cancel_sent()
    assert (repeatable(record) is not None) is expected


def test_what_a_kind_judges_by_the_whole_is_judged_again():
    """A word alone does not say it."""
    record = Record(ODD_KIND, JobRef("tests.thing", ("a",)), Settings())
    record.see(read_row(ODD_KIND, record.ref, {"id": "a", "status": "running"}, reply(), "survey"), began=0.0, now=0.0)
    assert repeatable(record) is None


def test_what_is_held_is_not_always_what_the_row_said():
    """A state stays although an older word is shown again: that word does not mean it."""
    record = Record(THING, JobRef("tests.thing", ("a",)), Settings())
    for moment, status in enumerate(["canceling", "running"]):
        seen = read_row(THING, record.ref, {"id": "a", "status": status}, reply(), "survey")
        record.see(seen, began=float(moment), now=float(moment))
    assert record.state is JobState.CANCELING
    assert repeatable(record) is None


OTHER = attrs.evolve(THING, name="tests.other")


@pytest.mark.parametrize("kinds", [[OTHER], [THING, OTHER], [OTHER, THING]])
def test_a_row_that_may_be_another_kinds_is_decoded(kinds):
    """Its words may mean something else there."""
    body = b'{"data":[{"id":"a","status":"running"}]}'
    (row,) = read(body, "data", Standing(held(body, "data").items(), {"data": kinds}))[1]
    assert row.known is None


# -- with a client ---------------------------------------------------------------

PACE = {"exa.agent_run": Pace(first=1.0, factor=1.0, ceiling=1.0)}


def watching(rows, **settings):
    """Return a service that answers each list with the same *rows*, what it was asked, and how to make a client."""
    asked = []

    async def answer(request):
        asked.append((asyncio.get_running_loop().time(), request.path))
        body = {"data": rows, "hasMore": False}
        if not request.path.endswith("/runs"):
            body = next(row for row in rows if row["id"] == request.path.rsplit("/", 1)[-1])
        return web.json_response(body, headers={"x-request-id": f"r{len(asked)}"})

    def client(session):
        return Client(EXA, "key", base_url=URL, session=session, settings=Settings(paces=PACE, **settings))

    return answer, asked, client


RUNS = [{"id": f"r{number}", "object": "agent_run", "status": "running"} for number in range(5)]


async def test_the_time_of_a_look_is_its_own_though_the_row_is_not(monkeypatch):
    """So is the request id; and the row is decoded once."""
    decoded = []

    def scan(text, at):
        value, end = scan_json(text, at)
        decoded.append(value)
        return value, end

    monkeypatch.setattr("asyncjobs._rows.scan_json", scan)
    answer, asked, client = watching(RUNS)
    async with serving(answer) as session, client(session) as made:
        jobs = [made.job(f"exa.agent_run:{row['id']}") for row in RUNS]
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(1.5)
        first = jobs[0].snapshot
        await asyncio.sleep(5)
        last = jobs[0].snapshot
        waiting.cancel()
        await asyncio.wait((waiting,))
    assert last.request_id == f"r{len(asked)}" != first.request_id
    assert last.observed_at > first.observed_at
    assert (last.source, last.state, last.raw) == ("survey", JobState.RUNNING, RUNS[0])
    assert decoded.count(RUNS[0]) == 1


async def test_a_word_that_stays_unknown_ends_the_wait_though_nothing_changes():
    """The clock of an unknown word is not set back by looks at a list in which all stands as before."""
    rows = [*RUNS[:4], RUNS[4] | {"status": "sleepy"}]
    answer, _, client = watching(rows, unknown_after=20.0)
    async with serving(answer) as session, client(session) as made:
        jobs = [made.job(f"exa.agent_run:{row['id']}") for row in rows]
        waits = [asyncio.ensure_future(job.wait()) for job in jobs]
        done, _ = await asyncio.wait(waits, timeout=30)
        assert [type(wait.exception()) for wait in done] == [UnknownStatus]
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


async def test_lists_that_were_asked_for_together_drift_apart():
    """Pages that come together hold each other up: they must not do so look after look."""
    asked = []

    async def answer(request):
        name = request.path.split("/")[-1]
        asked.append((asyncio.get_running_loop().time(), name))
        searches = [
            {"id": f"{name}s{number}", "object": "webset_search", "status": "running", "websetId": name}
            for number in range(3)
        ]
        return web.json_response({"id": name, "object": "webset", "status": "running", "searches": searches})

    pace = {"exa.search": Pace(first=1.0, factor=1.0, ceiling=1.0)}
    lists = 30
    async with (
        serving(answer) as session,
        Client(EXA, "key", base_url=URL, session=session, settings=Settings(paces=pace)) as made,
    ):
        jobs = [made.job(f"exa.search:w{webset}/w{webset}s{number}") for webset in range(lists) for number in range(3)]
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(60)
        waiting.cancel()
        await asyncio.wait((waiting,))

    # The wide list, which is asked for as well, shows nobody here.
    times = [[at for at, name in asked if name == f"w{webset}"] for webset in range(lists)]
    first, last = (sorted(each[index] for each in times) for index in (0, 50))
    assert first[-1] - first[0] < 0.001
    assert last[-1] - last[0] > 0.1


BOXED = attrs.evolve(
    THING,
    name="tests.boxed",
    identity={"box": "box", "id": "id"},
    create=None,
    look=Call("GET", "/boxes/{box}/things/{id}", repeatable=True),
    cancel=None,
)


@pytest.mark.parametrize(
    ("row", "ids", "expected"),
    [
        ({"id": "1", "status": "running"}, ("b1",), "b1"),
        ({"id": "1", "status": "running"}, (), None),
        ({"id": "1", "status": "running"}, ("b2",), None),
        ({"id": "1", "status": "running", "box": "b1"}, (), "b1"),
        ({"id": "1", "status": "running", "box": "b2"}, (), None),
    ],
)
@pytest.mark.parametrize("style", [{"separators": (",", ":")}, {}])
def test_the_same_text_in_another_box_is_another_job(row, ids, expected, style):
    """Ids may be a box's own: what the list does not say of the box, the row must."""
    text = json.dumps(row, **style)
    record = Record(BOXED, JobRef("tests.boxed", ("b1", "1")), Settings())
    record.see(read_row(BOXED, record.ref, row, reply(), "survey", text.encode()), began=0.0, now=0.0)
    found = Standing([("b1", record)], {"data": [BOXED]}, ids).find("data", f"  {text},", 2)
    assert (found and found[0][0]) == expected
    assert found is None or found[1] == 2 + len(text)
