"""Exa Websets in its own words."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from asyncjobs.sandbox import Life

ROOT = "/websets/v0/websets"

WEBSET_KEYS = {
    "id",
    "object",
    "status",
    "dashboardUrl",
    "externalId",
    "title",
    "searches",
    "imports",
    "enrichments",
    "monitors",
    "excludes",
    "metadata",
    "createdAt",
    "updatedAt",
}
SEARCH_KEYS = {
    "id",
    "object",
    "status",
    "websetId",
    "query",
    "entity",
    "criteria",
    "count",
    "maxPeoplePerCompany",
    "behavior",
    "exclude",
    "scope",
    "progress",
    "recall",
    "metadata",
    "canceledAt",
    "canceledReason",
    "createdAt",
    "updatedAt",
}
ENRICHMENT_KEYS = {
    "id",
    "object",
    "status",
    "websetId",
    "title",
    "description",
    "format",
    "options",
    "instructions",
    "metadata",
    "createdAt",
    "updatedAt",
}
ITEM_KEYS = {
    "id",
    "object",
    "source",
    "sourceId",
    "websetId",
    "properties",
    "evaluations",
    "enrichments",
    "createdAt",
    "updatedAt",
}


async def test_objects_carry_every_documented_field(opened):
    """Websets, searches, enrichments and items have exactly the keys of the description."""
    async with opened() as talk:
        webset = await talk.webset(search={"query": "cats", "count": 2}, enrichments=[{"description": "year"}])
        await asyncio.sleep(10)
        items = (await talk("GET", f"{ROOT}/{webset['id']}/items")).body

        assert set(webset) == WEBSET_KEYS
        assert set(webset["searches"][0]) == SEARCH_KEYS
        assert set(webset["enrichments"][0]) == ENRICHMENT_KEYS
        assert set(items) == {"data", "hasMore", "nextCursor"}
        assert set(items["data"][0]) == ITEM_KEYS


async def test_a_search_lives_from_created_to_completed(opened):
    """Its words, its progress and its items grow with time."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", waits=1, works=9))
        webset = await talk.webset(search={"query": "cats", "count": 20})
        path = f"{ROOT}/{webset['id']}/searches/{webset['searches'][0]['id']}"
        seen = []
        for _ in range(4):
            seen.append((await talk("GET", path)).body)
            await asyncio.sleep(4)

        assert [search["status"] for search in seen] == ["created", "running", "running", "completed"]
        assert [search["progress"]["found"] for search in seen] == [0, 8, 16, 20]
        assert [search["progress"]["completion"] for search in seen] == [0, 40, 80, 100]
        assert [search["progress"]["timeLeft"] for search in seen] == [10, 6, 2, 0]
        assert [search["updatedAt"] for search in seen] == sorted(search["updatedAt"] for search in seen)


async def test_creates_answer_201_for_websets_and_200_for_the_rest(opened):
    """The codes are those of the description, and every reply names its request."""
    async with opened() as talk:
        webset = await talk("POST", ROOT, {})
        search = await talk("POST", f"{ROOT}/{webset.body['id']}/searches", {"query": "cats", "count": 1})
        enrichment = await talk("POST", f"{ROOT}/{webset.body['id']}/enrichments", {"description": "x"})

        assert (webset.status, search.status, enrichment.status) == (201, 200, 200)
        assert webset.body["status"] == "idle"
        assert all(reply.headers["x-request-id"] for reply in (webset, search, enrichment))


async def test_an_external_id_stands_for_the_id_and_is_unique(opened):
    """It is accepted wherever a webset id is; a second webset with it is a conflict until the first is deleted."""
    async with opened() as talk:
        body = {"externalId": "mine", "search": {"query": "cats"}}
        webset = (await talk("POST", ROOT, body)).body
        search = webset["searches"][0]["id"]

        assert (await talk("GET", f"{ROOT}/mine")).body["id"] == webset["id"]
        assert (await talk("GET", f"{ROOT}/mine/searches/{search}")).body["websetId"] == webset["id"]
        assert (await talk("POST", ROOT, body)).status == 409
        assert (await talk("DELETE", f"{ROOT}/mine")).status == 200
        assert (await talk("POST", ROOT, body)).status == 201


