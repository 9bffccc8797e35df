"""Deliveries as a bad network brings them: repeated, reordered, late, lost, and with forgeries among them."""

from __future__ import annotations

import asyncio
import json
import random

import attrs
from push_signing import OTHER, SECRET, event, mac, sign
from push_world import now, shown

#: What the clock of the wall shows when the test begins.
WALL = 1_790_000_000.0
LATEST = 300.0


def wall():
    return WALL + now()


@attrs.define
class Event:
    """One genuine event, and whether any delivery of it could have been accepted."""

    name: str
    kind: str
    body: bytes
    due: bool = False


class Mail:
    """Brings a *receiver* what happens to *jobs* in *total* deliveries, with *forged* fakes after a hundred events."""

    def __init__(self, receiver, sandbox, jobs, *, total, forged, seed):
        self.random = random.Random(seed)
        self.receiver = receiver
        self.sandbox = sandbox
        self.jobs = jobs
        self.total = total
        self.forged = forged
        self.sent = 0
        self.events: list[Event] = []
        self.answers: list[tuple[str, int]] = []
        self.left = asyncio.Event()

    async def run(self, ends):
        """Let everything happen: *ends* gives for each job when its work ends, in seconds from now."""
        loop, dice = asyncio.get_running_loop(), self.random
        moments = []
        for job, end in zip(self.jobs, ends, strict=True):
            moments.append((0.0, "webset.search.created", job))
            moments += [(dice.uniform(0.0, end), "webset.search.updated", job) for _ in range(2)]
            moments.append((end, "webset.search.completed", job))
        began = loop.time()
        for at, kind, job in sorted(moments, key=lambda moment: moment[0]):
            await asyncio.sleep(max(began + at + 0.01 - loop.time(), 0.0))
            self.happens(kind, job)
        while self.sent < self.total:
            self.forge(self.random.choice(self.events).body)
            await asyncio.sleep(0.01)
        await asyncio.sleep(2 * LATEST)

    def happens(self, kind, job):
        """Send an event on its way, now and then never, often twice, and forgeries after it."""
        loop, dice = asyncio.get_running_loop(), self.random
        name = f"ev{len(self.events)}"
        made = Event(name, kind, event(kind, shown(self.sandbox, job), name))
        self.events.append(made)
        if dice.random() < 0.05:
            return  # Lost.
        for _ in range(dice.choice([1, 1, 2, 3])):
            delay = dice.choice([0.0, dice.uniform(0.0, 2.0), dice.uniform(0.0, 100.0)])
            # A retry is signed again when it leaves, or it comes with its old signature.
            signed = wall() if dice.random() < 0.5 else wall() + delay
            loop.call_later(delay, self.deliver, made, signed)
            self.sent += 1
        if dice.random() < 0.2:
            loop.call_later(LATEST + 10.0, self.deliver, made, wall())
            self.sent += 1
        while dice.random() * 100 < self.forged:
            self.forge(made.body)

    def deliver(self, made, signed):
        fresh = abs(wall() - int(signed)) <= LATEST
        made.due = made.due or fresh
        status = self.receiver.take(made.body, sign(made.body, signed)).status
        self.answers.append(("genuine" if fresh else "stale", status))

    def forge(self, body):
        """Deliver what looks like an event and is not signed by the service."""
        self.sent += 1
        dice, good = self.random, sign(body, wall())
        whole = json.loads(body)
        end = event("webset.search.completed", whole["data"] | {"status": "completed"}, f"forged{self.sent}")
        body, signature = dice.choice(
            [
                (end, sign(end, wall(), OTHER)),
                (end, good),
                (end, sign(end, wall(), SECRET[:-1])),
                (end, f"t={wall():.0f},v1={mac(SECRET, end)}"),
                (end, sign(end, wall()).replace("t=", "t=1")),
                (end, sign(end, wall())[:-1]),
                (end, sign(end, wall()).replace("v1=", "v0=")),
                (end, sign(end, wall() - LATEST - 10)),
                (end, sign(end, wall() + LATEST + 10)),
                (end + b" ", sign(end, wall())),
                (end, "é" + good),
                (end, b"\xff" * 100),
                (end, ""),
            ]
        )
        self.answers.append(("forged", self.receiver.take(body, signature).status))
