"""Carries events to webhooks: signed, and if a test wants it repeated, late, out of order, or beside forged ones."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import attrs

from ._signing import sign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ._chronicle import Told
    from ._webhooks import Webhook
    from ._websets import Websets
    from ._world import World

    Post: TypeAlias = "Callable[[str, bytes, dict[str, str]], Awaitable[int]]"

# Seconds of real time after which a clock of the test's own is read again.
_GLANCE = 0.05
_MOST_AT_ONCE = 50
_BROKEN = (aiohttp.ClientError, OSError, TimeoutError)


def _share(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{attribute.name}: expected a share from 0 to 1, got {value}")


@attrs.frozen(kw_only=True)
class Deliveries:
    """How events reach webhooks; what is a share is the part of them that it happens to, from 0 to 1.

    Each takes *latency* seconds and up to *jitter* more, so that they overtake one another. A share *repeated* comes
    once more, a share *late* is held up for *late_by* seconds after it was signed, a share *lost* never comes at the
    first attempt, and beside a share *forged* a stranger sends one of his own. An attempt that is not answered with a
    2xx within *timeout* seconds is made again after each of the seconds in *retries*.
    """

    latency: float = 0.02
    jitter: float = 0.0
    repeated: float = attrs.field(default=0.0, validator=_share)
    late: float = attrs.field(default=0.0, validator=_share)
    late_by: float = 3600.0
    lost: float = attrs.field(default=0.0, validator=_share)
    forged: float = attrs.field(default=0.0, validator=_share)
    timeout: float = 10.0
    retries: tuple[float, ...] = (1.0, 5.0, 25.0)
    seed: int = 0


class Courier:
    """Delivers what the chronicle of *world* tells; *paced* if the sandbox's seconds are those of the loop."""

    def __init__(self, world: World, websets: Websets, *, paced: bool) -> None:
        self._world = world
        self._websets = websets
        self._paced = paced
        self._how = Deliveries()
        self._rng = random.Random(0)  # noqa: S311  (repeatable on purpose)
        self._post: Post | None = None
        self._told = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._round: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        world.chronicle.on_stir = self._stir

    def deliver(self, how: Deliveries | None, post: Post | None) -> None:
        """Say how from now on."""
        self._how = Deliveries() if how is None else how
        self._rng = random.Random(self._how.seed)  # noqa: S311
        self._post = post

    async def aclose(self) -> None:
        """Deliver nothing more."""
        self._closed = True
        tasks = [*self._tasks, *([] if self._round is None else [self._round])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _stir(self) -> None:
        self._stirred.set()
        if self._round is None and not self._closed and self._websets.webhooks.any:
            self._round = asyncio.get_running_loop().create_task(self._go_round(), name="sandbox: webhooks")

    async def _go_round(self) -> None:
        chronicle, monitors = self._world.chronicle, self._websets.monitors
        # What happened before there was a webhook is nobody's news.
        chronicle.catch_up(self._websets.webhooks.since - 1e-3)
        self._told = len(chronicle.told)
        while True:
            self._stirred.clear()
            now = self._world.now()
            monitors.catch_up(now)
            chronicle.catch_up(now)
            new, self._told = chronicle.told[self._told :], len(chronicle.told)
            for told in new:
                for webhook in self._websets.webhooks.wanting(told.type, told.at):
                    self._start(self._bring(webhook, told))
            dues = [due for due in (chronicle.next_due(), monitors.next_due()) if due is not None]
            left = max(0.0, min(dues) - self._world.now()) if dues else None
            if not self._paced:
                left = _GLANCE
            try:
                async with asyncio.timeout(left):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="sandbox: delivery")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self, webhook: Webhook, told: Told) -> None:
        how, rng = self._how, self._rng
        body = json.dumps(told.body, separators=(",", ":")).encode()
        if rng.random() < how.forged:
            self._start(self._forge(webhook, told, how))
        if rng.random() < how.repeated:
            self._start(self._carry(webhook, told, body, how, attempts=1))
        await self._carry(webhook, told, body, how, attempts=1 + len(how.retries))

    async def _carry(self, webhook: Webhook, told: Told, body: bytes, how: Deliveries, *, attempts: int) -> None:
        for number in range(1, attempts + 1):
            await asyncio.sleep(how.latency + how.jitter * self._rng.random())
            signature = sign(webhook.secret, body, self._now())
            first = number == 1
            if first and self._rng.random() < how.late:
                await asyncio.sleep(how.late_by)
            lost = first and attempts > 1 and self._rng.random() < how.lost
            status = 0 if lost else await self._send(webhook.url, body, signature, how)
            if webhook.deleted is not None:
                return
            self._websets.webhooks.attempted(webhook, told, status, number)
            if 200 <= status < 300 or number == attempts:  # noqa: PLR2004
                return
            await asyncio.sleep(how.retries[number - 1])

    async def _forge(self, webhook: Webhook, told: Told, how: Deliveries) -> None:
        """Send what the service never sent: another event, or an old one changed, signed with a guess."""
        forged = {**told.body, "id": f"forged{self._rng.getrandbits(64):x}"}
        if isinstance(forged["data"], dict) and "status" in forged["data"]:
            forged["data"] = {**forged["data"], "status": self._rng.choice(("completed", "canceled"))}
        body = json.dumps(forged).encode()
        genuine = sign(webhook.secret, json.dumps(told.body).encode(), self._now())
        guess = sign(f"whsec_{self._rng.getrandbits(64):x}", body, self._now())
        await asyncio.sleep(how.latency + how.jitter * self._rng.random())
        await self._send(webhook.url, body, self._rng.choice((genuine, guess, "")), how)

    async def _send(self, url: str, body: bytes, signature: str, how: Deliveries) -> int:
        headers = {"Content-Type": "application/json"}
        if signature:
            headers["Exa-Signature"] = signature
        try:
            async with self._slots, asyncio.timeout(how.timeout):
                if self._post is not None:
                    return await self._post(url, body, headers)
                if self._session is None:
                    self._session = aiohttp.ClientSession()
                async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                    return response.status
        except _BROKEN:
            return 0

    def _now(self) -> float:
        return self._world.wall(self._world.now()).timestamp()
