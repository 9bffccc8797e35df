"""Webhooks, and the attempts to deliver to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from . import _checks_websets as checks
from . import _exa
from ._chronicle import EVENTS
from ._http import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._chronicle import Told
    from ._world import World

_KIND = "exa.webhook"
_ROOT = "/websets/v0/webhooks"


@attrs.define(eq=False)
class Webhook:
    """What the service keeps of one webhook; times are readings of the sandbox's clock."""

    id: str
    number: int
    events: list[str]
    url: str
    secret: str
    metadata: dict[str, str]
    created: float
    updated: float
    deleted: float | None = None
    attempts: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])


class Webhooks:
    """The calls about webhooks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._webhooks: list[Webhook] = []
        one = _ROOT + "/{}"
        self.routes = (
            Route("POST", _ROOT, _KIND, "create", self._create),
            Route("GET", _ROOT, _KIND, "list", self._list),
            Route("GET", one, _KIND, "look", lambda call: self._show(self._webhook(call))),
            Route("PATCH", one, _KIND, "update", self._update),
            Route("DELETE", one, _KIND, "delete", self._delete),
            Route("GET", one + "/attempts", _KIND, "events", self._attempts),
        )

    @property
    def any(self) -> bool:
        """Whether anybody ever wanted to be told."""
        return bool(self._webhooks)

    @property
    def since(self) -> float:
        """Since when somebody wants to be told."""
        return self._webhooks[0].created

    def wanting(self, kind: str, at: float) -> Iterator[Webhook]:
        """Return the webhooks that want to be told of an event of that type."""
        alive = (hook for hook in self._webhooks if hook.deleted is None and hook.created <= at + 1e-3)
        return (hook for hook in alive if kind in hook.events)

    def attempted(self, hook: Webhook, told: Told, status: int, number: int) -> None:
        """Enter an attempt; a status of 0 is no answer."""
        hook.attempts.append(
            {
                "id": f"{hook.id}a{len(hook.attempts):05}",
                "object": "webhook_attempt",
                "eventId": told.body["id"],
                "eventType": told.type,
                "webhookId": hook.id,
                "url": hook.url,
                "successful": 200 <= status < 300,  # noqa: PLR2004
                "responseHeaders": {},
                "responseBody": None,
                "responseStatusCode": status,
                "attempt": number,
                "attemptedAt": self._world.stamp(self._world.now()),
            }
        )

    def _create(self, call: Call) -> Reply:
        body = _exa.checked(call, checks.CREATE_WEBHOOK)
        secret = f"whsec_{self._world.rng.getrandbits(128):032x}"
        hook = Webhook(
            self._world.cuid(),
            len(self._webhooks),
            body["events"],
            body["url"],
            secret,
            body.get("metadata", {}),
            call.now,
            call.now,
        )
        self._webhooks.append(hook)
        self._world.chronicle.stir()
        reply = self._show(hook)
        reply.body["secret"] = secret
        return reply

    def _list(self, call: Call) -> Reply:
        rows = ((hook.number, hook) for hook in reversed(self._webhooks) if self._exists(hook, call.now))
        hooks, position = _exa.listing(call, rows, 25, 200)
        return _exa.page([self._show(hook).body for hook in hooks], position)

    def _update(self, call: Call) -> Reply:
        hook = self._webhook(call)
        body = _exa.checked(call, checks.UPDATE_WEBHOOK)
        hook.events, hook.url = body.get("events", hook.events), body.get("url", hook.url)
        hook.metadata = body.get("metadata", hook.metadata)
        hook.updated = call.now
        return self._show(hook)

    def _delete(self, call: Call) -> Reply:
        hook = self._webhook(call)
        hook.deleted = call.now
        return self._show(hook)

    def _attempts(self, call: Call) -> Reply:
        hook = self._webhook(call)
        kind, successful = call.query.get("eventType"), call.query.get("successful", "").lower() or None
        if kind not in {None, *EVENTS} or successful not in {None, "true", "false"}:
            _exa.refuse(call, 400, "Invalid eventType" if kind not in {None, *EVENTS} else "Invalid successful")
        numbered = list(enumerate(hook.attempts))
        rows = (
            (number, attempt)
            for number, attempt in reversed(numbered)
            if kind in {None, attempt["eventType"]} and successful in {None, str(attempt["successful"]).lower()}
        )
        attempts, position = _exa.listing(call, rows, 25, 200)
        return _exa.page(attempts, position)

    def _webhook(self, call: Call) -> Webhook:
        found = next((hook for hook in self._webhooks if hook.id == call.ids[0] and self._exists(hook, call.now)), None)
        return found if found is not None else _exa.refuse(call, 404, "Webhook not found")

    def _exists(self, hook: Webhook, now: float) -> bool:
        return hook.created <= now and (hook.deleted is None or now < hook.deleted)

    def _show(self, hook: Webhook) -> Reply:
        body: dict[str, Any] = {
            "id": hook.id,
            "object": "webhook",
            "status": "active",
            "events": hook.events,
            "url": hook.url,
            "secret": None,
            "metadata": hook.metadata,
            "createdAt": self._world.stamp(hook.created),
            "updatedAt": self._world.stamp(hook.updated),
        }
        return Reply(200, body)
