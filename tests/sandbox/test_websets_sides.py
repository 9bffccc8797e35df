"""Imports with their store, monitors by the clock, and the feed of events."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from asyncjobs.sandbox import Life, Sandbox
from asyncjobs.sandbox._cron import Cron

V0 = "/websets/v0"
ROWS = b"name,url\nOne,https://one.example\nTwo,https://two.example\n"
SIZED = {"size": len(ROWS), "count": 2, "format": "csv", "entity": {"type": "company"}}
SEARCH = {"type": "search", "config": {"query": "new cats", "count": 3}}
CSV = {"Content-Type": "text/csv"}
DAY = 86_400.0


def at(text):
    return dt.datetime.fromisoformat(text)


# -- schedules -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 6 * * *", "Etc/UTC", "2026-03-01T05:59:00Z", "2026-03-01T06:00:00Z"),
        ("0 6 * * *", "Etc/UTC", "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z"),
        ("0 6 * * 1", "Europe/Stockholm", "2026-08-11T00:00:00Z", "2026-08-17T04:00:00Z"),
        ("30 23 31 * *", "Etc/UTC", "2026-02-01T00:00:00Z", "2026-03-31T23:30:00Z"),
        ("0 0 29 2 *", "Etc/UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 13 * 5", "Etc/UTC", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"),
        ("0 12 * jan-mar mon-fri", "Etc/UTC", "2026-04-01T00:00:00Z", "2027-01-01T12:00:00Z"),
        ("15 4 */10 * 7", "Etc/UTC", "2026-03-01T05:00:00Z", "2026-05-31T04:15:00Z"),
        ("0 6 * * *", "Europe/Paris", "2026-03-28T06:00:00Z", "2026-03-29T04:00:00Z"),
    ],
)
def test_a_schedule_comes_round_when_cron_says(cron, zone, after, due):
    """In its own time zone; of two days either will do where both are given."""
    assert Cron.parse(cron, zone).after(at(after)) == at(due)


def test_a_schedule_that_never_comes_round_says_so():
    """The 30th of February is in no year."""
    assert Cron.parse("0 0 30 2 *", "Etc/UTC").after(at("2026-01-01T00:00:00Z")) is None


@pytest.mark.parametrize(
    ("cron", "zone", "wrong"),
    [
        ("0 6 * *", "Etc/UTC", "five fields"),
        ("* 6 * * *", "Etc/UTC", "at most once per day"),
        ("0 6,18 * * *", "Etc/UTC", "at most once per day"),
        ("60 6 * * *", "Etc/UTC", "the minute"),
        ("0 6 0 * *", "Etc/UTC", "the day of the month"),
        ("0 6 * 13 *", "Etc/UTC", "the month"),
        ("0 6 * * fri-mon", "Etc/UTC", "the day of the week"),
        ("0 6 */0 * *", "Etc/UTC", "the day of the month"),
        ("0 6 * * *", "Mars/Olympus", "timezone"),
        ("0 6 * * *", "../etc", "timezone"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(cron, zone, wrong):
    """With the field that is wrong."""
    with pytest.raises(ValueError, match=wrong):
        Cron.parse(cron, zone)


# -- imports and their store -------------------------------------------------------


async def created(talk, **body):
    return (await talk("POST", V0 + "/imports", SIZED | body)).body


async def put(talk, url, data=ROWS, headers=CSV):
    return await talk("PUT", url.removeprefix(talk.sandbox.url), data=data, headers=headers, key=None)


@pytest.mark.parametrize(
    ("body", "data", "reason"),
    [
        ({}, ROWS, None),
        ({"count": 3}, ROWS, None),
        ({"count": 4}, ROWS, "invalid_file_content"),
        ({}, ROWS + b"x", "invalid_file_content"),
        ({}, b"\xff" * len(ROWS), "invalid_format"),
        ({"csv": {"identifier": 1}}, ROWS, None),
        ({"csv": {"identifier": 2}}, ROWS, "missing_identifier"),
    ],
    ids=str,
)
async def test_an_import_is_as_good_as_its_rows(opened, body, data, reason):
    """Once they are there: size and number as announced, and the column of the identifier in each."""
    async with opened() as talk:
        made = await created(talk, **body)
        assert (await put(talk, made["uploadUrl"], data)).status == 200
        await asyncio.sleep(10)
        shown = (await talk("GET", f"{V0}/imports/{made['id']}")).body
        assert (shown["status"], shown["failedReason"]) == ("completed" if reason is None else "failed", reason)
        assert (shown["failedAt"] is None, shown["failedMessage"] is None) == (reason is None, reason is None)
        assert "uploadUrl" not in shown


async def test_the_store_wants_its_signature_its_type_and_its_hour(opened):
    """And nothing else: no key is needed, and none helps."""
    async with opened() as talk:
        made = await created(talk)
        url = made["uploadUrl"]
        for wrong in (url[:-1], url.partition("?")[0], url.replace(made["id"], "other")):
            reply = await put(talk, wrong)
            assert (reply.status, "<Code>SignatureDoesNotMatch</Code>" in reply.text) == (403, True)
        assert (await put(talk, url, headers={"Content-Type": "text/plain"})).status == 403
        await asyncio.sleep(3601)
        assert (await put(talk, url)).status == 403
        assert (await talk("GET", f"{V0}/imports/{made['id']}")).body["status"] == "pending"
        assert (await talk("GET", "/storage/nothing", key=None)).status == 403


async def test_a_second_upload_changes_nothing(opened):
    """The first one is being read."""
    async with opened() as talk:
        made = await created(talk)
        for data in (ROWS, b"x"):
            assert (await put(talk, made["uploadUrl"], data)).status == 200
        await asyncio.sleep(10)
        assert (await talk("GET", f"{V0}/imports/{made['id']}")).body["status"] == "completed"


async def test_a_scripted_import_lives_from_its_upload_on(opened):
    """Until then it waits."""
    async with opened() as talk:
        talk.sandbox.script("exa.import", Life.ordinary("exa.import", waits=5, works=5, ends="failed", reason="x"))
        made = await created(talk)
        await asyncio.sleep(100)
        await put(talk, made["uploadUrl"])
        seen = []
        for _ in range(3):
            seen.append(talk.sandbox.status(f"exa.import:{made['id']}"))
            await asyncio.sleep(5)
        assert seen == ["pending", "processing", "failed"]


# -- monitors --------------------------------------------------------------------


async def monitored(talk, **body):
    webset = await talk.webset(metadata={})
    body = {"websetId": webset["id"], "cadence": {"cron": "0 6 * * *"}, "behavior": SEARCH} | body
    return webset, (await talk("POST", V0 + "/monitors", body)).body


async def test_a_monitor_runs_by_the_clock_even_if_nobody_asks(opened):
    """Each run at its own time, with a search that begins then."""
    async with opened() as talk:
        webset, monitor = await monitored(talk)
        await asyncio.sleep(3 * DAY)
        runs = (await talk("GET", f"{V0}/monitors/{monitor['id']}/runs")).body["data"]
        times = [at(run["createdAt"]) for run in runs]
        assert [(time.hour, time.minute) for time in times] == [(6, 0)] * 3
        assert times == sorted(times, reverse=True)
        searches = (await talk("GET", f"{V0}/websets/{webset['id']}")).body["searches"]
        assert [at(search["createdAt"]) for search in searches] == sorted(times)
        assert {search["behavior"] for search in searches} == {"append"}


async def test_a_monitor_without_a_query_searches_for_the_last_one_again(opened):
    """As it is documented: query, criteria and entity of the last search."""
    async with opened() as talk:
        webset = await talk.webset(search={"query": "dogs", "entity": {"type": "person"}})
        body = {"websetId": webset["id"], "cadence": {"cron": "0 6 * * *"}}
        behavior = {"type": "search", "config": {"count": 2}}
        monitor = (await talk("POST", V0 + "/monitors", body | {"behavior": behavior})).body
        talk.sandbox.run_monitor(monitor["id"])
        search = (await talk("GET", f"{V0}/websets/{webset['id']}")).body["searches"][1]
        assert (search["query"], search["count"], search["entity"]) == ("dogs", 2, {"type": "person"})


async def test_a_monitor_of_a_deleted_webset_is_gone(opened):
    """And makes no more runs."""
    async with opened() as talk:
        webset, monitor = await monitored(talk)
        await talk("DELETE", f"{V0}/websets/{webset['id']}")
        await asyncio.sleep(3 * DAY)
        assert (await talk("GET", f"{V0}/monitors/{monitor['id']}")).status == 404
        assert talk.sandbox.ledger.created("exa.monitor_run") == []
        with pytest.raises(KeyError):
            talk.sandbox.run_monitor(monitor["id"])


async def test_a_refresh_starts_no_search(opened):
    """It has runs all the same."""
    async with opened() as talk:
        behavior = {"type": "refresh", "config": {"target": "contents"}}
        _, monitor = await monitored(talk, behavior=behavior)
        talk.sandbox.run_monitor(monitor["id"])
        assert talk.sandbox.ledger.created("exa.search") == []
        assert (await talk("GET", f"{V0}/monitors/{monitor['id']}")).body["lastRun"]["type"] == "refresh"


@pytest.mark.parametrize(
    "body",
    [
        {"cadence": {"cron": "* * * * *"}},
        {"cadence": {}},
        {"behavior": {"type": "search", "config": {}}},
        {"behavior": {"type": "dance", "config": {}}},
        {"behavior": {"type": "search", "config": {"query": "x", "count": 1}}},
    ],
    ids=str,
)
async def test_a_monitor_that_cannot_be_is_refused(opened, body):
    """400, as for every body that does not fit."""
    async with opened() as talk:
        webset = await talk.webset(metadata={})
        whole = {"websetId": webset["id"], "cadence": {"cron": "0 6 * * *"}, "behavior": SEARCH}
        assert (await talk("POST", V0 + "/monitors", whole | body)).status == 400
        assert (await talk("POST", V0 + "/monitors", whole | {"websetId": "nobody"})).status == 404


# -- events ----------------------------------------------------------------------


async def told(talk, query=""):
    return (await talk("GET", f"{V0}/events?limit=200{query}")).body["data"]


async def test_events_tell_a_life_in_full(opened):
    """Created, each item with news of the search, completed, idle; each with what was true then."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", waits=1, works=4))
        webset = await talk.webset(search={"query": "cats", "count": 2})
        await asyncio.sleep(60)
        life = (
            *("webset.created", "webset.search.created", "webset.item.created", "webset.search.updated"),
            *("webset.search.completed", "webset.idle"),
        )
        events = sorted(await told(talk), key=lambda event: (event["createdAt"], life.index(event["type"])))
        # The second item is found in the moment in which the search ends.
        assert [event["type"] for event in events] == [*life[:4], "webset.item.created", *life[4:]]
        completed = next(event for event in events if event["type"] == "webset.search.completed")
        assert (completed["data"]["status"], completed["data"]["websetId"]) == ("completed", webset["id"])
        assert completed["createdAt"] == completed["data"]["updatedAt"]
        assert (
            next(event for event in events if event["type"] == "webset.search.created")["data"]["status"] == "created"
        )


