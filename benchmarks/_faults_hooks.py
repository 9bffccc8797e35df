"""Webhooks in a campaign: deliveries come twice, late, out of order or never, and strangers send some of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Final

from asyncjobs.errors import CreateUncertain, RateLimited, ServerError, TransportError
from asyncjobs.exa import EventType, WebhookReceiver
from asyncjobs.sandbox import Deliveries
from benchmarks._faults_book import Intent

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from asyncjobs import Exa
    from asyncjobs.exa import Webhook, WebsetEvent
    from asyncjobs.sandbox import Sandbox
    from benchmarks._faults_book import Book
    from benchmarks._faults_clients import Setup

HOOK: Final = "exa.webhook"
#: What is told. A webhook for enrichments has an event for each item, so that not everybody wants them.
_ENDS: Final = ("webset.idle", "webset.search.completed", "webset.search.canceled", "webset.deleted")
_SIDES: Final = ("import.created", "import.completed", "monitor.run.created", "monitor.run.completed")
_WANTED: Final = (
    (*_ENDS, *_SIDES),
    (*_ENDS, *_SIDES, "webset.search.created", "webset.search.updated"),
    (*_ENDS, *_SIDES, "webset.item.enriched"),
    tuple(EventType),
)
#: The part of the events of which no delivery ever arrives.
_LOST: Final = 0.1
#: Now and then nothing at all arrives for some time: seconds from one silence to the next on average, and its length.
_BETWEEN_SILENCES: Final = 60.0
_SILENCE: Final = (5.0, 100.0)


class Hooks:
    """One webhook whose deliveries feed some clients; *skew* is by how many seconds the service's clock is ahead."""

    def __init__(self, sandbox: Sandbox, book: Book, rng: random.Random, setup: Setup, skew: float) -> None:
        self._sandbox = sandbox
        self._book = book
        self._rng = rng
        self._speed = setup.speed
        # At the usual rate everything happens as often as it says above.
        self._share = min(1.0, setup.rate / 0.2)
        # Virtual time has a time of day of its own.
        self._offset = time.time() - asyncio.get_running_loop().time() + skew
        self._fate: dict[str, bool] = {}
        self._silence = (0.0, 0.0)
        # How often it was not known whether there is one.
        self._doubtful = 0
        self._stack = contextlib.ExitStack()
        self._receiver: WebhookReceiver | None = None

    async def open(self, exa: Exa, *clients: Exa) -> None:
        """Let the service tell the *clients* from now on; *exa* makes the webhook, whatever the weather."""
        rng, wanted = self._rng, self._rng.choice(_WANTED)
        webhook = await self._make(exa, wanted)
        self._receiver = WebhookReceiver(
            webhook.secret or "", *clients, events=wanted, on_event=self._came, clock=self._clock
        )
        self._stack.enter_context(self._receiver)
        share = self._share
        how = Deliveries(
            latency=0.05 / self._speed,
            jitter=rng.choice((0.0, 0.5, 5.0)) / self._speed,
            repeated=0.3 * share,
            late=0.1 * share,
            # After five minutes a signature counts no longer.
            late_by=rng.choice((5.0, 60.0, 400.0)) / self._speed,
            lost=0.2 * share,
            forged=0.3 * share,
            retries=(1.0 / self._speed, 5.0 / self._speed),
            seed=rng.getrandbits(32),
        )
        self._sandbox.deliver(how, post=self._post)

    async def _make(self, exa: Exa, wanted: Sequence[str]) -> Webhook:
        """Make a webhook; one that may exist besides speaks with a secret that nobody has, as strangers do."""
        while True:
            began = asyncio.get_running_loop().time()
            try:
                return await exa.websets.webhooks.create(events=wanted, url="https://hooks.example.com/exa")
            except CreateUncertain as error:
                self._doubtful += 1
                self._book.unknown(error)
            except (RateLimited, ServerError, TransportError) as error:
                self._book.failed([Intent("webhook", HOOK, "webhook")], "create", error, began)

    async def count(self, exa: Exa) -> None:
        """Blame it if there are more webhooks than were asked for, in good weather."""
        there = [webhook.id async for webhook in exa.websets.webhooks.list()]
        if len(there) > 1 + self._doubtful:
            self._book.blame("doubled", f"of one webhook there are {', '.join(there)}")

    def close(self) -> None:
        """Rely on it no longer; deliveries may still come."""
        self._stack.close()

    def _clock(self) -> float:
        return self._offset + asyncio.get_running_loop().time()

    async def _post(self, _: str, body: bytes, headers: dict[str, str]) -> int:
        """Carry one delivery to the receiver, or nowhere."""
        assert self._receiver is not None
        now, name = asyncio.get_running_loop().time(), json.loads(body)["id"]
        if name not in self._fate:
            self._fate[name] = self._rng.random() < _LOST * self._share
        if self._fate[name] or self._is_silent(now):
            return 503
        signature = headers.get("Exa-Signature")
        try:
            return self._receiver.take(body, *([] if signature is None else [signature])).status
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            self._book.blame("untyped", f"a delivery raised {error!r}")
            return 500

    def _is_silent(self, now: float) -> bool:
        begins, ends = self._silence
        if self._share and now >= ends:
            begins = now + self._rng.expovariate(self._share / _BETWEEN_SILENCES) / self._speed
            self._silence = begins, begins + self._rng.uniform(*_SILENCE) / self._speed
        return begins <= now < ends

    def _came(self, event: WebsetEvent) -> None:
        if event.id.startswith("forged"):
            self._book.blame("wrong", f"the forged {event.type} was believed")
