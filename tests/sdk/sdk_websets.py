"""Demonstrations: websets, searches, enrichments and items."""

from __future__ import annotations

from sdk_table import works

CATS = {"query": "cats", "count": 3}
STUCK = {"query": "stuck", "count": 3}
YEAR = {"description": "year", "format": "number"}


async def made(sdk, **params):
    return await sdk(sdk.client.websets.create, params or {"search": CATS, "enrichments": [YEAR]})


@works("websets.create")
async def create(sdk, it):
    """The webset shows its searches and enrichments as whole objects."""
    webset = await sdk(
        it.create,
        {"search": CATS, "enrichments": [YEAR], "externalId": "mine", "metadata": {"a": "b"}},
        options={"priority": "high"},
    )
    assert (webset.status, webset.external_id, webset.metadata) == ("running", "mine", {"a": "b"})
    assert (webset.searches[0].query, webset.searches[0].count) == ("cats", 3)
    assert (webset.enrichments[0].format, webset.enrichments[0].status) == ("number", "pending")


@works("websets.get")
async def get(sdk, it):
    """By id, by external id, and with its items."""
    webset = await made(sdk, externalId="mine", search=CATS)
    await sdk(it.wait_until_idle, webset.id, poll_interval=0.02)
    assert (await sdk(it.get, "mine")).id == webset.id
    assert len((await sdk(it.get, webset.id, expand=["items"])).items) == 3


@works("websets.list")
async def list_page(sdk, it):
    """One page, newest first, and the cursor of the next."""
    websets = [await made(sdk, metadata={}) for _ in range(3)]
    page = await sdk(it.list, limit=2)
    rest = await sdk(it.list, limit=2, cursor=page.next_cursor)
    assert [webset.id for webset in (*page.data, *rest.data)] == [webset.id for webset in reversed(websets)]
    assert (page.has_more, rest.has_more, rest.next_cursor) == (True, False, None)


@works("websets.list_all", "websets.get_all")
async def list_all(sdk, it):
    """All pages, one after the other."""
    websets = {(await made(sdk, metadata={})).id for _ in range(5)}
    assert {webset.id for webset in await sdk(it.list_all, limit=2)} == websets
    assert {webset.id for webset in await sdk(it.get_all, limit=2)} == websets


@works("websets.update")
async def update(sdk, it):
    """Its metadata, and null for none."""
    webset = await made(sdk, metadata={"a": "b"})
    assert (await sdk(it.update, webset.id, {"metadata": {"c": "d"}})).metadata == {"c": "d"}
    assert (await sdk(it.update, webset.id, {"metadata": None})).metadata == {}


@works("websets.cancel")
async def cancel(sdk, it):
    """Everything in it ends, and says why."""
    webset = await made(sdk, search=STUCK, enrichments=[{"description": "stuck"}])
    canceled = await sdk(it.cancel, webset.id)
    assert canceled.status == "idle"
    assert (canceled.searches[0].status, canceled.searches[0].canceled_reason) == ("canceled", "webset_canceled")
    assert canceled.enrichments[0].status == "canceled"


@works("websets.delete")
async def delete(sdk, it):
    """It answers with what was deleted, and knows it no more."""
    webset = await made(sdk, search=STUCK)
    deleted = await sdk(it.delete, webset.id)
    assert (deleted.id, deleted.searches[0].canceled_reason) == (webset.id, "webset_deleted")
    assert (await sdk(it.list)).data == []


@works("websets.wait_until_idle")
async def wait_until_idle(sdk, it):
    """It polls until everything has ended."""
    seen = []
    webset = await made(sdk)
    idle = await sdk(
        it.wait_until_idle, webset.id, poll_interval=0.02, on_poll=lambda webset: seen.append(webset.status)
    )
    assert (idle.status, idle.searches[0].status, idle.enrichments[0].status) == ("idle", "completed", "completed")
    assert (seen[0], seen[-1]) == ("running", "idle")


@works(
    *(
        f"websets{part}.request"
        for part in (
            *("", ".searches", ".enrichments", ".items", ".events", ".imports", ".monitors", ".monitors.runs"),
            *(".webhooks", ".webhooks.attempts"),
        )
    )
)
async def request(sdk, it):
    """The method under all the others."""
    assert (await sdk(it.request, "/v0/websets", method="GET"))["data"] == []


@works("websets.preview")
async def preview(sdk, it):
    """How a query would be understood; nothing is created."""
    preview = await sdk(it.preview, {"search": {"query": "cats", "entity": {"type": "person"}}})
    assert preview.search.entity.type == "person"
    assert len(preview.search.criteria) == 1
    assert (await sdk(it.list)).data == []


# Searches.


