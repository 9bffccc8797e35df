"""Every verb of every kind, answered with anything: a typed error or what was asked for, in bounded time."""

from __future__ import annotations

import pytest
from fuzz_answers import ANSWERS, RAW, check_given, http, said
from fuzz_corpus import KINDS, corpus, ref_of
from fuzz_edits import share, written
from fuzz_rules import check_error, check_path
from fuzz_world import VERBS, Mouth, RawService, Said, gathered, speaking
from hypothesis import example, given
from hypothesis import strategies as st

from asyncjobs import AsyncJobsError
from asyncjobs.errors import ProtocolError


@pytest.mark.parametrize("name", VERBS)
@share(0.2)
@given(st.lists(ANSWERS, min_size=1, max_size=4))
async def test_any_replies_to_a_verb(name, answers):
    """Replies of any status with damaged payloads: nothing untyped, no hang, nothing lost, and the end is the end."""
    verb = VERBS[name]
    mouth = Mouth([said(verb.like, answer) for answer in answers])
    async with speaking(verb.make, mouth) as client:
        job = client.job(ref_of(verb.like)) if verb.like in KINDS else None
        path = []
        if job is not None:
            mouth.watching = lambda: path.append(job.state)
        try:
            for value in await gathered(verb.call(client), following=name.endswith(" follow")):
                check_given(value, verb.gives, mouth)
        except AsyncJobsError as error:
            check_error(error)
        if job is not None:
            path.append(job.state)
            check_path(path)
            assert job.done == job.state.final
            assert (job.snapshot is None) or job.snapshot.state is job.state
            if job.done:
                await check_end(job, mouth)


async def check_end(job, mouth):
    """Final is final, whatever is said afterwards, and nobody needs to ask again."""
    end, asked = job.state, len(mouth.heard)
    assert (await job.wait()).state is end
    assert [seen.state async for seen in job] == [end]
    await job.cancel()
    assert len(mouth.heard) == asked
    try:
        await job.refresh()
    except AsyncJobsError as error:
        check_error(error)
    assert job.state is end


# -- lists -------------------------------------------------------------------

LISTS = {name: verb for name, verb in VERBS.items() if "page" in verb.like}
ROWS = st.lists(st.tuples(st.integers(0, 99), st.sampled_from("abc") | st.none()), max_size=5)
CURSORS = st.sampled_from(["c1", "c2", "c3", "", None, 7, "\ud800", "\x00&page=9"])


@pytest.mark.parametrize("name", LISTS)
@share(0.4)
@given(st.lists(st.tuples(ROWS, st.sampled_from([True, True, True, False, None, 1]), CURSORS), min_size=1, max_size=4))
@example([([(0, "a"), (1, "a"), (0, "b")], True, "c1"), ([(0, "a"), (0, "c")], True, "c2"), ([], False, None)])
async def test_pages_of_any_rows_and_cursors(name, pages):
    """Rows with ids that come again, cursors that come back: each job once, every row, and an end."""
    verb = VERBS[name]
    rows_at, exa = ("data", True) if verb.make.__name__ == "Exa" else ("results", False)
    genuine = [row for page in corpus()[verb.like] for row in page[rows_at]]
    replies, ids = [], []
    for rows, more, cursor in pages:
        made = [dict(genuine[pick % len(genuine)]) for pick, _ in rows]
        for row, (_, name_of_it) in zip(made, rows, strict=True):
            if name_of_it is not None:
                row["id" if exa else "uuid"] = name_of_it
        ids.append([row.get("id" if exa else "uuid") for row in made])
        address = f"http://x/?page={cursor}" if isinstance(cursor, str) else cursor
        page = {"data": made, "hasMore": more, "nextCursor": cursor} if exa else {"results": made, "next": address}
        replies.append(Said(200, written(page)))
    mouth = Mouth(replies)
    problem, got = None, []
    async with speaking(verb.make, mouth) as client:
        try:
            async for row in verb.call(client):
                got.append(row.id if hasattr(row, "id") else row.uuid)
        except ProtocolError as error:
            check_error(error)
            problem = error
    # A page that cannot be used is asked for three times.
    assert len(mouth.heard) <= len(pages) + 3
    jobs = verb.gives == "Job"
    assert not jobs or len(set(got)) == len(got)
    if problem is None:
        asked = range(len(mouth.heard))
        received = [each for number in asked if not broken(exa, *pages[number][1:]) for each in ids[number]]
        assert got == (list(dict.fromkeys(received)) if jobs else received)
        # An end is one that the service has told: there is nothing more.
        _, more, cursor = pages[asked[-1]]
        assert not (more if exa else cursor)


def broken(exa, more, cursor):
    """Whether a page says that there is more, and not where."""
    if exa:
        return bool(more) and (not isinstance(cursor, str) or not cursor)
    return not isinstance(cursor, str | None) or cursor == ""


# -- over HTTP ---------------------------------------------------------------

WIRE = ["exa.search refresh", "exa.agent_run cancel", "watercrawl.search result", "websets get", "items list"]


@pytest.mark.parametrize("name", [*WIRE, "exa.agent_run list", "watercrawl.search get"])
@share(0.25)
@given(st.lists(RAW, min_size=1, max_size=3))
async def test_any_bytes_on_the_connection(name, draws):
    """Status lines, headers, chunks and encodings of any kind, in any pieces: typed, and in bounded time."""
    verb = VERBS[name]
    service = RawService([http(verb.like, draw) for draw in draws])
    async with service.serving(verb.make) as client:
        try:
            await gathered(verb.call(client))
        except AsyncJobsError as error:
            check_error(error)
