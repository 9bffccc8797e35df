"""A door for webhooks: what it answers, what it lets in, and whom that wakes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import logging

import aiohttp
import pytest
from aiohttp import web
from push_signing import OTHER, SECRET, event, sign
from push_world import create, now, shown, world
from services import URL

from asyncjobs import Exa, InvalidArgument, JobState, wait_all
from asyncjobs.exa import WebhookReceiver
from asyncjobs.sandbox import Fault, Life, Stall
from asyncjobs.sandbox._memory import MemoryConnector

#: For so many seconds a server of aiohttp reads what is left of a request that it has answered.
LINGERS = 15.0
TIME = 1_790_000_000.0
ENDS = ["webset.search.completed", "webset.search.canceled"]
IDLE = event("webset.idle", {"id": "ws1"})


def door(*clients, **options):
    return WebhookReceiver(SECRET, *clients, **({"clock": lambda: TIME} | options))


def deliver(receiver, body, *secrets):
    return receiver.take(body, sign(body, TIME, *secrets))


# -- what it answers ----------------------------------------------------------------


def test_a_genuine_event_is_let_in_once():
    """And what it brought is there to be read."""
    events = []
    receiver = door(on_event=events.append)
    first = deliver(receiver, event("webset.item.created", {"id": "i1"}, "ev7", new=True))
    again = receiver.take(event("webset.item.created", {"id": "i1"}, "ev7"), sign(IDLE, TIME))
    repeated = deliver(receiver, event("webset.item.created", {"id": "i1"}, "ev7"), SECRET, OTHER)
    assert (first.status, again.status, repeated.status) == (200, 401, 200)
    assert repeated.event is None
    assert [(each.id, each.type, each.data) for each in events] == [("ev7", "webset.item.created", {"id": "i1"})]
    assert events[0].created_at.isoformat() == "2026-08-11T09:20:01+00:00"
    assert first.event is events[0]
    assert (receiver.accepted, receiver.repeated, receiver.refused) == (1, 1, 1)


@pytest.mark.parametrize(
    ("signatures", "status"),
    [
        ([], 400),
        ([""], 400),
        (["t=now,v1=x"], 400),
        (["é"], 400),
        ([b"\xff"], 400),
        ([sign(IDLE, TIME, OTHER)], 401),
        ([sign(IDLE, TIME - 301)], 401),
        ([sign(IDLE, TIME + 301)], 401),
        ([sign(IDLE, TIME), sign(IDLE, TIME)], 400),
        ([sign(IDLE, TIME, OTHER), sign(IDLE, TIME)], 400),
    ],
)
def test_what_is_not_genuine_is_refused(signatures, status):
    """400 if that is no signature, 401 if it is a wrong one; nothing is let in."""
    events = []
    delivery = door(on_event=events.append).take(IDLE, *signatures)
    assert (delivery.status, delivery.event, events) == (status, None, [])


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[]", b"7", b"{}", b"\xff", b'{"id": "e"}', b'{"id": 7, "type": "webset.idle"}'),
        *(b'{"id": "", "type": "t"}', b'{"id": "%b", "type": "t"}' % (b"x" * 301), b"[" * 100_000, b"9" * 10_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_the_service_says_and_nobody_understands_is_answered_with_success(body):
    """It would not be clearer the second time, and a webhook that is answered with errors may be switched off."""
    delivery = deliver(door(), body)
    assert (delivery.status, delivery.event) == (200, None)


@pytest.mark.parametrize("created", [None, 7, "yesterday", "2026-01-01", "9999-12-31T23:59:59-23:00", {}])
def test_an_event_without_a_time_is_an_event(created):
    """And so is one without data."""
    delivery = deliver(door(), event("webset.idle", ["no", "object"], createdAt=created))
    assert (delivery.event.data, delivery.event.created_at) == ({}, None)


def test_the_token_of_a_create_is_not_shown():
    """It is in the metadata of every search that we make."""
    data = {"metadata": {"asyncjobs_token": "t", "mine": "1"}}
    assert deliver(door(), event("webset.search.created", data)).event.data == {"metadata": {"mine": "1"}}


def test_repeats_are_known_of_so_many_events():
    """The store is bounded; the oldest is forgotten first."""
    receiver = door(remember=3)
    taken = [deliver(receiver, event("t", {}, f"ev{number}")).event for number in (1, 2, 3, 1, 4, 2, 1)]
    assert [each is not None for each in taken] == [True, True, True, False, True, False, True]


def test_an_event_that_its_user_could_not_take_comes_again(caplog):
    """The service is told, and the next delivery counts."""
    results = iter([ValueError("disk full"), None])

    def take(_):
        if error := next(results):
            raise error

    receiver = door(on_event=take)
    assert [deliver(receiver, IDLE).status for _ in range(3)] == [500, 200, 200]
    assert "disk full" in caplog.text
    assert (receiver.accepted, receiver.repeated) == (1, 1)


def test_an_event_that_was_not_taken_on_another_loop_comes_again(caplog):
    """A client belongs to its loop; the mistake is logged and loses nothing."""
    exa = Exa("key", base_url="http://localhost:1")
    delivery = deliver(door(exa), IDLE)
    assert delivery.status == 500
    assert "WrongLoop" in caplog.text


async def test_a_closed_client_is_left_alone():
    """The application ends, and the last deliveries are its user's."""
    events = []
    async with world() as (_, exa, _):
        receiver = door(exa, on_event=events.append)
    assert deliver(receiver, IDLE).status == 200
    assert len(events) == 1


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("secret", {"secret": ""}),
        ("tolerance", {"tolerance": "5"}),
        ("max_body_bytes", {"max_body_bytes": 0}),
        ("remember", {"remember": 1.5}),
        ("events", {"events": "webset.idle"}),
        ("events", {"events": 7}),
        ("events[1]", {"events": ["webset.idle", 7]}),
    ],
)
def test_what_a_door_cannot_be_made_of_is_refused(field, options):
    """The error names it, and shows no secret."""
    with pytest.raises(InvalidArgument) as caught:
        WebhookReceiver(**({"secret": SECRET} | options))
    assert caught.value.field == field
    with pytest.raises(InvalidArgument, match=r"^clients\[0\]: expected a client, got str$"):
        WebhookReceiver(SECRET, OTHER)