@works("websets.searches.create")
async def create_search(sdk, it):
    """With all that it may be given."""
    webset = await made(sdk, metadata={})
    search = await sdk(
        it.create,
        webset.id,
        {
            "query": "cats",
            "count": 4,
            "entity": {"type": "custom", "description": "cat breeds"},
            "criteria": [{"description": "has whiskers"}],
            "behavior": "append",
            "recall": True,
            "maxPeoplePerCompany": 2,
            "exclude": [{"source": "webset", "id": "ws_1"}],
            "scope": [{"source": "import", "id": "i_1", "relationship": {"definition": "cats of", "limit": 3}}],
            "metadata": {"a": "b"},
        },
        options={"priority": "low"},
    )
    assert (search.webset_id, search.status, search.behavior) == (webset.id, "created", "append")
    assert (search.max_people_per_company, search.criteria[0].description) == (2, "has whiskers")
    assert (search.scope[0].relationship.limit, search.exclude[0].id) == (3, "ws_1")


@works("websets.searches.get")
async def get_search(sdk, it):
    """Its progress grows to the end."""
    webset = await made(sdk, search={**CATS, "recall": True})
    await sdk(sdk.client.websets.wait_until_idle, webset.id, poll_interval=0.02)
    search = await sdk(it.get, webset.id, webset.searches[0].id)
    assert (search.status, search.progress.completion, search.progress.found) == ("completed", 100, 3)
    assert search.recall.expected.total > 0


@works("websets.searches.cancel")
async def cancel_search(sdk, it):
    """Canceled at once, and once more without harm."""
    webset = await made(sdk, search=STUCK)
    search = await sdk(it.cancel, webset.id, webset.searches[0].id)
    assert search.status == "canceled"
    assert search.canceled_at is not None
    assert (await sdk(it.cancel, webset.id, search.id)).canceled_at == search.canceled_at


# Enrichments.


@works("websets.enrichments.create")
async def create_enrichment(sdk, it):
    """Its options and its format."""
    webset = await made(sdk, metadata={})
    options = [{"label": "yes"}, {"label": "no"}]
    enrichment = await sdk(
        it.create, webset.id, {"description": "furry?", "format": "options", "options": options, "metadata": {"a": "b"}}
    )
    assert (enrichment.webset_id, enrichment.status) == (webset.id, "pending")
    assert [option.label for option in enrichment.options] == ["yes", "no"]


@works("websets.enrichments.get")
async def get_enrichment(sdk, it):
    """As it is now."""
    webset = await made(sdk)
    assert (await sdk(it.get, webset.id, webset.enrichments[0].id)).title == "year"


@works("websets.enrichments.update")
async def update_enrichment(sdk, it):
    """The PATCH answers with the whole object, which the published description leaves open (row 1.21)."""
    webset = await made(sdk)
    updated = await sdk(it.update, webset.id, webset.enrichments[0].id, {"description": "age", "metadata": {"a": "b"}})
    assert (updated.description, updated.metadata) == ("age", {"a": "b"})


@works("websets.enrichments.cancel")
async def cancel_enrichment(sdk, it):
    """Canceled at once."""
    webset = await made(sdk, enrichments=[{"description": "stuck"}])
    assert (await sdk(it.cancel, webset.id, webset.enrichments[0].id)).status == "canceled"


@works("websets.enrichments.delete")
async def delete_enrichment(sdk, it):
    """It is no longer in its webset."""
    webset = await made(sdk, enrichments=[{"description": "stuck"}])
    assert (await sdk(it.delete, webset.id, webset.enrichments[0].id)).status == "canceled"
    assert (await sdk(sdk.client.websets.get, webset.id)).enrichments == []


# Items.


async def filled(sdk, kind="company"):
    webset = await made(sdk, search={**CATS, "entity": {"type": kind}}, enrichments=[YEAR])
    return await sdk(sdk.client.websets.wait_until_idle, webset.id, poll_interval=0.02)


@works("websets.items.list")
async def list_items(sdk, it):
    """Of every sort, with their evaluations and what the enrichments found."""
    for kind in ("company", "person", "article", "research_paper"):
        webset = await filled(sdk, kind)
        page = await sdk(it.list, webset.id, limit=2, source_id=webset.searches[0].id)
        assert (len(page.data), page.has_more) == (2, True)
        assert page.data[0].properties.type == kind
        assert page.data[0].evaluations[0].satisfied == "yes"
        assert page.data[0].enrichments[0].result == ["2016"]


@works("websets.items.list_all", "websets.items.get_all")
async def list_all_items(sdk, it):
    """Page after page."""
    webset = await filled(sdk)
    assert len(await sdk(it.list_all, webset.id, limit=2)) == 3
    assert len(await sdk(it.get_all, webset.id, limit=1)) == 3


@works("websets.items.get")
async def get_item(sdk, it):
    """One by its id."""
    webset = await filled(sdk)
    first = (await sdk(it.list, webset.id)).data[0]
    assert (await sdk(it.get, webset.id, first.id)).properties.company.name == first.properties.company.name


@works("websets.items.delete")
async def delete_item(sdk, it):
    """The others remain."""
    webset = await filled(sdk)
    first, *others = (await sdk(it.list, webset.id)).data
    assert (await sdk(it.delete, webset.id, first.id)).id == first.id
    assert [item.id for item in (await sdk(it.list, webset.id)).data] == [item.id for item in others]
