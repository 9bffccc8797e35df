"""Webhooks, the feed of events, the preview and the team."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest
from clients import open_exa
from services import URL, answer, serving

from asyncjobs import Exa, InvalidArgument, InvalidRequest, NotFound, ProtocolError
from asyncjobs.exa import (
    EXA,
    EventType,
    Import,
    Monitor,
    MonitorRun,
    Webhook,
    Webset,
    WebsetEvent,
    WebsetItem,
    WebsetSearch,
)
from asyncjobs.sandbox import Answer, Fault, Lose

TO = "https://hooks.example.com/x"


# -- webhooks --------------------------------------------------------------------


async def test_the_secret_of_a_webhook_is_told_once_and_never_shown():
    """Only by its creation, and in no repr."""
    async with open_exa() as (_, exa):
        made = await exa.websets.webhooks.create(events=[EventType.WEBSET_IDLE, "import.completed"], url=TO)
        assert made.secret
        assert made.secret not in repr(made)
        assert (made.events, made.url, made.status) == (("webset.idle", "import.completed"), TO, "active")
        assert (await exa.websets.webhooks.get(made.id)).secret is None
        assert [each.secret async for each in exa.websets.webhooks.list()] == [None]


async def test_a_webhook_whose_secret_was_lost_is_made_anew():
    """Without it nobody could tell deliveries from forgeries; there is one webhook at last."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(Lose(), verb="create", kind="exa.webhook"))
        made = await exa.websets.webhooks.create(events=["webset.idle"], url=TO, metadata={"a": "b"})
        assert made.secret
        assert made.metadata == {"a": "b"}
        assert [each.id async for each in exa.websets.webhooks.list()] == [made.id]
        assert sandbox.ledger.count("create", "exa.webhook") == 2


async def test_a_service_that_tells_no_secret_is_not_asked_for_ever():
    """After some attempts that is an error, and none of them is left behind."""
    made, deleted = [], []

    async def service(request):
        if request.method == "DELETE":
            deleted.append(request.path.rpartition("/")[2])
        else:
            made.append(f"w{len(made)}")
        return answer({"id": made[-1], "status": "active", "events": ["webset.idle"], "url": TO, "secret": None})

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(ProtocolError, match="no secret"):
            await exa.websets.webhooks.create(events=["webset.idle"], url=TO)
    assert made == deleted == ["w0", "w1", "w2"]


async def test_webhooks_are_changed_listed_and_deleted():
    """As everything else."""
    async with open_exa() as (_, exa):
        webhooks = exa.websets.webhooks
        made = [await webhooks.create(events=["webset.idle"], url=TO) for _ in range(3)]
        changed = await webhooks.update(made[0].id, events=["webset.created"], metadata={"a": "b"})
        assert (changed.events, changed.metadata, changed.url) == (("webset.created",), {"a": "b"}, TO)
        assert {each.id async for each in webhooks.list(page_size=2)} == {each.id for each in made}
        assert (await webhooks.delete(made[0].id)).id == made[0].id
        with pytest.raises(NotFound):
            await webhooks.get(made[0].id)


@pytest.mark.parametrize("events", ["webset.idle", 7])
@pytest.mark.parametrize("call", ["create", "update", "list"])
async def test_one_type_of_event_is_not_taken_for_its_letters(call, events):
    """A text is a sequence, too; what is no sequence at all is refused likewise."""
    async with open_exa() as (sandbox, exa):
        with pytest.raises(InvalidArgument, match=f"got {type(events).__name__}"):
            if call == "create":
                await exa.websets.webhooks.create(events=events, url=TO)
            elif call == "update":
                await exa.websets.webhooks.update("w", events=events)
            else:
                exa.websets.events.list(types=events)
        assert sandbox.ledger.requests == []


async def test_attempts_tell_what_was_delivered():
    """The newest first; some of them by type and by whether they were answered."""
    async with open_exa() as (sandbox, exa):
        statuses = iter([500, 200, 200])

        async def post(*_):
            return next(statuses)

        sandbox.deliver(post=post)
        made = await exa.websets.webhooks.create(events=["webset.created", "webset.deleted"], url=TO)
        await exa.websets.delete((await exa.websets.create(metadata={})).id)
        await asyncio.sleep(60)
        attempts = exa.websets.webhooks.attempts
        told = [each async for each in attempts.list(made.id, page_size=1)]
        assert sorted((each.event_type, each.attempt, each.successful) for each in told) == [
            ("webset.created", 1, False),
            ("webset.created", 2, True),
            ("webset.deleted", 1, True),
        ]
        assert [each.attempted_at for each in told] == sorted((each.attempted_at for each in told), reverse=True)
        assert len([each async for each in attempts.list(made.id, successful=False)]) == 1
        assert len([each async for each in attempts.list(made.id, event_type="webset.deleted")]) == 1


# -- events ----------------------------------------------------------------------


def test_the_types_of_events_are_those_that_are_understood():
    """All nineteen, here and where pushes are read."""
    assert set(EXA.feed.tells) == set(EventType)
    assert len(EventType) == 19


