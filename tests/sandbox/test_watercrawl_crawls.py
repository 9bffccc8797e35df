"""WaterCrawl crawls, as the server was seen to behave."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

import pytest

from asyncjobs.sandbox import Life

KIND, ROOT = "watercrawl.crawl", "/api/v1/core/crawl-requests/"
SITE = "https://example.com"


def body(spider=None, page=None, **more):
    return {"url": SITE, "options": {"spider_options": spider or {}, "page_options": page or {}, **more}}


def options(**more):
    return {"options": body(**more)["options"]}


def events(text):
    return [json.loads(block.removeprefix("data: ")) for block in filter(None, text.split("\n\n"))]


def told(text):
    return [event["data"].get("status", event["type"]) for event in events(text) if event["type"] != "feed"]


async def test_a_crawl_lives_from_new_to_finished(opened):
    """The same keys always; the pages come one after the other; `updated_at` moves once, when it begins to run."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, waits=1, works=8))
        made = await talk("POST", ROOT, body({"page_limit": 3}))
        path = f"{ROOT}{made.body['uuid']}/"
        seen = [made.body]
        for _ in range(3):
            await asyncio.sleep(3)
            seen.append((await talk("GET", path + "?prefetched=true")).body)

        assert (made.status, made.headers["Location"]) == (201, SITE)
        assert list(seen[0]) == [
            *("uuid", "url", "urls", "crawl_type", "status", "options", "created_at", "updated_at", "duration"),
            *("number_of_documents", "sitemap"),
        ]
        assert all(list(each) == list(seen[0]) for each in seen)
        assert [each["status"] for each in seen] == ["new", "running", "running", "finished"]
        assert [each["number_of_documents"] for each in seen] == [0, 1, 2, 3]
        assert seen[0]["updated_at"] != seen[1]["updated_at"] == seen[3]["updated_at"]
        assert seen[3]["duration"] == "00:00:09"
        assert (seen[2]["sitemap"], "/media/" in seen[3]["sitemap"]) == (None, True)
        assert seen[0]["options"]["spider_options"] == {
            "max_depth": 1,
            "page_limit": 3,
            "concurrent_requests": 16,
            "allowed_domains": [],
            "exclude_paths": [],
            "include_paths": [],
            "proxy_server": None,
        }


async def test_a_batch_is_answered_with_half_of_it(opened):
    """What makes no sense for a list of pages is overwritten; a look shows the whole."""
    urls = ["https://a.example/1", "https://b.example/2", "https://a.example/3"]
    async with opened() as talk:
        spider = {"max_depth": 5, "page_limit": 100, "concurrent_requests": 2}
        made = await talk("POST", f"{ROOT}batch/", {"urls": urls, **options(spider=spider)})
        await asyncio.sleep(10)
        whole = (await talk("GET", f"{ROOT}{made.body['uuid']}/")).body
        found = (await talk("GET", f"{ROOT}{made.body['uuid']}/results/")).body["results"]

        assert made.status == 201
        assert list(made.body) == ["uuid", "urls", "status", "options", "created_at", "updated_at", "duration"]
        kept = whole["options"]["spider_options"]
        assert (kept["max_depth"], kept["page_limit"], kept["concurrent_requests"]) == (0, 3, 2)
        assert kept["allowed_domains"] == ["a.example", "b.example"]
        assert (whole["crawl_type"], whole["url"], whole["urls"]) == ("batch", urls[0], urls)
        assert [row["url"] for row in found] == urls


