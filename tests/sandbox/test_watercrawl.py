"""WaterCrawl searches, as the server was seen to behave."""

from __future__ import annotations

import asyncio
import json

import pytest

from asyncjobs.sandbox import Life

KIND, ROOT = "watercrawl.search", "/api/v1/core/search/"
NOT_RUNNING = {"code": 403, "errors": None, "message": "Only running search requests can be deleted"}


def states(text):
    events = [json.loads(block.removeprefix("data: ")) for block in filter(None, text.split("\n\n"))]
    return [event["data"]["status"] for event in events if event["type"] == "state"]


async def test_a_search_lives_from_new_to_finished(opened):
    """The object has the same keys always; the result is an address, or the rows themselves."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, {"query": " cats ", "search_options": {"language": "en"}, "result_limit": "3"})
        path = f"{ROOT}{reply.body['uuid']}/"
        await asyncio.sleep(1)
        running = (await talk("GET", path)).body
        await asyncio.sleep(3)
        finished = (await talk("GET", path)).body
        rows = (await talk("GET", path + "?prefetched=True")).body["result"]

        assert reply.status == 201
        assert "Location" not in reply.headers
        assert list(reply.body) == list(running) == list(finished)
        assert list(finished) == [
            "uuid",
            "query",
            "search_options",
            "result_limit",
            "duration",
            "status",
            "result",
            "created_at",
        ]
        assert reply.body["query"] == "cats"
        assert reply.body["search_options"] == {
            "language": "en",
            "country": None,
            "time_renge": "any",
            "search_type": "web",
            "depth": "basic",
        }
        assert [row["status"] for row in (reply.body, running, finished)] == ["new", "running", "finished"]
        assert finished["duration"] == "00:00:03.500000"
        assert finished["result"].startswith(f"{talk.sandbox.url}/media/search/")
        assert [row["order"] for row in rows] == [1, 2, 3]
        assert (await talk("GET", finished["result"].removeprefix(talk.sandbox.url), key=None)).body == rows


@pytest.mark.parametrize(
    ("life", "status"),
    [
        (Life.ordinary(KIND, waits=None), 403),
        (Life.ordinary(KIND, works=None), 204),
        (Life.ordinary(KIND, works=0.5), 403),
        (Life.ordinary(KIND, works=0.5, ends="failed"), 403),
        (Life.ordinary(KIND, works=0.5, ends="canceled"), 403),
        (Life([(0, "canceling")]), 403),
    ],
    ids=["new", "running", "finished", "failed", "canceled", "canceling"],
)
async def test_only_a_running_search_can_be_cancelled(opened, life, status):
    """In every other state the refusal is the same, and changes nothing."""
    async with opened() as talk:
        talk.sandbox.script(KIND, life)
        ref, path = await talk.make(KIND)
        await asyncio.sleep(1)
        before = talk.sandbox.status(ref)
        reply = await talk("DELETE", path)

        assert reply.status == status
        assert (reply.body, reply.text) == ((NOT_RUNNING, reply.text) if status == 403 else (None, ""))
        assert talk.sandbox.status(ref) == ("canceled" if status == 204 else before)
        assert (await talk("DELETE", path)).status == 403


@pytest.mark.parametrize("word", ["new", "finished", "failed", "canceled", "canceling"])
@pytest.mark.parametrize("noun", ["crawl", "sitemap"])
async def test_only_a_running_crawl_or_sitemap_can_be_cancelled(opened, noun, word):
    """The refusal is the same, but for what it names."""
    async with opened() as talk:
        talk.sandbox.script(f"watercrawl.{noun}", Life([(0, word)]))
        ref, path = await talk.make(f"watercrawl.{noun}")
        refused = await talk("DELETE", path)

        assert (refused.status, talk.sandbox.status(ref)) == (403, word)
        assert refused.body == NOT_RUNNING | {"message": f"Only running {noun} requests can be deleted"}


async def test_a_cancelled_search_may_finish_all_the_same(opened):
    """The measured race: 204, canceled, and a moment later finished with a result."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running")], after_cancel=[(0, "canceled"), (0.03, "finished")]))
        _, path = await talk.make(KIND)

        assert (await talk("DELETE", path)).status == 204
        assert (await talk("GET", path)).body["status"] == "canceled"
        await asyncio.sleep(0.03)
        finished = (await talk("GET", path)).body
        assert finished["status"] == "finished"
        assert finished["result"]


