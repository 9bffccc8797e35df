"""``exa.websets``: the containers, and the searches and enrichments that run in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.exa._items import WebsetItem
from asyncjobs.exa._models import Webset, WebsetEnrichment, WebsetSearch
from asyncjobs.exa._provider import ENRICHMENT, SEARCH
from asyncjobs.exa._wireform import body, page_query, read_page
from asyncjobs.kinds import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs.kinds import Client, Pages

_COSTS: Final = {"account": 1, "websets": 1}
_ROOT: Final = "/websets/v0/websets"
_CREATE: Final = Call("POST", _ROOT, repeatable=False, costs=_COSTS)
_LIST: Final = Call("GET", _ROOT, repeatable=True, costs=_COSTS)
_GET: Final = Call("GET", f"{_ROOT}/{{webset}}", repeatable=True, costs=_COSTS)
_UPDATE: Final = Call("POST", f"{_ROOT}/{{webset}}", repeatable=True, costs=_COSTS)
_DELETE: Final = Call("DELETE", f"{_ROOT}/{{webset}}", repeatable=True, costs=_COSTS)
_CANCEL: Final = Call("POST", f"{_ROOT}/{{webset}}/cancel", repeatable=True, costs=_COSTS)
_ITEMS: Final = Call("GET", f"{_ROOT}/{{webset}}/items", repeatable=True, costs=_COSTS)
_UPDATE_ENRICHMENT: Final = Call("PATCH", f"{_ROOT}/{{webset}}/enrichments/{{id}}", repeatable=True, costs=_COSTS)
_DELETE_ENRICHMENT: Final = Call("DELETE", f"{_ROOT}/{{webset}}/enrichments/{{id}}", repeatable=True, costs=_COSTS)


class Websets:
    """Websets: containers of found items. A *webset* is named by its id or by the external id that you gave it."""

    def __init__(self, client: Client, adopt: Callable[[Webset], object]) -> None:
        self._client = client
        self._adopt = adopt
        self.searches: Searches = Searches(client)
        self.enrichments: Enrichments = Enrichments(client)
        self.items: Items = Items(client)

    async def create(
        self,
        *,
        search: Mapping[str, Any] | None = None,
        enrichments: Sequence[Mapping[str, Any]] | None = None,
        imports: Sequence[Mapping[str, Any]] | None = None,
        exclude: Sequence[Mapping[str, Any]] | None = None,
        external_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Webset:
        """
        Create a webset.

        Paid work starts with it if it has a *search*, *enrichments* or *imports*:
        ``exa.jobs(webset)``.

        *search*, *enrichments*, *imports* and *exclude* are in the service's own form and spelling, *external_id* is
        your own unique name for it, *metadata* your own data (values of up to 1,000 characters).

        Raises:
            Conflict: The *external_id* is taken.
            CreateUncertain: The outcome is unknown.
            APIError, TransportError: The service refused, or could not be reached.
        """
        fields = body(
            search=search, enrichments=enrichments, exclude=exclude, external_id=external_id, metadata=metadata
        )
        if imports is not None:
            fields["import"] = imports
        return await self._client.fetch(_CREATE, into=Webset, body=fields, orphaned=self._adopt)

    async def get(self, webset: str, *, expand_items: bool = False) -> Webset:
        """
        Return one webset with its searches and enrichments; with *expand_items* also its items, which can be many.

        Raises:
            NotFound: There is none of that name.
        """
        query = [("expand", "items")] if expand_items else []
        return await self._client.fetch(_GET, webset, into=Webset, query=query)

    def list(self, *, page_size: int | None = None) -> Pages[Webset]:
        """Return all websets, fetched *page_size* at a time (at most 100; ``None`` is the service's default of 25)."""
        return self._client.rows(_LIST, into=Webset, read_page=read_page, query=page_query(page_size))

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


class Searches:
    """The searches of a webset."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        webset: str,
        *,
        query: str,
        count: int,
        entity: Mapping[str, Any] | None = None,
        criteria: Sequence[Mapping[str, Any]] | None = None,
        exclude: Sequence[Mapping[str, Any]] | None = None,
        scope: Sequence[Mapping[str, Any]] | None = None,
        recall: bool | None = None,
        behavior: str | None = None,
        max_people_per_company: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Creation[WebsetSearch]:
        """
        Start a search for *count* items that fit *query* (1 to 5,000 characters).

        Await it for a job, or enter it to own the job. *entity*, *criteria* (1 to 5), *exclude* and *scope* are in
        the service's own form; what is ``None`` the service chooses. *recall* asks for an estimate of how many
        there are. *behavior* is ``override`` (the default: items that no longer fit are dropped) or ``append``.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown; a search cannot be protected from being created twice.
            NotFound: There is no such webset.
            InvalidRequest: The service refuses an argument.
        """
        fields = body(
            query=query,
            count=count,
            entity=entity,
            criteria=criteria,
            exclude=exclude,
            scope=scope,
            recall=recall,
            behavior=behavior,
            max_people_per_company=max_people_per_company,
            metadata=metadata,
        )
        return self._client.create(SEARCH, fields, webset)

    async def get(self, webset: str, search: str) -> Job[WebsetSearch]:
        """
        Look once at a search and return its handle.

        Raises:
            NotFound: There is no such search.
        """
        return await self._client.get(SEARCH, webset, search)


class Enrichments:
    """The enrichments of a webset: questions that are answered for each of its items."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        webset: str,
        *,
        description: str,
        format: str | None = None,  # noqa: A002 - the service's word
        options: Sequence[Mapping[str, str]] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Creation[WebsetEnrichment]:
        """
        Start an enrichment by what *description* asks (1 to 5,000 characters).

        Await it for a job, or enter it to own the job. *format* is ``text``, ``date``, ``number``, ``options``,
        ``email``, ``phone`` or ``url`` (``None``: the service chooses), *options* are the labels for ``options``.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown; an enrichment cannot be protected from being created twice.
            NotFound: There is no such webset.
            InvalidRequest: The service refuses an argument.
        """
        fields = body(description=description, format=format, options=options, metadata=metadata)
        return self._client.create(ENRICHMENT, fields, webset)

    async def get(self, webset: str, enrichment: str) -> Job[WebsetEnrichment]:
        """
        Look once at an enrichment and return its handle.

        Raises:
            NotFound: There is no such enrichment.
        """
        return await self._client.get(ENRICHMENT, webset, enrichment)

    async def update(
        self,
        webset: str,
        enrichment: str,
        *,
        description: str | None = None,
        format: str | None = None,  # noqa: A002 - the service's word
        options: Sequence[Mapping[str, str]] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> WebsetEnrichment:
        """Change what is given and return the enrichment as it then is."""
        fields = body(description=description, format=format, options=options, metadata=metadata)
        return await self._client.fetch(_UPDATE_ENRICHMENT, webset, enrichment, into=WebsetEnrichment, body=fields)

    async def delete(self, webset: str, enrichment: str) -> WebsetEnrichment:
        """Delete the enrichment with all its results, and cancel it if it runs; return what it was."""
        return await self._client.fetch(_DELETE_ENRICHMENT, webset, enrichment, into=WebsetEnrichment)


class Items:
    """What the searches and imports of a webset have found."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, webset: str, *, source_id: str | None = None, page_size: int | None = None) -> Pages[WebsetItem]:
        """
        Return the items, fetched *page_size* at a time (at most 100; ``None`` is the service's default of 20).

        *source_id* is the id of a search or an import; ``None`` takes the items of all.
        """
        query = page_query(page_size, sourceId=source_id)
        return self._client.rows(_ITEMS, webset, into=WebsetItem, read_page=read_page, query=query)