@pytest.mark.parametrize(
    ("path", "sent", "errors"),
    [
        ("", {}, {"url": ["This field is required."], "options": ["This field is required."]}),
        ("", {**body(), "url": None}, {"url": ["This field may not be null."]}),
        ("", {**body(), "url": "cats"}, {"url": ["Enter a valid URL."]}),
        (
            "",
            {"url": SITE, "options": {}},
            {"options": {"spider_options": ["This field is required."], "page_options": ["This field is required."]}},
        ),
        (
            "",
            body({"page_limit": "x"}),
            {"options": {"spider_options": {"page_limit": ["A valid integer is required."]}}},
        ),
        (
            "",
            body({"concurrent_requests": 17, "proxy_server": "mine", "include_paths": "/a"}),
            {
                "options": {
                    "spider_options": {
                        "concurrent_requests": ["Ensure this value is less than or equal to 16."],
                        "include_paths": ['Expected a list of items but got type "str".'],
                        "proxy_server": ["Proxy server does not exist"],
                    }
                }
            },
        ),
        (
            "",
            body(page={"actions": [{"type": "gif"}], "include_html": "maybe"}),
            {
                "options": {
                    "page_options": {
                        "include_html": ["Must be a valid boolean."],
                        "actions": {"0": {"type": ['"gif" is not a valid choice.']}},
                    }
                }
            },
        ),
        ("batch/", {"urls": [], **options()}, {"urls": ["This list may not be empty."]}),
        ("batch/", {"urls": [SITE, "x"], **options()}, {"urls": {"1": ["Enter a valid URL."]}}),
        ("batch/", body(), {"urls": ["This field is required."]}),
    ],
)
async def test_a_body_that_cannot_be_is_refused(opened, path, sent, errors):
    """All at once, each at its place."""
    async with opened() as talk:
        reply = await talk("POST", ROOT + path, sent)

        assert reply.status == 400
        assert reply.body == {"code": 400, "errors": errors, "message": "Invalid input data."}


async def test_values_are_coerced_and_unknown_ones_dropped(opened):
    """As the framework does."""
    async with opened() as talk:
        sent = body({"page_limit": "7", "colour": 1}, {"include_links": "true", "wait_time": 5.0}, more={"a": 1})
        made = (await talk("POST", ROOT, sent)).body["options"]

        assert made["spider_options"]["page_limit"] == 7
        assert "colour" not in made["spider_options"]
        assert (made["page_options"]["include_links"], made["page_options"]["wait_time"]) == (True, 5)
        assert set(made) == {"spider_options", "page_options"}


async def test_what_was_found_before_the_cancel_stays(opened):
    """It is counted, listed and packed; no further page comes."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=10))
        _, path = await talk.make(KIND, **body({"page_limit": 9}))
        await asyncio.sleep(4.5)
        assert (await talk("DELETE", path)).status == 204
        await asyncio.sleep(10)

        assert (await talk("GET", path)).body["number_of_documents"] == 4
        assert (await talk("GET", path + "results/")).body["count"] == 4


async def test_lists_can_be_filtered(opened):
    """By status, id and time of creation, each exact; the last of several counts; what cannot be is refused."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=None), times=2)
        running = [(await talk.make(KIND))[0] for _ in range(2)]
        new = (await talk.make(KIND))[0]

        async def listed(query):
            return [f"{KIND}:{row['uuid']}" for row in (await talk("GET", f"{ROOT}?{query}")).body["results"]]

        assert await listed("status=running") == running[::-1]
        assert await listed("status=running&status=new") == [new]
        assert await listed("status=&uuid=") == [new, *running[::-1]]
        assert await listed(f"uuid={new.partition(':')[2].upper()}") == [new]
        assert await listed("created_at=2020-01-01T00:00:00Z") == []
        assert await listed("url=x&created_at__gt=x") == [new, *running[::-1]]
        wrong = await talk("GET", f"{ROOT}?status=bogus&uuid=x")
        assert (wrong.status, wrong.body["errors"]) == (
            400,
            {
                "uuid": ["Enter a valid UUID."],
                "status": ["Select a valid choice. bogus is not one of the available choices."],
            },
        )


async def test_results_come_oldest_first_with_or_without_their_content(opened):
    """In pages; a row's address needs no key, and leads to what a prefetched row carries."""
    async with opened() as talk:
        page = {"include_links": True, "include_html": True, "actions": [{"type": "pdf"}]}
        talk.sandbox.script(KIND, Life([(0, "running"), (5, "finished")]))
        _, path = await talk.make(KIND, **body({"page_limit": 30}, page))
        await asyncio.sleep(5)
        first = (await talk("GET", path + "results/")).body
        second = (await talk("GET", first["next"].removeprefix(talk.sandbox.url) + "&prefetched=1")).body
        row = first["results"][0]
        again = (await talk("GET", f"{path}results/{row['uuid']}/?prefetched=true")).body
        file = await talk("GET", row["result"].removeprefix(talk.sandbox.url), key=None)
        attachment = row["attachments"][0]
        pdf = await talk("GET", attachment["attachment"].removeprefix(talk.sandbox.url), key=None)

        assert (first["count"], len(first["results"]), len(second["results"])) == (30, 25, 5)
        assert row["url"] == SITE
        assert set(row) == {"uuid", "url", "result", "attachments", "created_at", "updated_at"}
        assert set(attachment) == {"uuid", "attachment", "attachment_type", "filename"}
        assert file.body == again["result"]
        assert set(again["result"]) == {"metadata", "markdown", "links", "html"}
        assert set(second["results"][0]["result"]) == {"metadata", "markdown", "links", "html"}
        assert pdf.headers["Content-Type"] == "application/pdf"
        one = (await talk("GET", f"{path}results/?url={SITE}/7")).body
        assert [each["url"] for each in one["results"]] == [f"{SITE}/7"]


