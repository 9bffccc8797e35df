"""Each fault does what its name says, to whom its rule says."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from asyncjobs.sandbox import Answer, Drop, Fault, Ledger, Lose, Redirect, Replace, Stale, Stall, Truncate
from asyncjobs.sandbox import _faults as faults

KINDS = [
    "exa.search",
    "exa.enrichment",
    "exa.agent_run",
    "watercrawl.search",
    "watercrawl.crawl",
    "watercrawl.sitemap",
]
RUNS = "/agent/runs"


async def test_an_answer_takes_the_place_of_the_reply(opened):
    """Status, headers and body are the rule's, and nothing was done."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(429, {"error": "slow"}, {"Retry-After": "2"}), verb="create"))
        reply = await talk("POST", RUNS, {"query": "x"})

        assert (reply.status, reply.body, reply.headers["Retry-After"]) == (429, {"error": "slow"}, "2")
        assert talk.sandbox.ledger.billed() == 0
        assert (await talk("POST", RUNS, {"query": "x"})).status == 200


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500, 502, 503])
@pytest.mark.parametrize("path", ["/websets/v0/websets", RUNS, "/api/v1/core/search/"])
async def test_an_answer_without_a_body_is_the_services_own(opened, path, status):
    """Every status has an error body in the service's shape."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(status)))
        reply = await talk("GET", path)

        assert reply.status == status
        assert "message" in reply.body if path.startswith("/api") else "error" in reply.body


async def test_an_answer_may_come_after_the_deed(opened):
    """A 500 after which the job exists."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(500, "<html>oops</html>", processed=True)))
        reply = await talk("POST", RUNS, {"query": "x"})

        assert (reply.status, reply.headers["Content-Type"]) == (500, "text/html")
        assert talk.sandbox.ledger.billed() == 1


@pytest.mark.parametrize(("action", "billed"), [(Drop(), 0), (Drop(processed=True), 1), (Lose(), 1)])
async def test_dropped_and_lost_replies_end_the_connection(opened, action, billed):
    """The client hears nothing; only a lost reply has an effect."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(action))

        with pytest.raises(aiohttp.ServerDisconnectedError):
            await talk("POST", RUNS, {"query": "x"})

        assert talk.sandbox.ledger.billed() == billed
        assert talk.sandbox.ledger.requests[-1].status is None
        assert (await talk("GET", RUNS)).status == 200


@pytest.mark.parametrize("keep", [0, 5, 10**6])
async def test_a_truncated_reply_never_gets_to_its_end(opened, keep):
    """The announced length is not reached."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Truncate(keep)))

        with pytest.raises(aiohttp.ClientPayloadError):
            await talk("POST", RUNS, {"query": "x"})

        assert talk.sandbox.ledger.billed() == 1


@pytest.mark.parametrize("processed", [False, True])
async def test_a_stalled_request_is_answered_late(opened, processed):
    """The deed is done before or after the wait."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Stall(60, processed=processed)))
        loop = asyncio.get_running_loop()
        began = loop.time()
        task = asyncio.create_task(talk("POST", RUNS, {"query": "x"}))
        await asyncio.sleep(1)

        assert talk.sandbox.ledger.billed() == processed
        assert (await task).status == 200
        assert loop.time() == began + 60


async def test_rules_speak_of_all_that_is_offered_and_of_nothing_else(opened):
    """A kind or a verb that is missing could not be struck, and one too many would never be."""
    async with opened() as talk:
        services = [service for service, _ in talk.sandbox._dispatcher._services.values()]
        routes = [route for service in services for route in service.routes]

        assert {route.kind for route in routes} | {"unknown"} == set(faults.KINDS)
        assert {route.verb for route in routes} == set(faults.VERBS)
        assert all(f"``{kind}``" in Ledger.__doc__ for kind in faults.KINDS)
        assert " ".join(faults.VERBS) in " ".join(Ledger.__doc__.split())


async def test_a_request_that_its_client_gave_up_is_executed_later(opened):
    """Servers do not notice that nobody listens any more."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Stall(60)))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await talk("POST", RUNS, {"query": "x"})

        assert talk.sandbox.ledger.billed() == 0
        await asyncio.sleep(60)
        assert talk.sandbox.ledger.billed() == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stale_read_shows_the_past(opened, kind):
    """An old state; and of a job that is younger, nothing."""
    async with opened() as talk:
        ref, path = await talk.make(kind)
        await asyncio.sleep(10)
        ended = talk.sandbox.status(ref)
        talk.sandbox.fault(Fault(Stale(9.9), times=2), Fault(Stale(11)))

        assert (await talk("GET", path)).body["status"] not in {ended, None}
        assert (await talk("GET", path)).status == 200
        assert (await talk("GET", path)).status == 404
        assert (await talk("GET", path)).body["status"] == ended


