"""What may happen to the streams of agent runs."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from asyncjobs.sandbox import Fault, Interrupt, Life, Repeat, Stall

KIND, ROOT = "exa.agent_run", "/agent/runs"
SSE = {"Accept": "text/event-stream"}


async def streamed(talk, bound=1000):
    """Create a run with its events; return the text as far as it came, and how it ended."""
    url, headers = talk.sandbox.url + ROOT, SSE | {"x-api-key": "key"}
    parts = []
    try:
        async with asyncio.timeout(bound), talk.session.post(url, json={"query": "x"}, headers=headers) as response:
            async for part in response.content.iter_any():
                parts.append(part)
    except (aiohttp.ClientError, TimeoutError) as error:
        return b"".join(parts).decode(), type(error)
    return b"".join(parts).decode(), None


def names(text):
    return [line.removeprefix("event: agent_run.") for line in text.splitlines() if line.startswith("event: ")]


async def test_a_stream_may_be_cut_in_the_middle_of_an_event(opened):
    """Half of the second event is sent, and the connection is closed before the end was announced."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Interrupt("cut", events=1), verb="create"))
        text, end = await streamed(talk)
        assert issubclass(end, aiohttp.ClientPayloadError)
        assert names(text)[0] == "created"
        assert "id: 2" in text
        assert not text.endswith("\n\n")
        assert len(talk.sandbox.ledger.created()) == 1


async def test_a_stream_may_end_before_its_run(opened):
    """In good order, without the last event."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Interrupt("end", events=2), verb="create"))
        text, end = await streamed(talk)
        assert (names(text), end) == (["created", "started"], None)
        assert talk.sandbox.ledger.active()


async def test_a_stream_may_fall_silent(opened):
    """Not a comment comes any more, and the connection stays open after the run has ended."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=100))
        talk.sandbox.fault(Fault(Interrupt("stall", events=1), verb="create"))
        began = asyncio.get_running_loop().time()
        text, end = await streamed(talk)
        assert (names(text), end) == (["created"], TimeoutError)
        assert text.endswith("}\n\n")
        assert asyncio.get_running_loop().time() - began == 300  # The patience of this test's session.
        assert not talk.sandbox.ledger.active()


async def test_events_may_come_twice(opened):
    """Each under its id."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Repeat(2), verb="create"))
        text, end = await streamed(talk)
        ids = [line for line in text.splitlines() if line.startswith("id: ")]
        assert ids == [f"id: {number}" for number in (1, 1, 2, 2, 3, 3, 4, 4)]
        assert end is None


async def test_a_reader_who_leaves_before_a_held_stream_is_no_accident(opened, caplog):
    """The run is created, and nobody complains."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Stall(60), verb="create"))
        assert await streamed(talk, 10) == ("", TimeoutError)
        await asyncio.sleep(100)
        assert len(talk.sandbox.ledger.created()) == 1
    assert not caplog.records


async def test_no_stream_is_left_alone(opened):
    """A reply in one piece has no events to lose."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Interrupt("cut"), times=None))
        assert (await talk("POST", ROOT, {"query": "x"})).status == 200


@pytest.mark.parametrize("wrong", [{"how": "burn"}, {"how": "cut", "events": -1}])
def test_an_interruption_that_cannot_be_is_refused(wrong):
    """A test that was written for it would pass for no reason."""
    with pytest.raises(ValueError, match=r"how|events"):
        Interrupt(**wrong)
