"""Connections that are refused, reset or cut anywhere, restarts, spells of bad weather, and words nobody knows."""

from __future__ import annotations

import asyncio
import errno

import aiohttp
import pytest

from asyncjobs.sandbox import Answer, Choice, Cut, Drop, Fault, Restart, Sandbox, Say, Stall

RUNS = "/agent/runs"
BOTH = pytest.mark.parametrize("sockets", [pytest.param(True, marks=pytest.mark.real_time), False])


@BOTH
async def test_refused_connections_reach_nobody(opened, sockets):
    """New connections fail before anything is sent, for as long as was said; later all is as before."""
    async with opened(sockets=sockets) as talk:
        url = talk.sandbox.url
        talk.sandbox.refuse(0.1)
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await talk("POST", RUNS, {"query": "x"})
        await asyncio.sleep(0.3)

        assert refused.value.errno == errno.ECONNREFUSED
        assert talk.sandbox.ledger.requests == []
        assert talk.sandbox.refused == (0 if sockets else 1)
        assert (await talk("GET", RUNS)).status == 200
        assert talk.sandbox.url == url


@BOTH
async def test_a_refusal_spares_the_connections_that_are_open(opened, sockets):
    """Only new ones are turned away."""
    async with opened(sockets=sockets) as talk:
        await talk("GET", RUNS)
        talk.sandbox.refuse(60)

        assert (await talk("GET", RUNS)).status == 200


@BOTH
async def test_a_restart_breaks_off_what_is_open_and_keeps_the_jobs(opened, sockets):
    """Everybody is thrown out, nobody is let in, and then the same jobs are there."""
    async with opened(sockets=sockets) as talk:
        _, path = await talk.make("exa.agent_run")
        talk.sandbox.fault(Fault(Stall()))
        # Not a GET: the client library would repeat that by itself, and be refused.
        waiting = asyncio.create_task(talk("POST", path + "/cancel"))
        await asyncio.sleep(0.1)
        talk.sandbox.restart(0.1)

        with pytest.raises(aiohttp.ClientOSError) as broken:
            await waiting
        assert broken.value.errno == errno.ECONNRESET
        with pytest.raises(aiohttp.ClientConnectorError):
            await talk("POST", RUNS, {"query": "x"})
        await asyncio.sleep(0.3)
        assert (await talk("GET", path)).status == 200
        assert talk.sandbox.ledger.billed() == 1


async def test_a_refusal_can_be_made_longer_and_not_shorter(opened):
    """Of several, the one that lasts longest counts."""
    async with opened() as talk:
        talk.sandbox.refuse(10)
        talk.sandbox.refuse(1)
        await asyncio.sleep(5)

        with pytest.raises(aiohttp.ClientConnectorError):
            await talk("GET", RUNS)


@pytest.mark.real_time
async def test_a_sandbox_closes_while_it_refuses():
    """What would have opened the port again is gone with it."""
    async with Sandbox() as sandbox:
        sandbox.refuse(3600)


@BOTH
@pytest.mark.parametrize(("action", "billed"), [(Drop(reset=True), 0), (Drop(processed=True, reset=True), 1)])
async def test_a_connection_can_be_reset(opened, sockets, action, billed):
    """The client sees a reset and not an end, before or after the deed."""
    async with opened(sockets=sockets) as talk:
        talk.sandbox.fault(Fault(action))

        with pytest.raises(aiohttp.ClientOSError) as broken:
            await talk("POST", RUNS, {"query": "x"})

        assert broken.value.errno == errno.ECONNRESET
        assert talk.sandbox.ledger.billed() == billed


@BOTH
@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.5, 0.95, 0.999])
async def test_a_reply_can_be_cut_anywhere(opened, sockets, share):
    """In the status line, among the headers or in the body: the deed is done and its reply never complete."""
    async with opened(sockets=sockets) as talk:
        talk.sandbox.fault(Fault(Cut(share)))

        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
            await talk("POST", RUNS, {"query": "x"})

        assert talk.sandbox.ledger.billed() == 1
        assert (await talk("GET", RUNS)).status == 200


async def test_a_reply_that_is_cut_at_its_end_is_whole(opened):
    """The whole reply arrives, under its own status and headers, and then the connection ends."""
    async with opened() as talk:
        whole = await talk("GET", RUNS)
        talk.sandbox.fault(Fault(Cut(1.0)))
        cut = await talk("GET", RUNS)

        assert (cut.status, cut.body) == (whole.status, whole.body)
        assert cut.headers.keys() - {"Server"} == whole.headers.keys() - {"Server"}


@pytest.mark.parametrize("kind", ["exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search"])
async def test_a_service_can_say_any_word(opened, kind):
    """The word stands where the status stood, and the job is what it was."""
    async with opened() as talk:
        ref, path = await talk.make(kind)
        before = talk.sandbox.status(ref)
        talk.sandbox.fault(Fault(Say("pondering")))

        assert (await talk("GET", path)).body["status"] == "pondering"
        assert (await talk("GET", path)).body["status"] == talk.sandbox.status(ref) == before


async def test_a_word_is_said_in_every_row_of_a_list_and_in_no_error(opened):
    """Lists say it of all jobs; refusals have no status of a job."""
    async with opened() as talk:
        await talk.make("exa.agent_run")
        await talk.make("exa.agent_run")
        talk.sandbox.fault(Fault(Say("pondering"), times=2))

        assert {row["status"] for row in (await talk("GET", RUNS)).body["data"]} == {"pondering"}
        assert "pondering" not in (await talk("GET", RUNS + "/nobody")).text


async def test_a_spell_strikes_everybody_until_it_is_over(opened):
    """All that fits within the spell is struck, and counts once."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(429), lasts=10, times=2))
        first = [(await talk("GET", RUNS)).status for _ in range(3)]
        await asyncio.sleep(10)
        second = [(await talk("GET", RUNS)).status for _ in range(3)]
        await asyncio.sleep(10)

        assert first == second == [429, 429, 429]
        assert (await talk("GET", RUNS)).status == 200


async def test_a_choice_does_one_of_several_things(opened):
    """Each strike draws anew, and the ledger tells what was drawn."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Choice((Answer(418), Answer(500), Say("x"))), times=50))
        statuses = [(await talk("GET", RUNS)).status for _ in range(50)]

        assert set(statuses) == {418, 500, 200}
        assert {row.fault for row in talk.sandbox.ledger.requests} == {"answer", "say"}


def test_a_choice_of_nothing_is_refused():
    """So is a share beyond the whole."""
    with pytest.raises(ValueError, match="deeds"):
        Choice(())
    with pytest.raises(ValueError, match="share"):
        Cut(1.5)


async def test_a_restart_can_be_a_fault(opened):
    """A request can be the last one that a server sees, with or without its effect."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Restart(5)), Fault(Restart(5, processed=True)))
        for _ in range(2):
            with pytest.raises(aiohttp.ClientOSError):
                await talk("POST", RUNS, {"query": "x"})
            with pytest.raises(aiohttp.ClientConnectorError):
                await talk("GET", RUNS)
            await asyncio.sleep(5)

        assert talk.sandbox.ledger.billed() == 1


async def test_the_ledger_keeps_what_was_sent(opened):
    """Whoever searches for one create among many finds it by its body, also if it was refused."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(503)))
        await talk("POST", RUNS, {"query": "needle"})

        assert b"needle" in talk.sandbox.ledger.requests[0].body