async def test_events_are_the_same_whenever_they_are_asked_for():
    """Asking often does not change what is told, nor does not asking."""

    async def events(asks):
        async with Sandbox(sockets=False, seed=3) as sandbox, sandbox.session(headers={"x-api-key": "k"}) as session:

            async def ask(method, path, body=None):
                async with session.request(method, sandbox.url + V0 + path, json=body) as reply:
                    return await reply.json()

            await ask(
                "POST", "/websets", {"search": {"query": "cats", "count": 3}, "enrichments": [{"description": "x"}]}
            )
            for _ in range(asks):
                await asyncio.sleep(20 / asks)
                page = await ask("GET", "/events?limit=200")
            return sorted(event["type"] for event in page["data"] if event["type"] != "webset.search.updated")

    assert await events(1) == await events(40)


async def test_an_enrichment_is_told_by_its_items_alone(opened):
    """There is no event of its own, whatever becomes of it."""
    async with opened() as talk:
        webset = await talk.webset(search={"query": "cats", "count": 2}, enrichments=[{"description": "age"}])
        await asyncio.sleep(60)
        talk.sandbox.script("exa.enrichment", Life.ordinary("exa.enrichment", works=None))
        made = await talk("POST", f"{V0}/websets/{webset['id']}/enrichments", {"description": "x"})
        await talk("POST", f"{V0}/websets/{webset['id']}/enrichments/{made.body['id']}/cancel")
        types = {event["type"] for event in await told(talk)}
        assert not [kind for kind in types if "enrichment" in kind]
        assert types >= {"webset.idle"}