@pytest.mark.parametrize("kind", ["exa.search", "exa.enrichment"])
async def test_a_cancel_is_repeatable_and_keeps_the_first_time(opened, kind):
    """Cancelling twice answers 200 with the same object."""
    async with opened() as talk:
        _, path = await talk.make(kind)
        first = await talk.cancel(path)
        await asyncio.sleep(5)
        second = await talk.cancel(path)

        assert (first.status, second.status) == (200, 200)
        assert first.body["status"] == second.body["status"] == "canceled"
        assert first.body["updatedAt"] == second.body["updatedAt"]
        assert "canceledAt" not in first.body or first.body["canceledAt"]


@pytest.mark.parametrize("kind", ["exa.search", "exa.enrichment"])
async def test_a_cancel_after_the_end_shows_the_job_unchanged(opened, kind):
    """A completed job stays completed; another answer can be asked for, since the real one is not documented."""
    async with opened() as talk, opened(cancel_ended=409) as strict:
        for each, status in ((talk, 200), (strict, 409)):
            _, path = await each.make(kind)
            await asyncio.sleep(10)

            assert (await each.cancel(path)).status == status
            assert (await each("GET", path)).body["status"] == "completed"


async def test_a_cancel_may_still_say_running(opened):
    """The reply to a cancel shows what the life says, and the end comes later."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life([(0, "running")], after_cancel=[(2, "canceled")]))
        ref, path = await talk.make("exa.search")

        assert (await talk.cancel(path)).body["status"] == "running"
        await asyncio.sleep(2)
        assert talk.sandbox.status(ref) == "canceled"


async def test_cancelling_a_webset_ends_its_jobs_and_leaves_it_idle(opened):
    """Searches get the reason that names the webset."""
    async with opened() as talk:
        webset = await talk.webset(search={"query": "cats"}, enrichments=[{"description": "x"}])
        reply = (await talk("POST", f"{ROOT}/{webset['id']}/cancel")).body

        assert webset["status"] == "running"
        assert reply["status"] == "idle"
        assert reply["searches"][0]["canceledReason"] == "webset_canceled"
        assert reply["enrichments"][0]["status"] == "canceled"


async def test_deleting_a_webset_shows_it_once_more(opened):
    """The reply holds the cancelled searches; afterwards everything in it is unknown."""
    async with opened() as talk:
        webset = await talk.webset()
        reply = (await talk("DELETE", f"{ROOT}/{webset['id']}")).body
        search = reply["searches"][0]

        assert (search["status"], search["canceledReason"]) == ("canceled", "webset_deleted")
        assert (await talk("GET", f"{ROOT}/{webset['id']}")).status == 404
        assert (await talk("GET", f"{ROOT}/{webset['id']}/searches/{search['id']}")).status == 404
        assert talk.sandbox.ledger.active() == []


async def test_an_enrichment_can_be_changed_and_deleted(opened):
    """PATCH changes what it says, DELETE ends it and shows it once more."""
    async with opened() as talk:
        _, path = await talk.make("exa.enrichment")

        assert (await talk("PATCH", path, {"description": "other", "metadata": None})).body["description"] == "other"
        assert (await talk("DELETE", path)).body["status"] == "canceled"
        assert (await talk("DELETE", path)).status == 404


async def test_a_webset_is_updated_by_post(opened):
    """Only its metadata can be."""
    async with opened() as talk:
        webset = await talk.webset()

        assert (await talk("POST", f"{ROOT}/{webset['id']}", {"metadata": {"a": "b"}})).body["metadata"] == {"a": "b"}
        assert (await talk("POST", f"{ROOT}/{webset['id']}", {"metadata": None})).body["metadata"] == {}


async def test_websets_are_listed_newest_first_in_pages(opened):
    """Pages join up without gaps or repeats, also when something is created in between."""
    async with opened() as talk:
        made = [(await talk.webset(metadata={}))["id"] for _ in range(7)]
        seen, cursor = [], ""
        while True:
            page = (await talk("GET", f"{ROOT}?limit=3{cursor}")).body
            seen += [webset["id"] for webset in page["data"]]
            await talk.webset(metadata={})
            if not page["hasMore"]:
                break
            cursor = f"&cursor={page['nextCursor']}"

        assert seen == made[::-1]


async def test_items_are_listed_in_pages_and_by_source(opened):
    """Items come in the order of their finding; one may be read, and deleted."""
    async with opened() as talk:
        webset = await talk.webset(search={"query": "cats", "count": 5})
        other = (await talk("POST", f"{ROOT}/{webset['id']}/searches", {"query": "dogs", "count": 3})).body["id"]
        await asyncio.sleep(10)
        path = f"{ROOT}/{webset['id']}/items"
        first = (await talk("GET", f"{path}?limit=6")).body
        second = (await talk("GET", f"{path}?limit=6&cursor={first['nextCursor']}")).body
        found = (await talk("GET", f"{path}?sourceId={other}")).body["data"]
        item = found[0]["id"]

        assert len({entry["id"] for entry in first["data"] + second["data"]}) == 8
        assert [entry["sourceId"] for entry in found] == [other] * 3
        assert (await talk("GET", f"{path}/{item}")).body == found[0]
        assert (await talk("DELETE", f"{path}/{item}")).status == 200
        assert (await talk("GET", f"{path}/{item}")).status == 404
        assert len((await talk("GET", f"{ROOT}/{webset['id']}?expand=items")).body["items"]) == 7


async def test_enrichment_results_appear_item_by_item_and_stop_at_a_cancel(opened):
    """Half-way half of the items are done; a cancel leaves the rest cancelled."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search"))
        talk.sandbox.script("exa.enrichment", Life.ordinary("exa.enrichment", works=10))
        webset = await talk.webset(
            search={"query": "c", "count": 4}, enrichments=[{"description": "x", "format": "number"}]
        )
        await asyncio.sleep(5)
        path = f"{ROOT}/{webset['id']}"

        async def results():
            items = (await talk("GET", path + "/items")).body["data"]
            return [(item["enrichments"][0]["status"], item["enrichments"][0]["result"]) for item in items]

        assert await results() == [("completed", ["2016"])] * 2 + [("pending", None)] * 2
        await talk("POST", f"{path}/enrichments/{webset['enrichments'][0]['id']}/cancel")
        await asyncio.sleep(60)
        assert await results() == [("completed", ["2016"])] * 2 + [("canceled", None)] * 2


