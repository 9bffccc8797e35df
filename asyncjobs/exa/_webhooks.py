"""``exa.websets.webhooks``: where events are delivered to, and how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from asyncjobs.errors import InvalidArgument, ProtocolError
from asyncjobs.exa._calls import PAGING, TRACE, several, websets
from asyncjobs.exa._webhook_models import Webhook, WebhookAttempt
from asyncjobs.exa._wireform import body
from asyncjobs.kinds import Survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncjobs.errors import CreateUncertain
    from asyncjobs.kinds import Client, Pages

#: What errors call a webhook.
WEBHOOK: Final = "exa.webhook"
_CREATE: Final = websets("POST", "webhooks", repeatable=False)
_LIST: Final = websets("GET", "webhooks")
_GET: Final = websets("GET", "webhooks/{id}")
_UPDATE: Final = websets("PATCH", "webhooks/{id}")
_DELETE: Final = websets("DELETE", "webhooks/{id}")
_ATTEMPTS: Final = websets("GET", "webhooks/{id}/attempts")
_ALL: Final = Survey(_LIST, rows="data", paging=PAGING)
#: A service that never tells the secret is not asked for ever.
_MOST_CREATES: Final = 3


class Webhooks:
    """Webhooks: each is told of some types of events. Deliveries can repeat, come late and out of order."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.attempts: WebhookAttempts = WebhookAttempts(client)

    async def create(self, *, events: Sequence[str], url: str, metadata: Mapping[str, str] | None = None) -> Webhook:
        """
        Create a webhook that delivers *events* (see :class:`EventType`) to *url*; *metadata* are your own labels.

        Only what is returned here has the ``secret``, which :class:`WebhookReceiver` needs. If the reply that had it
        was lost, the webhook is deleted and created anew.

        Raises:
            InvalidArgument: *events* is one text instead of several.
            CreateUncertain: The outcome is unknown, and the webhook was not found.
            ProtocolError: The service gave no secret.
            APIError, TransportError: The service refused, or could not be reached.
        """
        fields = body(events=several(events, "events"), url=url, metadata=metadata)
        for _ in range(_MOST_CREATES):
            made = await self._client.make(_CREATE, kind=WEBHOOK, into=Webhook, body=fields, trace=TRACE, roll=_ALL)
            if made.secret:
                return made
            await self.delete(made.id)
        raise ProtocolError("the service gave no secret for the webhook, which was deleted")

    async def reconcile(self, uncertain: CreateUncertain) -> Webhook:
        """
        Look again for the webhook of a create whose outcome was unknown, and return it, without its secret.

        Raises:
            CreateUncertain: It was not found; it may still be late.
            InvalidArgument: It is about something else.
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        if getattr(uncertain, "kind", None) != WEBHOOK:
            raise InvalidArgument("uncertain", f"expected a CreateUncertain of {WEBHOOK}")
        return await self._client.remake(uncertain, into=Webhook, trace=TRACE, roll=_ALL)

    async def get(self, webhook: str) -> Webhook:
        """
        Return one webhook, without its secret.

        Raises:
            NotFound: There is no such webhook.
        """
        return await self._client.fetch(_GET, webhook, into=Webhook)

    def list(self, *, page_size: int | None = None) -> Pages[Webhook]:
        """Return all webhooks, fetched *page_size* at a time (at most 200; ``None`` is the service's default of 25)."""
        return self._client.rows(_LIST, into=Webhook, at="data", paging=PAGING, page_size=page_size)

    async def update(
        self,
        webhook: str,
        *,
        events: Sequence[str] | None = None,
        url: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Webhook:
        """
        Change what is given (``None`` leaves it) and return the webhook as it then is, without its secret.

        Raises:
            InvalidArgument: *events* is one text instead of several.
        """
        fields = body(events=None if events is None else several(events, "events"), url=url, metadata=metadata)
        return await self._client.fetch(_UPDATE, webhook, into=Webhook, body=fields)

    async def delete(self, webhook: str) -> Webhook:
        """Delete the webhook; return what it was. Deliveries that are under way may still arrive."""
        return await self._client.fetch(_DELETE, webhook, into=Webhook)


class WebhookAttempts:
    """The attempts to deliver events to a webhook."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(
        self,
        webhook: str,
        *,
        event_type: str | None = None,
        successful: bool | None = None,
        page_size: int | None = None,
    ) -> Pages[WebhookAttempt]:
        """
        Return the attempts, the newest first, fetched *page_size* at a time (at most 200; ``None``: 25).

        *event_type* and *successful* pick some of them; ``None`` takes all.
        """
        query = [] if event_type is None else [("eventType", str(event_type))]
        if successful is not None:
            query.append(("successful", "true" if successful else "false"))
        return self._client.rows(
            _ATTEMPTS, webhook, into=WebhookAttempt, at="data", paging=PAGING, page_size=page_size, query=query
        )
