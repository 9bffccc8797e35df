"""``exa.websets``: the containers, and the searches and enrichments that run in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import InvalidArgument
from asyncjobs.exa._calls import ALL_WEBSETS, ONE_WEBSET, PAGING, TRACE, prioritized, websets
from asyncjobs.exa._imports import Imports
from asyncjobs.exa._items import Items
from asyncjobs.exa._monitors import Monitors
from asyncjobs.exa._overview import WebsetPreview
from asyncjobs.exa._webhooks import Webhooks
from asyncjobs.exa._webset_feed import Events
from asyncjobs.exa._webset_jobs import Enrichments, Searches
from asyncjobs.exa._webset_kinds import WEBSET
from asyncjobs.exa._webset_models import Webset
from asyncjobs.exa._wireform import body
from asyncjobs.kinds import Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._job import Job
    from asyncjobs.errors import CreateUncertain
    from asyncjobs.kinds import Client, Pages

_CREATE: Final = websets("POST", "websets", repeatable=False)
_UPDATE: Final = websets("POST", "websets/{webset}")
_DELETE: Final = websets("DELETE", "websets/{webset}")
_PREVIEW: Final = websets("POST", "websets/preview")
_CANCEL: Final = websets("POST", "websets/{webset}/cancel")

#: Where a webset is found whose create was not answered: by the name that it was given, or else among all.
_BY_NAME: Final = Survey(ONE_WEBSET, rows="")
_AMONG_ALL: Final = Survey(ALL_WEBSETS, rows="data", paging=PAGING)


class Websets:
    """Websets: containers of found items. A *webset* is named by its id or by the external id that you gave it."""

    def __init__(
        self, client: Client, adopt: Callable[[Webset], object], adopt_job: Callable[[Job[Any]], object]
    ) -> None:
        self._client = client
        self._adopt = adopt
        self.searches: Searches = Searches(client)
        self.enrichments: Enrichments = Enrichments(client)
        self.items: Items = Items(client)
        self.imports: Imports = Imports(client, adopt_job)
        self.monitors: Monitors = Monitors(client)
        self.webhooks: Webhooks = Webhooks(client)
        self.events: Events = Events(client)

    async def create(
        self,
        *,
        search: Mapping[str, Any] | None = None,
        enrichments: Sequence[Mapping[str, Any]] | None = None,
        imports: Sequence[Mapping[str, Any]] | None = None,
        exclude: Sequence[Mapping[str, Any]] | None = None,
        external_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        priority: str | None = None,
    ) -> Webset:
        """
        Create a webset.

        Paid work starts with it if it has a *search*, *enrichments* or *imports*: ``exa.job(webset)`` is the handle of
        all of it, ``exa.jobs(webset)`` are those of each search and enrichment.

        *search*, *enrichments*, *imports* and *exclude* are in the service's own form and spelling, *external_id* is
        your own unique name for it, *metadata* your own data (values of up to 1,000 characters). *priority* is ``low``,
        ``medium`` or ``high`` (``None``: the service chooses).

        An *external_id* also protects the create: if its outcome is unknown it is sent again, because the service
        takes no name twice.

        Raises:
            InvalidArgument: There is no such *priority*.
            Conflict: The *external_id* is taken.
            CreateUncertain: The outcome is unknown, and the webset was not found; see :meth:`reconcile`.
            APIError, TransportError: The service refused, or could not be reached.
        """
        fields = body(
            search=search, enrichments=enrichments, exclude=exclude, external_id=external_id, metadata=metadata
        )
        if imports is not None:
            fields["import"] = imports
        return await self._client.make(
            prioritized(_CREATE, priority),
            kind=WEBSET.name,
            into=Webset,
            body=fields,
            trace=TRACE,
            roll=_AMONG_ALL if external_id is None else _BY_NAME,
            name=external_id,
            adopt=self._adopt,
        )

    async def preview(
        self, *, query: str, entity: Mapping[str, Any] | None = None, count: int | None = None, search: bool = False
    ) -> WebsetPreview:
        """
        Return how *query* would be understood; nothing is created.

        *entity* says what is looked for (``None``: what the service detects). With *search* it also finds *count* items
        (1 to 10; ``None`` is the service's default of 10), and takes as long.

        Raises:
            InvalidRequest: The service can make nothing of the query.
        """
        wanted = [("search", "true")] if search else []
        fields = {"search": body(query=query, entity=entity, count=count)}
        return await self._client.fetch(_PREVIEW, into=WebsetPreview, query=wanted, body=fields)

    async def reconcile(self, uncertain: CreateUncertain) -> Webset:
        """
        Look again for the webset of a create whose outcome was unknown, and return it.

        Raises:
            CreateUncertain: It was not found; it may still be late.
            InvalidArgument: It is about something else.
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        if getattr(uncertain, "kind", None) != WEBSET.name:
            raise InvalidArgument("uncertain", f"expected a CreateUncertain of {WEBSET.name}")
        name = uncertain.sent.get("externalId")
        roll = _AMONG_ALL if name is None else _BY_NAME
        return await self._client.remake(uncertain, into=Webset, trace=TRACE, roll=roll, name=name, adopt=self._adopt)

    async def get(self, webset: str, *, expand_items: bool = False) -> Webset:
        """
        Return one webset with its searches and enrichments; with *expand_items* also its items, which can be many.

        Raises:
            NotFound: There is none of that name.
        """
        query = [("expand", "items")] if expand_items else []
        return await self._client.fetch(ONE_WEBSET, webset, into=Webset, query=query)

    def list(self, *, page_size: int | None = None) -> Pages[Webset]:
        """Return all websets, fetched *page_size* at a time (at most 100; ``None`` is the service's default of 25)."""
        return self._client.rows(ALL_WEBSETS, into=Webset, at="data", paging=PAGING, page_size=page_size)

    async def update(self, webset: str, *, metadata: Mapping[str, str] | None) -> Webset:
        """Replace the webset's metadata, or remove it with ``None``."""
        return await self._client.fetch(_UPDATE, webset, into=Webset, body={"metadata": metadata})

    async def cancel(self, webset: str) -> Webset:
        """
        Cancel all searches and enrichments of the webset, whoever started them, in one request.

        Handles of these jobs see it at their next look.
        """
        return await self._client.fetch(_CANCEL, webset, into=Webset)

    async def delete(self, webset: str) -> Webset:
        """Delete the webset with all its items, and cancel what runs in it; return what it was."""
        return await self._client.fetch(_DELETE, webset, into=Webset)