@pytest.mark.parametrize("entity", ["company", "person", "article", "research_paper", "custom"])
async def test_items_have_the_properties_of_their_entity(opened, entity):
    """The details stand under a key of the entity's own."""
    async with opened() as talk:
        wanted = {"type": entity} | ({"description": "cats"} if entity == "custom" else {})
        webset = await talk.webset(search={"query": "cats", "count": 1, "entity": wanted})
        await asyncio.sleep(10)
        properties = (await talk("GET", f"{ROOT}/{webset['id']}/items")).body["data"][0]["properties"]

        assert properties["type"] == entity
        assert ("researchPaper" if entity == "research_paper" else entity) in properties


async def test_times_are_utc_with_milliseconds_and_follow_the_clock(opened):
    """A minute of the sandbox's clock is a minute between the stamps."""
    async with opened() as talk:
        first = (await talk.webset())["createdAt"]
        await asyncio.sleep(60)
        second = (await talk.webset())["createdAt"]

        assert len(first) == len("2026-05-07T21:21:52.051Z")
        assert (dt.datetime.fromisoformat(second) - dt.datetime.fromisoformat(first)).total_seconds() == 60


async def test_a_search_cancelled_for_want_of_credits_says_so(opened):
    """The service may end a search that nobody cancelled."""
    async with opened() as talk:
        ref, path = await talk.make("exa.search")
        talk.sandbox.end(ref, "canceled", reason="out_of_credits")

        assert (await talk("GET", path)).body["canceledReason"] == "out_of_credits"


async def test_a_script_may_say_why_a_search_is_cancelled(opened):
    """Unless somebody asks first."""
    async with opened() as talk:
        broke = Life.ordinary("exa.search", works=2, ends="canceled", reason="out_of_credits")
        talk.sandbox.script("exa.search", broke, times=2)
        _, left = await talk.make("exa.search")
        _, canceled = await talk.make("exa.search")
        await talk.cancel(canceled)
        await asyncio.sleep(2)

        assert (await talk("GET", left)).body["canceledReason"] == "out_of_credits"
        assert (await talk("GET", canceled)).body["canceledReason"] is None


