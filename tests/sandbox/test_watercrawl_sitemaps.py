"""WaterCrawl sitemaps, as the server was seen to behave."""

from __future__ import annotations

import asyncio
import json

import pytest

from asyncjobs.sandbox import Life

KIND, ROOT = "watercrawl.sitemap", "/api/v1/core/sitemaps/"
SITE = "https://example.com"


def states(text):
    found = [json.loads(block.removeprefix("data: ")) for block in filter(None, text.split("\n\n"))]
    return [event["data"]["status"] for event in found if event["type"] == "state"]


async def test_a_sitemap_lives_from_new_to_finished(opened):
    """The same keys always; `updated_at` never moves; the result is an address, or the pages themselves."""
    async with opened() as talk:
        made = await talk("POST", ROOT, {"url": SITE, "options": {"search": None}})
        path = f"{ROOT}{made.body['uuid']}/"
        await asyncio.sleep(1)
        running = (await talk("GET", path)).body
        await asyncio.sleep(5)
        finished = (await talk("GET", path)).body
        pages = (await talk("GET", path + "?prefetched=true")).body["result"]
        file = (await talk("GET", finished["result"].removeprefix(talk.sandbox.url), key=None)).body

        assert (made.status, made.headers["Location"]) == (201, SITE)
        assert list(made.body) == ["uuid", "url", "status", "options", "duration", "result", "created_at", "updated_at"]
        assert list(made.body) == list(running) == list(finished)
        assert [each["status"] for each in (made.body, running, finished)] == ["new", "running", "finished"]
        assert made.body["updated_at"] == finished["updated_at"] == finished["created_at"]
        assert (made.body["duration"], finished["duration"][:6]) == (None, "00:00:")
        assert made.body["options"] == {
            "include_subdomains": True,
            "ignore_sitemap_xml": False,
            "search": None,
            "include_paths": [],
            "exclude_paths": [],
            "proxy_server": None,
        }
        assert pages == file
        assert set(pages[0]) == {"url", "title"}


async def test_finished_is_written_before_how_long_it_took(opened):
    """The scraper itself writes the status; its worker follows a moment later."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=1))
        _, path = await talk.make(KIND)
        await asyncio.sleep(1.01)
        early = (await talk("GET", path)).body
        await asyncio.sleep(0.02)

        assert (early["status"], early["duration"], early["result"] is None) == ("finished", None, False)
        assert (await talk("GET", path)).body["duration"] == "00:00:01"


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"url": SITE}, {"options": ["This field is required."]}),
        ({"options": {}}, {"url": ["This field is required."]}),
        (
            {"url": f"{SITE}/{'x' * 255}", "options": {}},
            {"url": ["Ensure this field has no more than 255 characters."]},
        ),
        (
            {"url": SITE, "options": {"proxy_server": "x"}},
            {"options": {"proxy_server": ["Proxy server does not exist"]}},
        ),
    ],
)
async def test_a_body_that_cannot_be_is_refused(opened, sent, errors):
    """All at once, each at its place."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, sent)

        assert (reply.status, reply.body["errors"]) == (400, errors)


async def test_graph_and_text_are_there_when_it_has_finished(opened):
    """Hosts, then a level for each part of the path; pages that differ in the query only stand beside the first."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=1))
        _, path = await talk.make(KIND)
        early = [(await talk("GET", f"{path}{name}/")).body["message"] for name in ("graph", "markdown")]
        await asyncio.sleep(2)
        pages = (await talk("GET", path + "?prefetched=true")).body["result"]
        graph = (await talk("GET", path + "graph/")).body
        text = await talk("GET", path + "markdown/")

        assert early == ["Sitemap for this request does not exist"] * 2
        first = graph["example.com"]["blog"]["first"]
        assert graph["example.com"]["__self__"] == pages[0]
        assert (first["__self__"], first["__query__"]) == (pages[3], [pages[4]])
        assert text.headers["Content-Type"] == "application/json"
        assert len(text.body.splitlines()) == len(pages)


async def test_a_sitemaps_stream_repeats_its_state_and_does_not_tell_of_canceling(opened):
    """Every five seconds; a cancel is seen as its end."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running")], after_cancel=[(0, "canceling"), (0.004, "canceled")]))
        _, path = await talk.make(KIND)
        reading = asyncio.create_task(talk("GET", path + "status/"))
        await asyncio.sleep(12)
        await talk("DELETE", path)

        assert states((await reading).text) == ["running"] * 3 + ["canceled"] * 2


async def test_a_sitemaps_list_can_be_filtered(opened):
    """By status."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=None))
        running = (await talk.make(KIND))[0]
        await talk.make(KIND)
        rows = (await talk("GET", f"{ROOT}?status=running")).body["results"]

        assert [f"{KIND}:{row['uuid']}" for row in rows] == [running]