async def test_results_may_be_there_although_canceled_and_absent_although_finished(opened):
    """Only the status decides."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running")], results=True))
        talk.sandbox.script(KIND, Life([(0, "finished")], results=False))
        _, canceled = await talk.make(KIND)
        _, empty = await talk.make(KIND)
        await talk("DELETE", canceled)

        assert (await talk("GET", canceled)).body["result"]
        assert (await talk("GET", empty + "?prefetched=1")).body["result"] == []


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"query": "x"}, {"search_options": ["This field is required."]}),
        ({}, {"query": ["This field is required."], "search_options": ["This field is required."]}),
        ({"query": "x", "search_options": None}, {"search_options": ["This field may not be null."]}),
        (
            {"query": "x", "search_options": []},
            {"search_options": {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}},
        ),
        ({"query": "  ", "search_options": {}}, {"query": ["This field may not be blank."]}),
        ({"query": None, "search_options": {}}, {"query": ["This field may not be null."]}),
        ({"query": [], "search_options": {}}, {"query": ["Not a valid string."]}),
        (
            {"query": "x" * 256, "search_options": {}},
            {"query": ["Ensure this field has no more than 255 characters."]},
        ),
        ({"query": "a\0b", "search_options": {}}, {"query": ["Null characters are not allowed."]}),
        ({"query": "\ud800", "search_options": {}}, {"query": ["Surrogate characters are not allowed: U+D800."]}),
        *(
            ({"query": "x", "search_options": {}, "result_limit": value}, {"result_limit": [text]})
            for value, text in [
                (0, "Ensure this value is greater than or equal to 1."),
                (21, "Ensure this value is less than or equal to 20."),
                (None, "This field may not be null."),
                ("x", "A valid integer is required."),
                (2.5, "A valid integer is required."),
                (True, "A valid integer is required."),
            ]
        ),
        (
            {"query": "x", "search_options": {"depth": "deep", "language": "x" * 9, "search_type": None}},
            {
                "search_options": {
                    "depth": ['"deep" is not a valid choice.'],
                    "language": ["Ensure this field has no more than 8 characters."],
                    "search_type": ["This field may not be null."],
                }
            },
        ),
        (["x"], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_field_errors_are_the_servers_own(opened, body, errors):
    """Every wrong field is named at once, in the framework's words."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, body)

        assert reply.status == 400
        assert reply.body == {"code": 400, "errors": errors, "message": "Invalid input data."}
        assert talk.sandbox.ledger.created() == []


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"query": 5, "search_options": {}}, {"query": "5"}),
        ({"query": "x", "search_options": {}, "result_limit": 2.0}, {"result_limit": 2}),
        ({"query": "x", "search_options": {"time_range": "never"}, "status": "finished"}, {"status": "new"}),
        ({"query": "x" * 255, "search_options": {"country": None}}, {"query": "x" * 255}),
    ],
)
async def test_what_the_framework_can_read_is_taken(opened, body, kept):
    """Numbers become text, text numbers, and unknown fields are dropped without a word."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, body)

        assert reply.status == 201
        assert {key: reply.body[key] for key in kept} == kept


@pytest.mark.parametrize(
    ("headers", "data", "status", "message"),
    [
        (
            {"Content-Type": "application/json"},
            b"{bad",
            400,
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ({"Content-Type": "text/plain"}, b"x", 415, 'Unsupported media type "text/plain" in request.'),
        ({"Content-Type": "application/json"}, b"", 400, "Invalid input data."),
        (
            {"Accept": "text/event-stream", "Content-Type": "application/json"},
            b"{}",
            406,
            "Could not satisfy the request Accept header.",
        ),
    ],
)
async def test_bodies_and_headers_that_cannot_be_read_are_refused(opened, headers, data, status, message):
    """The triple carries the framework's message."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, data=data, headers=headers)

        assert reply.status == status
        assert (reply.body["code"], reply.body["message"]) == (status, message)


@pytest.mark.parametrize(
    ("query", "status", "count"),
    [
        ("", 200, 25),
        ("page_size=5", 200, 5),
        ("page_size=500", 200, 100),
        ("page_size=0", 200, 25),
        ("page_size=x", 200, 25),
        ("page_size=50&page=3", 200, 10),
        ("page_size=50&page=last", 200, 10),
        ("page=", 200, 25),
        ("page=0", 404, None),
        ("page=-1", 404, None),
        ("page=1.0", 404, None),
        ("page=9999", 404, None),
        ("status=running&uuid=x", 200, 25),
    ],
)
async def test_lists_clamp_their_pages_and_ignore_filters(opened, query, status, count):
    """Sizes are clamped in silence, pages that do not exist are 404, filters do nothing."""
    async with opened() as talk:
        for _ in range(110):
            await talk.make(KIND)
        reply = await talk("GET", f"{ROOT}?{query}")

        assert reply.status == status
        if count is None:
            assert reply.body["message"] == "Invalid page."
        else:
            assert (reply.body["count"], len(reply.body["results"])) == (110, count)


