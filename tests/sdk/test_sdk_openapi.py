"""Every reply of the sandbox's Websets is what the published description says."""

from __future__ import annotations

import asyncio

import pytest
from openapi_check import ADDED, Judge
from sdk_operations import OPERATIONS

from asyncjobs.sandbox import Life, Sandbox

ROOT = "/websets/v0/websets"
V0 = "/websets/v0"
ENTITIES = [{"type": name} for name in ("company", "person", "article", "research_paper")]
ENTITIES.append({"type": "custom", "description": "breeds of cats"})
EVENTS = ["webset.created", "webset.deleted", "webset.idle", "import.completed", "monitor.run.completed"]
FORMATS = ["text", "date", "number", "email", "phone", "url"]
FULL = {
    "query": "cats",
    "count": 5,
    "criteria": [{"description": "has whiskers"}],
    "recall": True,
    "behavior": "append",
    "maxPeoplePerCompany": 2,
    "exclude": [{"source": "webset", "id": "ws_1"}],
    "scope": [{"source": "import", "id": "i_1", "relationship": {"definition": "cats of", "limit": 3}}],
    "metadata": {"a": "b"},
}


class Court:
    """Asks a sandbox and lets a judge see every reply: `await court("GET", "/x")` returns the body."""

    def __init__(self, sandbox, judge):
        self.sandbox = sandbox
        self.judge = judge
        self.wrongs = []
        self._session = sandbox.session(headers={"x-api-key": "key"})

    async def __call__(self, method, path, body=None):
        path = path if path.startswith(V0) else ROOT + path
        async with self._session.request(method, self.sandbox.url + path, json=body) as reply:
            payload = await reply.json()
            if "x-request-id" not in reply.headers:
                self.wrongs.append(f"{method} {path}: no X-Request-Id")
        wrongs = self.judge.wrongs(method, path.partition("?")[0], reply.status, payload)
        self.wrongs += [f"{method} {path}: {wrong}" for wrong in wrongs]
        return payload


async def live_through(court):
    """Use every operation, on jobs of every sort, at every station of their lives."""
    webset = await court(
        "POST",
        "",
        {
            "externalId": "mine",
            "search": FULL,
            "enrichments": [{"description": "about", "format": name} for name in FORMATS],
            "exclude": [{"source": "webset", "id": "ws_2"}],
            "metadata": {"a": "b"},
        },
    )
    one = f"/{webset['id']}"
    for entity in ENTITIES:
        await court("POST", one + "/searches", {"query": "cats", "count": 2, "entity": entity})
    options = {"description": "furry?", "options": [{"label": "yes"}, {"label": "no"}]}
    choosing = await court("POST", one + "/enrichments", options | {"metadata": {"a": "b"}})
    for _ in range(5):
        await court("GET", one + "?expand=items")
        await court("GET", f"{one}/searches/{webset['searches'][0]['id']}")
        await court("GET", f"{one}/enrichments/{choosing['id']}")
        await asyncio.sleep(2)
    await court("PATCH", f"{one}/enrichments/{choosing['id']}", {"description": "fluffy?", "metadata": None})
    page = await court("GET", one + "/items?limit=4")
    await court("GET", f"{one}/items?cursor={page['nextCursor']}")
    await court("GET", f"{one}/items/{page['data'][0]['id']}")
    await court("DELETE", f"{one}/items/{page['data'][0]['id']}")
    await court("DELETE", f"{one}/enrichments/{choosing['id']}")
    await court("POST", one, {"metadata": {"c": "d"}})
    await court("POST", "", {"externalId": "mine"})

    # What never ends by itself, ended in every way.
    for kind in ("exa.search", "exa.enrichment"):
        court.sandbox.script(kind, Life.ordinary(kind, works=None), times=None)
    for path, body in (("searches", {"query": "dogs", "count": 9}), ("enrichments", {"description": "age"})):
        job = await court("POST", f"{one}/{path}", body)
        await asyncio.sleep(1)
        await court("POST", f"{one}/{path}/{job['id']}/cancel")
        await court("POST", f"{one}/{path}/{job['id']}/cancel")
        await court("POST", f"{one}/{path}", body)
    search = await court("POST", one + "/searches", {"query": "dogs", "count": 9})
    court.sandbox.end(f"exa.search:{webset['id']}/{search['id']}", "canceled", reason="webset_canceled")
    await court("GET", f"{one}/searches/{search['id']}")
    await court("POST", one + "/cancel")
    await court("POST", one + "/cancel")
    await court("POST", "", {})
    await beside(court, webset["id"])
    page = await court("GET", "?limit=1")
    await court("GET", f"?cursor={page['nextCursor']}")
    await court("GET", "/mine?expand=items")
    await court("DELETE", one)
    await court("GET", one)


