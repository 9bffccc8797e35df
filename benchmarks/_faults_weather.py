"""What goes wrong in a campaign: rules for single requests, and spells that befall everybody."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import TYPE_CHECKING, Final

from asyncjobs.sandbox import Answer, Choice, Cut, Drop, Fault, Interrupt, Repeat, Replace, Restart, Say, Stale, Stall

if TYPE_CHECKING:
    import random

    from asyncjobs.sandbox import Sandbox
    from asyncjobs.sandbox._faults import Deed

_HTML: Final = "<html><body><h1>The server is having a bad day</h1></body></html>"
_RUN: Final = "exa.agent_run"
_EXA: Final = r"^/(agent|websets)"
_WATERCRAWL: Final = r"^/api/"
_OVERLOADED: Final = Answer(503, {"error": "The service is overloaded", "tag": "SERVICE_OVERLOADED"})
_NO_RUN: Final = Answer(429, {"error": {"code": "CONCURRENCY_LIMIT_REACHED", "message": "Too many active runs."}})
_NO_SEARCH: Final = Answer(403, {"code": 403, "errors": None, "message": "Not more than 2 concurrent searches."})
#: What looks like success and is none.
_NONSENSE: Final = (b"", b"{}", b"null", b"[]", b'{"id": ', _HTML.encode(), b'{"id": 7, "status": 7}')
_NO_EVENTS: Final = [Replace(b'{"data": [], "hasMore": false, "nextCursor": null}')] * 20 + [
    Answer(400),
    Answer(403),
] * 5
#: Seconds between one spell and the next, on average, when a fifth of all requests is to be struck.
_CALM: Final = 8.0
#: What is left for single requests, about, after the spells have had their share.
_SINGLE: Final = 0.55


def _anything(rng: random.Random) -> list[Deed]:
    """Return what may befall any request, each often enough for its share."""
    return [
        *(Drop(processed=processed, reset=reset) for processed in (False, True) for reset in (False, True)),
        # Half of them within the head, which is a quarter of a reply or so.
        *(Cut(rng.uniform(0.0, 0.3)) for _ in range(3)),
        *(Cut(rng.uniform(0.3, 1.0)) for _ in range(3)),
        *(Answer(status, _HTML, processed=processed) for status in (500, 502, 503) for processed in (False, True)),
        Answer(429),
        Answer(429, headers={"Retry-After": "1"}),
        Answer(503, headers={"Retry-After": "2"}),
        Replace(rng.choice(_NONSENSE)),
        # One is answered before the client gives up, one is executed long after, one never.
        rng.choice((Stall(rng.uniform(5, 20)), Stall(rng.uniform(61, 90)), Stall(), Stall(20, processed=True))),
    ]


def rules(rng: random.Random, rate: float) -> list[Fault]:
    """Return rules that, together with the spells, strike the share *rate* of all requests."""
    rate *= _SINGLE
    # Several draws, so that one campaign sees many places to cut and many lengths of a stall.
    common = [deed for _ in range(10) for deed in _anything(rng)]
    writes = Choice([*common, *[Say("pondering")] * 10, *[_OVERLOADED] * 10])
    words: list[Deed] = [
        Say(word) for word in ("pondering", "queued", "running", "created", "pending") for _ in "x" * 10
    ]
    # WaterCrawl has one database; Exa may well read from a copy that lags.
    lags: list[Deed] = [Stale(rng.uniform(0.2, 4.0)) for _ in range(60)]
    breaks: list[Deed] = [
        Repeat(),
        *(Interrupt(how, events) for how in ("cut", "stall") for events in range(4)),
        # One that ends early without an event looks as if there were none.
        *(Interrupt("end", events) for events in range(1, 4)),
    ]
    return [
        *(Fault(Choice(breaks), kind=_RUN, verb=verb, times=None, probability=rate) for verb in ("create", "events")),
        Fault(writes, verb="create", times=None, probability=rate),
        Fault(writes, verb="cancel", times=None, probability=rate),
        # A list of events may also be empty for once, or not be had at all.
        Fault(Choice([*common, *lags, *_NO_EVENTS]), kind="exa.event", times=None, probability=rate),
        Fault(Choice(common), verb="upload", times=None, probability=rate),
        Fault(Choice([*common, *words, *lags]), path=_EXA, times=None, probability=rate),
        Fault(Choice([*common, *words]), path=_WATERCRAWL, times=None, probability=rate),
    ]


def _is_busy(sandbox: Sandbox, where: str) -> bool:
    """Whether requests come often: one storm after the other would wait for the next, and strike each of a few."""
    now = asyncio.get_running_loop().time()
    lately = itertools.takewhile(lambda row: row.at > now - 2.0, reversed(sandbox.ledger.requests))
    return any(re.match(where, row.path) for row in lately)


async def spells(sandbox: Sandbox, rng: random.Random, rate: float) -> None:
    """Let storms of refusals and restarts befall the services, until cancelled."""
    if rate:
        # Short campaigns must see one, too.
        await asyncio.sleep(rng.uniform(1.0, 3.0))
        sandbox.fault(Fault(Restart(rng.uniform(1.0, 2.0))))
    while rate:
        await asyncio.sleep(rng.expovariate(1 / _CALM) * 0.2 / rate)
        lasts = rng.uniform(0.3, 2.5)
        where = rng.choice((_EXA, _WATERCRAWL))
        if not _is_busy(sandbox, where):
            continue
        if rng.random() < 0.1:
            # Only creates are turned away, by two services in two ways.
            sandbox.fault(Fault(_NO_RUN, kind="exa.agent_run", verb="create", lasts=lasts))
            sandbox.fault(Fault(_NO_SEARCH, path=_WATERCRAWL, verb="create", lasts=lasts))
            continue
        storm = rng.choice(
            (
                Answer(429),
                Answer(429, headers={"Retry-After": "2"}),
                Answer(503, _HTML),
                Answer(503, headers={"Retry-After": "3"}),
                Answer(502, _HTML, processed=True),
                _OVERLOADED if where == _EXA else Answer(429, headers={"Retry-After": "0"}),
                Restart(lasts),
                Restart(lasts, processed=True),
                None,
                None,
            )
        )
        if storm is None:
            sandbox.refuse(lasts)
        elif isinstance(storm, Restart):
            sandbox.fault(Fault(storm))
        else:
            sandbox.fault(Fault(storm, path=where, lasts=lasts))