async def test_a_search_that_never_began_found_nothing(opened):
    """Waiting is no progress, also when it ends in a cancel."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", waits=None))
        _, path = await talk.make("exa.search")
        await asyncio.sleep(100)

        assert (await talk("GET", path)).body["progress"]["completion"] == 0
        assert (await talk.cancel(path)).body["progress"]["found"] == 0


async def test_an_enrichment_can_be_reopened(opened):
    """New items make a completed enrichment pending again."""
    async with opened() as talk:
        ref, path = await talk.make("exa.enrichment")
        await asyncio.sleep(5)
        assert (await talk("GET", path)).body["status"] == "completed"

        talk.sandbox.reopen(ref)
        assert (await talk("GET", path)).body["status"] == "pending"
        await asyncio.sleep(5)
        assert talk.sandbox.status(ref) == "completed"


async def test_unknown_paths_get_the_frameworks_body(opened):
    """There is no list of searches, and saying so looks different from other errors."""
    async with opened() as talk:
        webset = await talk.webset()
        reply = await talk("GET", f"{ROOT}/{webset['id']}/searches")

        assert reply.status == 404
        assert reply.body["message"] == f"Cannot GET {ROOT}/{webset['id']}/searches"
        assert (await talk("GET", ROOT + "/")).status == 404


SEARCH = {"query": "cats", "count": 1}
BAD_WEBSETS = [
    {"search": {"count": 1}},
    {"search": {"query": ""}},
    {"search": {"query": "x" * 5001}},
    {"search": SEARCH | {"count": 0}},
    {"search": SEARCH | {"count": "5"}},
    {"search": SEARCH | {"criteria": []}},
    {"search": SEARCH | {"criteria": [{"description": "x"}] * 6}},
    {"search": SEARCH | {"criteria": [{"description": "x" * 1001}]}},
    {"search": SEARCH | {"entity": {"type": "cat"}}},
    {"search": SEARCH | {"entity": {"type": "custom"}}},
    {"search": SEARCH | {"entity": {"type": "custom", "description": "x" * 201}}},
    {"search": SEARCH | {"scope": [{"source": "web", "id": "x"}]}},
    {"search": SEARCH | {"exclude": [{"source": "import", "id": ""}]}},
    {"search": SEARCH | {"recall": "yes"}},
    {"search": SEARCH | {"maxPeoplePerCompany": 1.5}},
    {"search": SEARCH | {"scope": [{"source": "import", "id": "i"}]}, "import": [{"source": "import", "id": "i"}]},
    {"enrichments": [{}]},
    {"enrichments": [{"description": "x", "format": "colour"}]},
    {"enrichments": [{"description": "x", "options": [{"label": "x"}] * 151}]},
    {"externalId": "x" * 301},
    {"metadata": {"a": 1}},
    {"metadata": {"a": "x" * 1001}},
    [],
    None,
]


@pytest.mark.parametrize("body", BAD_WEBSETS, ids=lambda body: str(body)[:60])
async def test_bodies_that_break_a_constraint_are_refused(opened, body):
    """Every documented constraint is kept, and the flat error body names the request."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, body)

        assert reply.status == 400
        assert set(reply.body) == {"requestId", "error", "tag"}
        assert reply.body["requestId"] == reply.headers["x-request-id"]
        assert talk.sandbox.ledger.billed() == 0


@pytest.mark.parametrize(
    ("name", "body"),
    [("searches", {"query": "cats"}), ("searches", SEARCH | {"behavior": "replace"}), ("enrichments", {})],
)
async def test_required_fields_are_required(opened, name, body):
    """A search needs a count here, an enrichment a description."""
    async with opened() as talk:
        webset = await talk.webset()

        assert (await talk("POST", f"{ROOT}/{webset['id']}/{name}", body)).status == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=1.5", "cursor=never"])
async def test_limits_out_of_range_are_refused(opened, query):
    """A page has 1 to 100 entries, and a cursor was given out before."""
    async with opened() as talk:
        webset = await talk.webset()

        assert (await talk("GET", f"{ROOT}?{query}")).status == 400
        assert (await talk("GET", f"{ROOT}/{webset['id']}/items?{query}")).status == 400


@pytest.mark.parametrize("data", [b"{bad", b"", b"\xff", b'{"search": NaN}', b"[" * 100_000])
async def test_broken_json_is_refused(opened, data):
    """What is not JSON is a 400, never a crash."""
    async with opened() as talk:
        assert (await talk("POST", ROOT, data=data)).body["tag"] == "INVALID_REQUEST_BODY"