async def test_a_canceled_webset_tells_its_searches_and_that_it_is_idle(opened):
    """Each search once."""
    async with opened() as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", works=None), times=None)
        webset = await talk.webset(search={"query": "cats"})
        await talk("POST", f"{V0}/websets/{webset['id']}/searches", {"query": "dogs", "count": 3})
        await asyncio.sleep(5)
        await talk("POST", f"{V0}/websets/{webset['id']}/cancel")
        events = [event["type"] for event in await told(talk)]
        assert (events.count("webset.search.canceled"), events.count("webset.idle")) == (2, 1)


async def test_failures_are_not_told(opened):
    """No import.failed, no monitor.run.failed: who waits must look."""
    async with opened() as talk:
        made = await created(talk, count=9)
        await put(talk, made["uploadUrl"])
        _, monitor = await monitored(talk)
        talk.sandbox.script("exa.monitor_run", Life.ordinary("exa.monitor_run", works=1, ends="failed"))
        talk.sandbox.run_monitor(monitor["id"])
        await asyncio.sleep(60)
        types = {event["type"] for event in await told(talk)}
        assert types >= {"import.created", "monitor.run.created"}
        assert not types & {"import.completed", "monitor.run.completed"}
        assert not [kind for kind in types if "failed" in kind]


async def test_the_feed_has_no_order_and_loses_none_between_its_pages(opened):
    """New events fall in anywhere; a listing that goes on shows what there was at its beginning."""
    async with opened() as talk:
        for _ in range(12):
            await talk.webset(metadata={})
            await asyncio.sleep(1)
        before = {event["id"] for event in await told(talk)}
        listed, cursor = [], ""
        while cursor is not None:
            page = (await talk("GET", f"{V0}/events?limit=5{cursor}")).body
            listed += page["data"]
            cursor = f"&cursor={page['nextCursor']}" if page["hasMore"] else None
            await talk.webset(metadata={})
        times = [event["createdAt"] for event in listed]
        assert times not in (sorted(times), sorted(times, reverse=True))
        assert before <= {event["id"] for event in listed}
        assert len({event["id"] for event in listed}) == len(listed)


async def test_the_feed_takes_types_and_times(opened):
    """Several types, inclusive bounds; others are refused."""
    async with opened() as talk:
        await talk.webset()
        await asyncio.sleep(60)
        await talk.webset()
        chosen = await told(talk, "&types=webset.created&types=webset.idle")
        assert {event["type"] for event in chosen} == {"webset.created", "webset.idle"}
        last = max(event["createdAt"] for event in chosen)
        assert {event["createdAt"] for event in await told(talk, f"&createdAfter={last}")} == {last}
        assert last in {event["createdAt"] for event in await told(talk, f"&createdBefore={last}")}
        for wrong in ("types=x", "createdAfter=yesterday", "limit=0", "cursor=x"):
            assert (await talk("GET", f"{V0}/events?{wrong}")).status == 400
        assert (await talk("GET", f"{V0}/events/nothing")).status == 404


async def test_events_are_kept_for_sixty_days(opened):
    """Then nobody can read them again."""
    async with opened() as talk:
        await talk.webset(metadata={})
        [event] = await told(talk)
        await asyncio.sleep(61 * DAY)
        assert await told(talk) == []
        assert (await talk("GET", f"{V0}/events/{event['id']}")).status == 404