async def test_list_links_lead_through_all_pages(opened):
    """`next` is absolute, newest come first, and page 1 as `previous` has no number."""
    async with opened() as talk:
        made = [(await talk.make(KIND))[0].partition(":")[2] for _ in range(5)]
        seen, path = [], f"{ROOT}?page_size=2"
        while path:
            page = (await talk("GET", path)).body
            seen += [row["uuid"] for row in page["results"]]
            path = (page["next"] or "").removeprefix(talk.sandbox.url)

        assert seen == made[::-1]
        assert (await talk("GET", f"{ROOT}?page=2&page_size=2")).body["previous"] == (
            f"{talk.sandbox.url}{ROOT}?page_size=2"
        )


async def test_uuids_are_read_generously(opened):
    """Upper case, no dashes, braces, a URN and a suffix are all the same search; nonsense is not found."""
    async with opened() as talk:
        _, path = await talk.make(KIND)
        uuid = path.split("/")[-2]

        for spelling in (uuid.upper(), uuid.replace("-", ""), f"%7B{uuid}%7D", f"urn:uuid:{uuid}", f"{uuid}.json"):
            assert (await talk("GET", f"{ROOT}{spelling}/")).body["uuid"] == uuid
        for nobody in ("x", "00000000-0000-4000-8000-000000000000"):
            reply = await talk("GET", f"{ROOT}{nobody}/")
            assert (reply.status, reply.body["message"]) == (404, "Not found.")


async def test_paths_without_slash_are_redirected(opened):
    """For every method, and the query comes along."""
    async with opened() as talk:
        for method in ("GET", "POST", "DELETE"):
            reply = await talk(method, ROOT.rstrip("/") + "?page=2")
            assert (reply.status, reply.headers["Location"]) == (301, ROOT + "?page=2")


async def test_wrong_methods_and_paths(opened):
    """A method that a path does not know is 405 in the triple, an unknown path a page of HTML."""
    async with opened() as talk:
        put = await talk("PUT", ROOT)
        nowhere = await talk("GET", "/api/v1/core/nothing/")

        assert (put.status, put.body["message"]) == (405, 'Method "PUT" not allowed.')
        assert (nowhere.status, nowhere.headers["Content-Type"]) == (404, "text/html")
        assert (await talk("HEAD", ROOT)).status == 200
        assert (await talk("OPTIONS", ROOT)).status == 200


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream, */*;q=0.1"])
async def test_the_stream_tells_each_state_and_the_last_one_twice(opened, accept):
    """It begins with the present state and ends by itself."""
    async with opened() as talk:
        _, path = await talk.make(KIND)
        live = await talk("GET", path + "status/", headers={"Accept": accept})
        late = await talk("GET", path + "status/?prefetched=true", headers={"Accept": accept})

        assert states(live.text) == ["new", "running", "finished", "finished"]
        assert states(late.text) == ["finished", "finished"]
        assert live.headers["Content-Type"] == "text/event-stream"
        assert live.headers["Cache-Control"] == "no-cache"
        assert '"feed"' in live.text


async def test_the_stream_of_a_cancelled_search_ends_with_the_cancel(opened):
    """The DELETE wakes it."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running")], after_cancel=[(0, "canceling"), (0.004, "canceled")]))
        _, path = await talk.make(KIND)
        stream = asyncio.create_task(talk("GET", path + "status/"))
        await asyncio.sleep(100)
        await talk("DELETE", path)

        assert states((await stream).text) == ["running", "canceling", "canceled", "canceled"]


async def test_the_stream_alone_is_not_acceptable(opened):
    """A browser's EventSource fails here."""
    async with opened() as talk:
        _, path = await talk.make(KIND)

        assert (await talk("GET", path + "status/", headers={"Accept": "text/event-stream"})).status == 406


async def test_slots_are_a_403(opened):
    """The plan's limit looks like a refused permission, and counts new and running searches."""
    async with opened(watercrawl_slots=1) as talk:
        await talk.make(KIND)
        refused = await talk("POST", ROOT, {"query": "x", "search_options": {}})
        await asyncio.sleep(5)

        assert refused.status == 403
        assert refused.body["message"] == (
            "Your plan does not support more than 1 concurrent searches. Wait for them to finish."
        )
        assert (await talk("POST", ROOT, {"query": "x", "search_options": {}})).status == 201
