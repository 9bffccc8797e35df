"""Lists that come page by page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import URL, answer, scripted, serving

from asyncjobs import Exa, ProtocolError, WaterCrawl
from asyncjobs.kinds import Pages


def paged(*pages):
    """Return an iterator over these pages, and the cursors that it asked for."""
    asked = []

    async def fetch(cursor):
        asked.append(cursor)
        index = 0 if cursor is None else int(cursor)
        return pages[index], str(index + 1) if index + 1 < len(pages) else None

    return Pages(fetch), asked


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=6))
async def test_all_rows_come_once_and_in_order(pages):
    """Empty pages in the middle or at the end are passed over."""
    rows, asked = paged(*pages)
    assert [row async for row in rows] == [row for page in pages for row in page]
    assert asked == [None, *map(str, range(1, len(pages)))]


async def test_a_page_is_fetched_when_its_first_row_is_asked_for():
    """Whoever stops early pays for no further page."""
    rows, asked = paged([1, 2], [3])
    assert not asked
    assert [await anext(rows), await anext(rows)] == [1, 2]
    assert asked == [None]
    assert await anext(rows) == 3
    assert asked == [None, "1"]


async def test_the_end_stays_the_end():
    """Asking on asks the service nothing."""
    rows, asked = paged([1])
    assert [row async for row in rows] == [1]
    assert [row async for row in rows] == []
    assert asked == [None]


async def test_a_cursor_that_comes_back_is_an_error():
    """A service that repeats a page must not be listened to for ever."""

    async def fetch(cursor):
        return [1], "same"

    rows = Pages(fetch)
    with pytest.raises(ProtocolError, match="cursor"):
        async for _ in rows:
            pass


async def test_a_page_that_failed_can_be_asked_for_again():
    """Nothing is skipped because a request failed in between."""
    failures = [ConnectionError("x")]

    async def fetch(cursor):
        if cursor == "1" and failures:
            raise failures.pop()
        return ([1], "1") if cursor is None else ([2], None)

    rows = Pages(fetch)
    assert await anext(rows) == 1
    with pytest.raises(ConnectionError):
        await anext(rows)
    assert await anext(rows) == 2


async def test_a_cursor_that_cannot_be_sent_is_an_error():
    """It came from the service, so it is the service's mistake."""

    async def fetch(cursor):
        return [1], "\ud800"

    rows = Pages(fetch)
    assert await anext(rows) == 1
    with pytest.raises(ProtocolError, match="cursor"):
        await anext(rows)


# -- through a client --------------------------------------------------------

RUN = {"id": "r1", "object": "agent_run", "status": "running"}
SEARCH = {"uuid": "u1", "status": "running"}


async def test_a_page_that_arrives_broken_loses_no_job():
    """A page is read again as a whole: rows that were read before the broken one are given nevertheless."""
    broken = {"data": [RUN, {"id": "r2"}], "hasMore": False}
    whole = {"data": [RUN, {**RUN, "id": "r2"}], "hasMore": False}
    handler, seen = scripted(answer(broken), answer(whole))
    async with serving(handler) as session, Exa("key", base_url=URL, session=session) as exa:
        assert [job.id async for job in exa.agent.runs.list()] == ["r1", "r2"]
    assert len(seen) == 2


async def test_a_job_on_two_pages_is_given_once():
    """The list moved while it was read."""
    pages = [
        {"data": [{**RUN, "id": "r2"}, RUN], "hasMore": True, "nextCursor": "c"},
        {"data": [RUN, {**RUN, "id": "r0"}], "hasMore": False, "nextCursor": None},
    ]
    handler, seen = scripted(*map(answer, pages))
    async with serving(handler) as session, Exa("key", base_url=URL, session=session) as exa:
        assert [job.id async for job in exa.agent.runs.list(page_size=2)] == ["r2", "r1", "r0"]
    assert [request.query_string for request in seen] == ["limit=2", "limit=2&cursor=c"]


async def test_a_cursor_is_opaque():
    """Whatever it holds goes back as it came."""
    pages = [{"data": [RUN], "hasMore": True, "nextCursor": "a&b=c/+é %2F"}, {"data": [], "hasMore": False}]
    handler, seen = scripted(*map(answer, pages))
    async with serving(handler) as session, Exa("key", base_url=URL, session=session) as exa:
        assert [job.id async for job in exa.agent.runs.list()] == ["r1"]
    assert seen[1].query["cursor"] == "a&b=c/+é %2F"


@pytest.mark.parametrize("following", [f"{URL}/x?page=2", "/x?page=2&page_size=1", "?page=2"])
async def test_the_next_page_may_be_an_address(following):
    """Its number counts, the host does not: the key goes nowhere else."""
    pages = [{"results": [SEARCH], "next": following}, {"results": [{**SEARCH, "uuid": "u2"}], "next": None}]
    handler, seen = scripted(*map(answer, pages))
    async with serving(handler) as session, WaterCrawl("key", base_url=URL, session=session) as watercrawl:
        assert [job.id async for job in watercrawl.searches.list()] == ["u1", "u2"]
    assert seen[1].query["page"] == "2"


@pytest.mark.parametrize("following", ["http://[", "http://a]b/?page=2"])
async def test_a_next_page_that_is_no_address_is_a_protocol_error(following):
    """Not a ValueError from the depths."""
    handler, _ = scripted(answer({"results": [SEARCH], "next": following}))
    async with serving(handler) as session, WaterCrawl("key", base_url=URL, session=session) as watercrawl:
        with pytest.raises(ProtocolError, match="next"):
            async for _ in watercrawl.searches.list():
                pass


@pytest.mark.parametrize("page", [{"nextCursor": None}, {"nextCursor": ""}, {"nextCursor": 7}, {}])
async def test_a_list_of_which_there_is_more_does_not_end_as_if_it_were_whole(page):
    """The service says that there is more, and not where: a typed error, no shorter list."""
    handler, _ = scripted(answer({"data": [RUN], "hasMore": True, **page}))
    async with serving(handler) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(ProtocolError, match="nextCursor"):
            async for _ in exa.agent.runs.list():
                pass


@pytest.mark.parametrize("following", [7, ["x"], {"page": 2}, "/x", "/x?page_size=2"])
async def test_a_next_page_that_cannot_be_asked_for_does_not_end_the_list(following):
    """Whatever stands there, it is not "no more"."""
    handler, _ = scripted(answer({"results": [SEARCH], "next": following}))
    async with serving(handler) as session, WaterCrawl("key", base_url=URL, session=session) as watercrawl:
        with pytest.raises(ProtocolError, match="next"):
            async for _ in watercrawl.searches.list():
                pass


@pytest.mark.parametrize(
    "page", [{}, {"data": None}, {"data": {}}, {"data": "x"}, {"data": [3]}, {"data": [None]}, {"data": [{}]}, [], None]
)
async def test_a_page_that_is_none_is_a_protocol_error(page):
    """A list of jobs needs rows, each an object with an id and a status."""
    handler, seen = scripted(answer(page))
    async with serving(handler) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(ProtocolError):
            async for _ in exa.agent.runs.list():
                pass
    assert len(seen) == 3