async def test_a_stale_read_does_not_show_a_cancel(opened):
    """What was cancelled a moment ago still reads as running."""
    async with opened() as talk:
        _, path = await talk.make("exa.search")
        await asyncio.sleep(1)
        await talk.cancel(path)
        talk.sandbox.fault(Fault(Stale(0.5)))

        assert (await talk("GET", path)).body["status"] == "running"
        assert (await talk("GET", path)).body["status"] == "canceled"


async def test_a_stale_list_leaves_out_what_is_younger(opened):
    """Lists lag behind, too."""
    async with opened() as talk:
        await talk.make("exa.agent_run")
        await talk.make("watercrawl.search")
        talk.sandbox.fault(Fault(Stale(1), times=None))

        assert (await talk("GET", RUNS)).body["data"] == []
        assert (await talk("GET", "/api/v1/core/search/")).body["count"] == 0


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"id": "x', b""])
async def test_a_replaced_body_comes_under_the_true_status(opened, body):
    """The deed is done, and its reply is nonsense."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Replace(body)))
        reply = await talk("POST", RUNS, {"query": "x"})

        assert (reply.status, reply.text.encode()) == (200, body)
        assert talk.sandbox.ledger.billed() == 1


async def test_a_redirect_leads_elsewhere(opened):
    """A client that follows it arrives where it was sent, and the ledger knows whether it brought its key."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Redirect("http://elsewhere.test/agent/runs", 307)))
        await talk("GET", RUNS, follow=True)
        first, second = talk.sandbox.ledger.requests

        assert (first.status, first.key_sent, second.host) == (307, True, "elsewhere.test")


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"method": "POST"}, [True, False, False]),
        ({"verb": "look"}, [False, True, False]),
        ({"kind": "watercrawl.search"}, [False, False, True]),
        ({"path": "runs/agent_"}, [False, True, False]),
        ({"skip": 1}, [False, True, False]),
        ({"times": 2}, [True, True, False]),
        ({"times": None}, [True, True, True]),
        ({"probability": 0.0}, [False, False, False]),
    ],
    ids=str,
)
async def test_a_rule_strikes_whom_it_fits(opened, rule, struck):
    """Method, verb, kind and path choose; times and skip count."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(418), **rule))
        got = [
            (await talk("POST", RUNS, {"query": "x"})).status == 418,
            (await talk("GET", RUNS + "/agent_run_0")).status == 418,
            (await talk("GET", "/api/v1/core/search/")).status == 418,
        ]

        assert got == struck
        assert [row.fault == "answer" for row in talk.sandbox.ledger.requests] == struck


async def test_cleared_faults_do_nothing(opened):
    """All is well afterwards."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Drop(), times=None))
        talk.sandbox.clear_faults()

        assert (await talk("GET", RUNS)).status == 200


@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_chance_repeats_with_the_seed(opened, seed):
    """Two sandboxes with the same seed strike the same requests, some but not all."""
    runs = []
    for _ in range(2):
        async with opened(seed=seed) as talk:
            talk.sandbox.fault(Fault(Answer(418), times=None, probability=0.5))
            runs.append([(await talk("GET", RUNS)).status for _ in range(20)])

    assert runs[0] == runs[1]
    assert {200, 418} == set(runs[0])