def test_a_door_shows_no_secret(caplog):
    """Neither in its repr nor in its log."""
    caplog.set_level(logging.DEBUG)
    receiver = door()
    receiver.take(IDLE, sign(IDLE, TIME, OTHER))
    assert SECRET not in repr(receiver) + repr(vars(receiver)) + caplog.text
    assert "left alone" in caplog.text


# -- whom it wakes --------------------------------------------------------------------


async def test_a_search_that_is_delivered_ends_its_wait_without_a_request():
    """The event carries the whole object."""
    async with world(works=5.0) as (sandbox, exa, [job]):
        with door(exa, events=ENDS) as receiver:
            waiting = asyncio.create_task(job.result())
            await asyncio.sleep(10.0)
            deliver(receiver, event("webset.search.completed", shown(sandbox, job)))
            assert (await waiting).status == "completed"
        assert job.snapshot.source == "webhook"
        assert (now(), sandbox.ledger.count()) == (10.0, 0)


async def test_an_idle_webset_shows_all_that_has_ended_in_it():
    """Its searches and its enrichments, which have no events of their own, without a request."""
    async with world(works=5.0) as (sandbox, exa, [search]):
        sandbox.script("exa.enrichment", Life.ordinary("exa.enrichment", works=5.0))
        enrichment = await create(exa, "exa.enrichment", search.ref.parts[0])
        sandbox.ledger.clear()
        with door(exa, events=[*ENDS, "webset.idle", "webset.item.enriched"]) as receiver:
            waiting = asyncio.create_task(wait_all([search, enrichment]))
            await asyncio.sleep(10.0)
            webset = {
                "id": search.ref.parts[0],
                "searches": [shown(sandbox, search)],
                "enrichments": [shown(sandbox, enrichment)],
            }
            deliver(receiver, event("webset.idle", webset))
            assert [end.source for end in await waiting] == ["webhook", "webhook"]
        assert sandbox.ledger.count() == 0


@pytest.mark.parametrize("kind", ["webset.idle", "webset.deleted"])
async def test_what_a_webset_does_not_show_as_ended_is_looked_at(kind):
    """A cancel of the whole webset need not have told each search; the event may be older than the end."""
    async with world(works=5.0, count=2) as (sandbox, exa, jobs):
        with door(exa, events=ENDS) as receiver:
            waiting = asyncio.create_task(wait_all(jobs))
            webset = {"id": jobs[0].ref.parts[0], "searches": [shown(sandbox, jobs[0])]}
            await asyncio.sleep(10.0)
            deliver(receiver, event(kind, webset))
            assert {end.state for end in await waiting} == {JobState.COMPLETED}
        assert now() == 10.0
        assert sandbox.ledger.count() == 1


