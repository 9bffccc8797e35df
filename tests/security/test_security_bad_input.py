"""Hints and lists that make no sense: no endless sleep, no endless list, and no row is lost."""

from __future__ import annotations

import asyncio
import itertools
import tracemalloc

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from security_world import HOME, KEY, RUN
from services import answer, scripted, serving

from asyncjobs import APIError, Exa, ProtocolError, RateLimited, Settings, WaterCrawl
from asyncjobs.kinds import Pages

HINTS = [
    "-1",
    "0",
    "0.0001",
    "1e9",
    "1e-300",
    "soon",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 01 Jan 2100 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 99 Jan 2026 00:00:00 GMT",
    "1 Jan 99999999999999999999 00:00:00 GMT",
    "",
    "5, 10",
    "9" * 400,
    "9" * 5_000,
    "nan",
    "inf",
    "-inf",
    "1_0",
    "0x10",
    "+5",
    "\u0665",
    "5;q=1",
    "(" * 4_000,
]


def refusing(status, *hints):
    async def handler(request):
        response = web.Response(status=status, body=b'{"error":"slow down"}')
        for hint in hints:
            response.headers.add("Retry-After", hint)
        return response

    return handler


# -- hints -------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: repr(hint)[:30])
async def test_any_hint_keeps_to_the_budget(hint, status):
    """Nobody sleeps for longer than the budget of retries, and nobody asks more than four times a second."""
    handler, seen = scripted(refusing(status, hint))
    settings = Settings(retry_budget=100.0, rates={})
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session, settings=settings) as exa:
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(1_000):
            with pytest.raises(APIError) as caught:
                await exa.websets.get("w")
        took = asyncio.get_running_loop().time() - begun
    assert caught.value.status == status
    assert caught.value.retry_after is None or 0 < caught.value.retry_after < float("inf")
    # A pause after the last refusal is for those who come next.
    assert took <= 161
    assert 1 <= len(seen) <= 401


@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: repr(hint)[:30])
async def test_any_hint_delays_a_wait_by_a_minute_at_most(hint):
    """Whatever is asked for, the end of a job is seen soon."""
    handler, _ = scripted(refusing(429, hint), answer(RUN))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        begun = asyncio.get_running_loop().time()
        await exa.job("exa.agent_run:r1").wait()
        assert asyncio.get_running_loop().time() - begun <= 65


@pytest.mark.parametrize("hints", [("1", "2"), ("soon", "-1"), ("1e9", "1e9"), ("2", "soon")])
async def test_several_hints_are_typed(hints):
    """One of them counts, or none."""
    handler, _ = scripted(refusing(429, *hints))
    settings = Settings(retry_budget=0)
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session, settings=settings) as exa:
        with pytest.raises(RateLimited) as caught:
            await exa.websets.get("w")
    assert caught.value.retry_after in {None, 1.0, 2.0, 1e9}


# -- lists -------------------------------------------------------------------


async def gather(pages):
    """Return the rows that came, and the error in which the list ended."""
    rows = []
    try:
        async for row in pages:
            rows.append(row)
            assert len(rows) < 100_000
    except ProtocolError as error:
        return rows, error
    return rows, None


def runs(*ids):
    return [{"id": each, "object": "agent_run", "status": "running"} for each in ids]


def events(*ids):
    return [{"id": each, "event": "agent_run.step"} for each in ids]


LISTS = {
    "runs": (lambda exa: exa.agent.runs.list(), runs),
    "events": (lambda exa: exa.agent.runs.events("r1"), events),
}


def paged(page_of):
    """Return a handler which gives the page that *page_of* makes of the number of the request, from 0."""
    count = itertools.count()

    async def handler(request):
        rows, cursor = page_of(next(count))
        return answer({"data": rows, "hasMore": cursor is not None, "nextCursor": cursor})

    return handler


async def listing(name, page_of):
    """Return the ids of the rows that came, the error, and how many requests there were."""
    handler, seen = scripted(paged(page_of))
    async with (
        serving(handler) as session,
        Exa(KEY, base_url=HOME, session=session, settings=Settings(rates={})) as exa,
    ):
        rows, error = await gather(LISTS[name][0](exa))
    return [row.id for row in rows], error, len(seen)


async def test_a_job_that_is_listed_twice_on_a_page_is_given_once():
    """The same id again is the same job."""
    ids, error, _ = await listing("runs", lambda _: (runs("r1", "r2", "r1"), None))
    assert (ids, error) == (["r1", "r2"], None)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
async def test_a_cursor_that_comes_back_ends_the_list_after_its_last_rows(name, cursors):
    """All rows that came are given, those of the last page too; then there is an error rather than an end."""
    make = LISTS[name][1]
    ids, error, asked = await listing(name, lambda page: (make(f"r{page}"), cursors[page]))
    assert ids == [f"r{page}" for page in range(len(cursors))]
    assert "cursor" in str(error)
    assert asked == len(cursors)