async def beside(court, webset):
    """Use what there is besides websets and the work in them."""
    imports, monitors, webhooks = V0 + "/imports", V0 + "/monitors", V0 + "/webhooks"
    sized = {"size": 10, "count": 1, "format": "csv", "entity": {"type": "company"}, "title": "x"}
    hook = await court("POST", webhooks, {"events": ["webset.created"], "url": "https://hooks.example.com/x"})
    await court("POST", webhooks, {"events": EVENTS, "url": "https://hooks.example.com/y", "metadata": {"a": "b"}})
    made = [await court("POST", imports, sized | {"metadata": {"a": "b"}}) for _ in range(2)]
    for rows, each in zip((b"name\nx\n..", b"name\nx"), made, strict=True):
        async with (
            court.sandbox.session() as session,
            session.put(each["uploadUrl"], data=rows, headers={"Content-Type": "text/csv"}) as reply,
        ):
            assert reply.status == 200
    await court("POST", "", {"import": [{"source": "import", "id": made[0]["id"]}]})
    behavior = {"type": "search", "config": {"query": "new cats", "count": 2}}
    body = {"websetId": webset, "cadence": {"cron": "0 6 * * *"}, "behavior": behavior}
    monitor = await court("POST", monitors, body)
    run = court.sandbox.run_monitor(monitor["id"]).rpartition("/")[2]
    for _ in range(3):
        await court("GET", f"{imports}/{made[0]['id']}")
        await court("GET", f"{imports}/{made[1]['id']}")
        await court("GET", f"{monitors}/{monitor['id']}/runs/{run}")
        await court("GET", f"{monitors}/{monitor['id']}")
        await asyncio.sleep(4)
    await court("GET", f"{ROOT}/{webset}")
    await court("GET", f"{monitors}/{monitor['id']}/runs")
    await court("GET", imports + "?limit=1")
    await court("GET", monitors)
    await court("PATCH", f"{imports}/{made[0]['id']}", {"title": "y"})
    await court("PATCH", f"{monitors}/{monitor['id']}", {"status": "disabled"})
    await court("DELETE", f"{monitors}/{monitor['id']}")
    await court("DELETE", f"{imports}/{made[1]['id']}")
    await court("GET", f"{webhooks}/{hook['id']}")
    await court("GET", webhooks)
    await court("PATCH", f"{webhooks}/{hook['id']}", {"events": ["webset.idle"]})
    await court("GET", f"{webhooks}/{hook['id']}/attempts")
    await court("DELETE", f"{webhooks}/{hook['id']}")
    await court("POST", "/preview?search=true", {"search": {"query": "cats", "count": 3}})
    await court("POST", "/preview", {"search": {"query": "cats", "entity": ENTITIES[-1]}})
    page = await court("GET", V0 + "/events?limit=200")
    await court("GET", f"{V0}/events/{page['data'][0]['id']}")


async def test_sdk_websets_replies_are_as_published():
    """No missing, no unknown and no wrong field beyond the listed differences, each of which occurs."""
    async with Sandbox(sockets=False) as sandbox:
        court = Court(sandbox, Judge.published())
        await live_through(court)

        assert court.wrongs == []
        assert court.judge.judged == {(row.method.lower(), row.path) for row in OPERATIONS if row.published}
        assert court.judge.used == set(ADDED)


async def test_sdk_differences_from_the_description_are_only_these():
    """Without the list, what is wrong is exactly what the list says."""
    async with Sandbox(sockets=False) as sandbox:
        court = Court(sandbox, Judge.published(added={}))
        await live_through(court)

        fields = {field for _, field in ADDED}
        assert {
            wrong for wrong in court.wrongs if not any(f"'{field}' was unexpected" in wrong for field in fields)
        } == (set())
        assert all(any(f"'{field}' was unexpected" in wrong for wrong in court.wrongs) for field in fields)


def test_sdk_operations_are_all_that_are_published():
    """The list that the tests of client and sandbox go by misses none and invents none."""
    assert {(row.method.lower(), row.path) for row in OPERATIONS if row.published} == Judge.published().operations


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"colour": "red"}, "('colour' was unexpected)"),
        ({"status": "canceled"}, "is not one of ['idle', 'pending', 'running', 'paused']"),
        ({"createdAt": "yesterday"}, "is not a 'date-time'"),
        ({"searches": [{}]}, "$.searches[0]: 'id' is a required property"),
        ({"imports": None}, "None is not of type 'array'"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_sdk_judge_finds_what_is_wrong(change, wrong):
    """An unknown key, a wrong word, a wrong time, a missing field deep inside, a null."""
    async with Sandbox(sockets=False) as sandbox:
        court = Court(sandbox, Judge.published())
        webset = await court("POST", "", {"search": {"query": "cats"}})

        wrongs = court.judge.wrongs("GET", f"{ROOT}/{webset['id']}", 200, webset | change)
        assert court.wrongs == []
        assert any(wrong in found for found in wrongs)
        assert court.judge.wrongs("GET", "/websets/v0/nothing", 200, {}) == ["get /websets/v0/nothing is not described"]
        assert court.judge.wrongs("POST", ROOT, 200, {}) == ["post /v0/websets has no 200"]