async def test_an_enriched_item_is_a_reason_to_look_at_enrichments():
    """It may have been the last."""
    async with world(works=5.0, kind="exa.enrichment") as (_, exa, [job]):
        with door(exa, events=["webset.idle", "webset.item.enriched"]) as receiver:
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(10.0)
            deliver(receiver, event("webset.item.enriched", {"id": "i1", "websetId": job.ref.parts[0]}))
            await waiting
            assert now() == 10.0


@pytest.mark.parametrize("data", [{}, {"id": 7}, {"id": "x" * 500, "searches": 3}, {"id": "a\nb", "searches": [None]}])
@pytest.mark.parametrize("kind", ["webset.idle", "webset.search.completed", "monitor.updated", "webset.unheard.of"])
async def test_events_of_any_shape_break_nothing(kind, data):
    """They are the user's to read, and tell no client anything."""
    async with world() as (_, exa, [job]):
        before = job.snapshot
        assert deliver(door(exa), event(kind, data)).event is not None
        assert job.snapshot is before


@pytest.mark.parametrize(
    ("events", "relied"),
    [(None, False), ([], False), (ENDS[:1], False), (ENDS, True), ([*ENDS, "webset.thing.new"], True)],
)
async def test_only_on_ends_that_are_told_one_relies(events, relied):
    """Who is not told of cancels has to look."""
    async with world(works=20.0) as (sandbox, exa, [job]):
        with door(exa, events=events):
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(50.0)
            assert (sandbox.ledger.count() == 0) is relied
        await waiting


async def test_a_door_that_is_closed_is_relied_on_no_longer():
    """Jobs are looked at as usual, at once; what is still delivered counts."""
    async with world(works=20.0) as (_, exa, [job]):
        receiver = door(exa, events=ENDS)
        waiting = asyncio.create_task(job.wait())
        await asyncio.sleep(30.0)
        receiver.close()
        receiver.close()
        await waiting
        assert now() <= 30.1
        assert deliver(receiver, IDLE).status == 200


async def test_several_clients_are_fed():
    """Each with what it holds."""
    async with (
        world(works=5.0) as (sandbox, exa, [job]),
        Exa("key", base_url=sandbox.url, session=sandbox.session()) as other,
    ):
        theirs = other.job(job.ref)
        await theirs.refresh()
        await asyncio.sleep(10.0)
        deliver(door(exa, other), event("webset.search.completed", shown(sandbox, job)))
        assert (job.state, theirs.state) == (JobState.COMPLETED, JobState.COMPLETED)


# -- on a server of aiohttp ---------------------------------------------------------------


async def post(receiver, body, *signatures, method="POST", **options):
    """Return the status with which an application of aiohttp answers."""
    app = web.Application()
    app.router.add_route("*", "/exa", receiver.aiohttp_handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    headers = [("Exa-Signature", each) for each in signatures] + list(options.pop("headers", {}).items())
    async with (
        aiohttp.ClientSession(connector=MemoryConnector(runner.server)) as session,
        session.request(method, f"{URL}/exa", data=body, headers=headers, **options) as response,
    ):
        assert await response.read() == b""
    await asyncio.sleep(LINGERS)
    await runner.cleanup()
    return response.status


async def test_a_server_of_aiohttp_takes_deliveries():
    """As the README mounts it; the name of the header has no case."""
    receiver = door()
    assert await post(receiver, IDLE, sign(IDLE, TIME)) == 200
    assert receiver.accepted == 1
    assert await post(receiver, IDLE, headers={"EXA-SIGNATURE": sign(IDLE, TIME)}) == 200
    assert receiver.repeated == 1


@pytest.mark.parametrize(
    ("status", "body", "options"),
    [
        (400, IDLE, {}),
        (401, IDLE, {"signature": sign(IDLE, TIME, OTHER)}),
        (405, IDLE, {"method": "PUT"}),
        (405, None, {"method": "GET"}),
        (413, b"x" * 2000, {}),
        (400, b"no gzip", {"headers": {"Content-Encoding": "gzip"}}),
        (413, gzip.compress(b" " * 50_000_000), {"headers": {"Content-Encoding": "gzip"}}),
    ],
)
async def test_a_server_of_aiohttp_refuses_the_rest(status, body, options):
    """Nothing of it is read further than the bound."""
    receiver = door(max_body_bytes=1000)
    signatures = [options.pop("signature")] if "signature" in options else []
    assert await post(receiver, body, *signatures, **options) == status
    assert receiver.accepted == 0


async def test_a_body_of_unknown_length_is_bounded_too():
    """It is read in pieces, and not to its end."""
    sent = 0

    async def pieces():
        nonlocal sent
        for _ in range(100_000):
            sent += 1
            yield b"x" * 1000

    receiver = door(max_body_bytes=5000)
    # The connection may go before everything was sent.
    with contextlib.suppress(aiohttp.ClientError):
        assert await post(receiver, pieces()) == 413
    assert sent < 100_000


async def test_who_does_not_send_what_was_announced_is_not_waited_for():
    """Half a minute, no more."""

    async def half():
        yield b"{"
        await asyncio.sleep(1000.0)

    assert await post(door(), half()) == 408
    assert now() == 30.0 + LINGERS


# -- as an ASGI application ------------------------------------------------------------------


async def asgi(receiver, messages, *signatures, **scope):
    """Return what an ASGI server would send."""
    left, sent = list(messages), []

    async def receive():
        return left.pop(0)

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"x"), *((b"exa-signature", each.encode("latin-1")) for each in signatures)]
    whole = {"type": "http", "method": "POST", "headers": [*headers, *scope.pop("headers", [])]} | scope
    await receiver.asgi_app(whole, receive, send)
    return sent