async def test_results_of_no_crawl(opened):
    """Unknown: 404; no id at all: 400, which other addresses answer with 404."""
    async with opened() as talk:
        unknown = await talk("GET", f"{ROOT}7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61/results/")
        malformed = await talk("GET", f"{ROOT}x/results/")

        assert (unknown.status, unknown.body["message"]) == (404, "Not found.")
        assert (malformed.status, list(malformed.body["errors"])) == (400, ["non_field_errors"])
        assert (await talk("GET", f"{ROOT}x/")).status == 404


async def test_an_archive_is_there_at_any_time(opened):
    """Even while nothing was found; another format than the two is a 403."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running"), (5, "finished")]))
        _, path = await talk.make(KIND, **body({"page_limit": 2}))

        async def names(query=""):
            async with talk.session.get(f"{talk.sandbox.url}{path}download/{query}", headers={"X-API-Key": "k"}) as got:
                assert got.headers["Content-Type"] == "application/zip"
                assert got.headers["Content-Disposition"] == 'attachment; filename="example.com.zip"'
                return zipfile.ZipFile(io.BytesIO(await got.read())).namelist()

        assert await names() == []
        await asyncio.sleep(5)
        assert await names() == ["example.com.json", "example.com_1.json"]
        assert await names("?output_format=markdown") == ["example.com.md", "example.com_1.md"]
        wrong = await talk("GET", f"{path}download/?output_format=pdf")
        assert (wrong.status, wrong.body["message"]) == (403, "Invalid output format")


async def test_a_crawls_sitemap_is_there_when_it_has_finished(opened):
    """As a file, as a tree and as text, which is JSON; before that 404."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life([(0, "running"), (5, "finished")]))
        _, path = await talk.make(KIND, **body({"page_limit": 2}))
        early = await talk("GET", path + "sitemap/graph/")
        await asyncio.sleep(5)
        graph = (await talk("GET", path + "sitemap/graph/")).body
        text = await talk("GET", path + "sitemap/markdown/")
        address = (await talk("GET", path)).body["sitemap"]
        pages = (await talk("GET", address.removeprefix(talk.sandbox.url), key=None)).body

        assert (early.status, early.body["message"]) == (404, "Sitemap for this crawl request does not exist")
        assert graph == {"example.com": {"__self__": pages[0], "1": {"__self__": pages[1]}}}
        assert text.headers["Content-Type"] == "application/json"
        assert text.body == "\n".join(f"- [{page['title']}]({page['url']})" for page in pages)


async def test_a_crawls_stream_tells_of_pages_and_repeats_its_state(opened):
    """What is there first, then pages and states as they come, a state every five seconds, the last one twice."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, waits=1, works=12))
        _, path = await talk.make(KIND, **body({"page_limit": 1}))
        live = await talk("GET", path + "status/")
        late = await talk("GET", path + "status/?prefetched=true")

        assert told(live.text) == ["new", "running", "running", "result", "running", "finished", "finished"]
        assert told(late.text) == ["result", "finished", "finished"]
        assert events(late.text)[0]["data"]["result"]["markdown"]
        assert isinstance(next(e for e in events(live.text) if e["type"] == "result")["data"]["result"], str)


async def test_slots_are_counted_for_each_sort_of_job(opened):
    """A refusal names the sort; the others have slots of their own."""
    async with opened(watercrawl_slots=1) as talk:
        for kind, nouns in (("watercrawl.crawl", "crawls"), ("watercrawl.sitemap", "sitemaps")):
            await talk.make(kind)
            root, least = (
                (ROOT, body()) if nouns == "crawls" else ("/api/v1/core/sitemaps/", {"url": SITE, "options": {}})
            )
            refused = await talk("POST", root, least)
            text = f"Your plan does not support more than 1 concurrent {nouns}. Wait for them to finish."
            assert (refused.status, refused.body["message"]) == (403, text)