@pytest.mark.parametrize("name", LISTS)
async def test_empty_pages_for_ever_end_the_list(name):
    """Each with a cursor of its own; the rows before are given."""
    make = LISTS[name][1]
    ids, error, asked = await listing(name, lambda page: ([] if page else make("r1"), f"c{page}"))
    assert ids == ["r1"]
    assert isinstance(error, ProtocolError)
    assert asked <= 110


@pytest.mark.parametrize("name", LISTS)
async def test_the_same_page_for_ever_ends_the_list(name):
    """Each with a cursor of its own: nothing new comes."""
    make = LISTS[name][1]
    ids, error, asked = await listing(name, lambda page: (make("r1", "r2"), f"c{page}"))
    assert set(ids) == {"r1", "r2"}
    assert isinstance(error, ProtocolError)
    assert asked <= 110


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("cursor", [None, "", 5, []])
async def test_a_page_whose_cursor_is_broken_loses_no_row(name, cursor):
    """It is read again as a whole: its rows count as given only when all of it made sense."""
    make = LISTS[name][1]
    pages = [{"data": make("r1"), "hasMore": True, "nextCursor": cursor}, {"data": make("r1"), "hasMore": False}]
    handler, seen = scripted(*map(answer, pages))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        rows, error = await gather(LISTS[name][0](exa))
    assert ([row.id for row in rows], error, len(seen)) == (["r1"], None, 2)


async def test_a_few_empty_pages_end_nothing():
    """A service that filters gives such pages in between."""
    ids, error, _ = await listing(
        "runs", lambda page: ([] if page % 50 else runs(f"r{page}"), None if page == 200 else f"c{page}")
    )
    assert (ids, error) == (["r0", "r50", "r100", "r150", "r200"], None)


@pytest.mark.parametrize("cursor", ["x" * 5_000, "\ud800", "x" * 1_000_000])
async def test_a_cursor_that_cannot_be_one_ends_the_list_after_its_rows(cursor):
    """Too long for an address, or no text."""
    ids, error, asked = await listing("runs", lambda page: (runs("r1"), cursor))
    assert ids == ["r1"]
    assert "cursor" in str(error)
    assert len(str(error)) < 1_000
    assert asked == 1


async def test_a_list_that_has_ended_in_an_error_stays_so():
    """Asking on asks the service nothing."""
    asked = []

    async def fetch(cursor):
        asked.append(cursor)
        return [len(asked)], "same"

    pages = Pages(fetch)
    assert (await gather(pages))[0] == [1, 2]
    assert (await gather(pages))[0] == []
    assert len(asked) == 2


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 3), max_size=2), st.sampled_from("abc") | st.none()), min_size=1, max_size=8
    )
)
async def test_whatever_the_cursors_a_list_ends_and_gives_every_row_that_came(pages):
    """Pages in any order and number, each with any cursor: no row that was fetched is kept back."""
    came = []
    turns = iter(pages)

    async def fetch(cursor):
        rows, following = next(turns, ([], None))
        came.extend(rows)
        return rows, following

    rows, _ = await gather(Pages(fetch))
    assert rows == came


@pytest.mark.parametrize(
    "following",
    [
        f"{HOME}/?page=" + "2" * 10_000,
        f"{HOME}/?" + "a=b&" * 2_000_000,
        f"{HOME}/?page=2&page=..%2f..",
        f"{HOME}/?page=%0d%0aX-Evil:%201",
        f"{HOME}/?page=1%26uuid=x%23",
    ],
    ids=["long", "huge", "steps", "header", "query"],
)
async def test_the_address_of_a_next_page_is_bounded_and_no_command(following):
    """It is a value of one parameter, or the end of the list; and it is not taken apart at any price."""
    body = {"results": [{"uuid": "u1", "status": "new"}], "next": following}
    handler, seen = scripted(answer(body), answer({"results": [], "next": None}))
    settings = Settings(retry_budget=0)
    async with (
        serving(handler) as session,
        WaterCrawl(KEY, base_url=HOME, session=session, settings=settings) as client,
    ):
        tracemalloc.start()
        try:
            _, error = await gather(client.searches.list())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert error is None or len(str(error)) < 1_000
    assert peak < 100_000_000
    for request in seen:
        assert request.path == "/api/v1/core/search/"
        assert set(request.query) <= {"page"}
        assert "X-Evil" not in request.headers


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "page",
    [
        {"data": [], "hasMore": True, "nextCursor": None},
        {"data": [], "hasMore": True, "nextCursor": 5},
        {"data": [], "hasMore": True, "nextCursor": ["a"]},
        {"data": [[]], "hasMore": False},
        {"data": {"a": 1}, "hasMore": False},
    ],
)
async def test_a_page_that_is_none_is_typed_and_ends(name, page):
    """And is asked for a few times at most."""
    handler, seen = scripted(answer(page))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        rows, error = await gather(LISTS[name][0](exa))
    assert not rows
    assert isinstance(error, ProtocolError)
    assert len(seen) <= 3