def pieces(*bodies):
    return [
        {"type": "http.request", "body": body, "more_body": number < len(bodies)}
        for number, body in enumerate(bodies, 1)
    ]


async def test_an_asgi_server_delivers():
    """In one piece or in several."""
    for body in ([IDLE], [IDLE[:10], b"", IDLE[10:]]):
        receiver = door()
        start, end = await asgi(receiver, pieces(*body), sign(IDLE, TIME))
        assert (start["type"], start["status"], end["body"]) == ("http.response.start", 200, b"")
        assert receiver.accepted == 1


@pytest.mark.parametrize(
    ("status", "body", "options"),
    [
        (400, IDLE, {}),
        (400, IDLE, {"signature": "é"}),
        (401, IDLE, {"signature": sign(IDLE, TIME, OTHER)}),
        (405, b"", {"method": "GET"}),
        (413, b"x" * 2000, {}),
        (413, b"", {"headers": [(b"content-length", b"9" * 5000)]}),
    ],
)
async def test_an_asgi_server_is_told_what_to_refuse(status, body, options):
    """By the status alone."""
    receiver = door(max_body_bytes=1000)
    signatures = [options.pop("signature")] if "signature" in options else []
    start, _ = await asgi(receiver, pieces(body), *signatures, **options)
    assert start["status"] == status
    assert receiver.accepted == 0


async def test_a_sender_that_goes_away_is_not_answered():
    """There is nobody to answer."""
    assert (
        await asgi(door(), [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
        == []
    )


async def test_an_asgi_server_may_serve_nothing_else():
    """Then it starts and ends the application; at the end the webhook is relied on no longer."""
    async with world(works=20.0) as (sandbox, exa, [job]):
        receiver = door(exa, events=ENDS)
        waiting = asyncio.create_task(job.wait())
        await asyncio.sleep(30.0)
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent = await asgi(receiver, messages, type="lifespan")
        assert [each["type"] for each in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        await waiting
        assert now() <= 30.1
        assert sandbox.ledger.count() == 1


async def test_a_websocket_is_turned_away():
    """Webhooks do not come by it."""
    assert await asgi(door(), [{"type": "websocket.connect"}], type="websocket") == [{"type": "websocket.close"}]


async def test_an_answer_does_not_wait_for_looks():
    """Two hundred at once, however slow the service is."""
    async with world(works=5.0) as (sandbox, exa, [job]):
        sandbox.fault(Fault(Stall(500.0), verb="look", times=None))
        with door(exa, events=ENDS) as receiver:
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(10.0)
            body = event("webset.idle", {"id": job.ref.parts[0]})
            assert await post(receiver, body, sign(body, TIME)) == 200
            assert now() == 10.0 + LINGERS
            deliver(receiver, event("webset.search.completed", shown(sandbox, job), "ev2"))
            await waiting
            assert now() == 10.0 + LINGERS


def test_json_of_a_delivery_need_not_be_written_as_we_would():
    """The signature is of the bytes."""
    body = json.dumps(json.loads(IDLE), indent=3).encode()
    assert deliver(door(), body).event.type == "webset.idle"
    assert door().take(json.dumps(json.loads(body)).encode(), sign(body, TIME)).status == 401


def test_a_door_may_be_forgotten():
    """One that was never closed ends with its client, and complains to nobody."""

    async def use():
        async with Exa("key", base_url="http://localhost:1") as exa:
            made = door(exa, events=ENDS)
            deliver(made, IDLE)
            return made

    made = asyncio.run(use())
    del made
    gc.collect()