async def test_events_carry_whole_resources():
    """Each as its class, whatever happened."""
    async with open_exa() as (sandbox, exa):
        webset = await exa.websets.create(search={"query": "cats", "count": 2})
        await exa.job(webset)
        monitor = await exa.websets.monitors.create(
            webset.id, cron="0 6 * * *", behavior={"type": "search", "config": {"count": 2}}
        )
        sandbox.run_monitor(monitor.id)
        await exa.websets.imports.send("name\nx\n", entity={"type": "company"})
        classes = {event.type: type(event.resource) async for event in exa.websets.events.list(page_size=3)}
        assert classes["webset.created"] is classes["webset.idle"] is Webset
        assert classes["webset.search.completed"] is WebsetSearch
        assert classes["webset.item.created"] is WebsetItem
        assert classes["import.created"] is Import
        assert classes["monitor.created"] is Monitor
        assert classes["monitor.run.created"] is MonitorRun
        one = await anext(exa.websets.events.list(types=["webset.idle"]))
        assert await exa.websets.events.get(one.id) == one


@pytest.mark.parametrize("kind", ["webset.export.created", "webset.export.completed", "webset.exploded"])
async def test_an_event_that_nobody_knows_is_read_all_the_same(kind):
    """The export types have no documented data, and new types come."""
    event = {"id": "e", "object": "event", "type": kind, "data": {"object": "thing", "x": 1}}

    async def service(_):
        return answer({"data": [event], "hasMore": False, "nextCursor": None})

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        [seen] = [each async for each in exa.websets.events.list()]
    assert (seen.type, seen.data["x"], seen.resource) == (kind, 1, None)


def test_an_event_whose_resource_does_not_fit_says_so():
    """Only when the resource is asked for."""
    with pytest.raises(ProtocolError, match="Webset does not fit"):
        _ = WebsetEvent(id="e", type="webset.idle", data={"object": "webset"}).resource


async def test_the_feed_is_asked_for_a_time_of_events():
    """Both bounds are inclusive, and any zone will do."""
    async with open_exa() as (_, exa):
        for _ in range(3):
            await exa.websets.create(metadata={})
            await asyncio.sleep(10)
        every = sorted([each async for each in exa.websets.events.list()], key=lambda each: each.created_at)
        middle = every[1].created_at.astimezone(timezone(timedelta(hours=5)))
        after = [each async for each in exa.websets.events.list(created_after=middle)]
        before = [each async for each in exa.websets.events.list(created_before=middle, page_size=1)]
        assert {each.id for each in after} == {every[1].id, every[2].id}
        assert {each.id for each in before} == {every[0].id, every[1].id}


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), "2026-01-01", 0])  # noqa: DTZ001
async def test_a_time_that_could_mean_any_is_refused(moment):
    """Naive, or no time at all."""
    async with open_exa() as (sandbox, exa):
        for field in ("created_after", "created_before"):
            with pytest.raises(InvalidArgument) as caught:
                exa.websets.events.list(**{field: moment})
            assert caught.value.field == field
        assert sandbox.ledger.requests == []


# -- preview and team --------------------------------------------------------------


async def test_a_preview_creates_nothing():
    """It tells how a query would be understood, and on demand what would be found."""
    async with open_exa() as (sandbox, exa):
        plain = await exa.websets.preview(query="cats", entity={"type": "person"})
        assert (plain.search.entity.type, plain.items) == ("person", ())
        assert plain.search.criteria[0].description
        found = await exa.websets.preview(query="cats", count=3, search=True)
        assert len(found.items) == 3
        assert found.items[0].properties.company.name
        assert sandbox.ledger.created() == []
        with pytest.raises(InvalidRequest, match="Unable to detect"):
            await exa.websets.preview(query="???")


async def test_a_team_tells_its_searches():
    """How many run and wait, and that there is no limit."""
    async with open_exa() as (sandbox, exa):
        await exa.websets.create(search={"query": "cats"})
        await asyncio.sleep(1)
        await exa.websets.create(search={"query": "cats"})
        team = await exa.team()
        assert (team.concurrency.active, team.concurrency.queued) == (1, 1)
        assert (team.limits.max_concurrent, team.limits.max_queued) == (None, None)
        sandbox.fault(Fault(Answer(401, body={"error": "Unauthorized"}), kind="exa.team"))
        with pytest.raises(Exception, match="Unauthorized"):
            await exa.team()


def test_a_webhook_hides_its_secret():
    """Also where it was made by hand."""
    assert "whsec" not in repr(Webhook(id="w", status="active", secret="whsec_1"))


async def test_an_item_is_read_and_deleted():
    """One by one, with what it is and what was found out about it."""
    async with open_exa() as (_, exa):
        webset = await exa.websets.create(search={"query": "cats", "count": 2}, enrichments=[{"description": "age"}])
        await exa.job(webset)
        first = await anext(exa.websets.items.list(webset.id))
        item = await exa.websets.items.get(webset.id, first.id)
        assert item == first
        assert item.enrichments[0].result is not None
        assert (await exa.websets.items.delete(webset.id, item.id)).id == item.id
        with pytest.raises(NotFound):
            await exa.websets.items.get(webset.id, item.id)


async def test_imported_rows_become_items():
    """Of a webset that was made from an import."""
    async with open_exa() as (_, exa):
        job = await exa.websets.imports.send("name\na\nb\n", entity={"type": "person"})
        await job
        webset = await exa.websets.create(imports=[{"source": "import", "id": job.id}])
        done = await exa.job(webset)
        assert [each.id for each in done.imports] == [job.id]
        items = [item async for item in exa.websets.items.list(webset.id, source_id=job.id)]
        assert [(item.source, item.properties.type) for item in items] == [("import", "person")] * 2
