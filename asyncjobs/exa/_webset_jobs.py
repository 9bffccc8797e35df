"""``exa.websets.searches`` and ``exa.websets.enrichments``: the paid work in a webset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs.exa._calls import prioritized, websets
from asyncjobs.exa._webset_kinds import ENRICHMENT, SEARCH
from asyncjobs.exa._webset_models import WebsetEnrichment, WebsetSearch
from asyncjobs.exa._wireform import body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs.kinds import Client

_UPDATE_ENRICHMENT: Final = websets("PATCH", "websets/{webset}/enrichments/{id}")
_DELETE_ENRICHMENT: Final = websets("DELETE", "websets/{webset}/enrichments/{id}")


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
        priority: str | None = None,
    ) -> Creation[WebsetSearch]:
        """
        Start a search for *count* items that fit *query* (1 to 5,000 characters).

        Await it for a job, or enter it to own the job. *entity*, *criteria* (1 to 5), *exclude* and *scope* are in
        the service's own form; what is ``None`` the service chooses. *recall* asks for an estimate of how many
        there are. *behavior* is ``override`` (the default: items that no longer fit are dropped) or ``append``.
        *max_people_per_company* is a soft limit on people of one employer, *metadata* are your own labels. *priority*
        is ``low``, ``medium`` or ``high``.

        Raises:
            InvalidArgument: There is no such *priority*.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown, and the search was not found in the webset.
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
        assert SEARCH.create is not None
        kind = SEARCH if priority is None else attrs.evolve(SEARCH, create=prioritized(SEARCH.create, priority))
        return self._client.create(kind, fields, webset)

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
        ``email``, ``phone`` or ``url`` (``None``: the service chooses), *options* are the labels for ``options``,
        *metadata* your own.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown, and the enrichment was not found in the webset.
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
        """Change what is given (``None`` leaves it) and return the enrichment as it then is; see :meth:`create`."""
        fields = body(description=description, format=format, options=options, metadata=metadata)
        return await self._client.fetch(_UPDATE_ENRICHMENT, webset, enrichment, into=WebsetEnrichment, body=fields)

    async def delete(self, webset: str, enrichment: str) -> WebsetEnrichment:
        """Delete the enrichment with all its results, and cancel it if it runs; return what it was."""
        return await self._client.fetch(_DELETE_ENRICHMENT, webset, enrichment, into=WebsetEnrichment)
