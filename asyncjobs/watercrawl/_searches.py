"""``watercrawl.searches``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncjobs.watercrawl._events import monitor
from asyncjobs.watercrawl._provider import SEARCH

if TYPE_CHECKING:
    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome
    from asyncjobs._state_events import StateEvents
    from asyncjobs.kinds import Client, Pages
    from asyncjobs.watercrawl._events import RequestEvent
    from asyncjobs.watercrawl._models import SearchRequest


class Searches:
    """Searches of the web."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        query: str,
        *,
        result_limit: int | None = None,
        depth: str | None = None,
        language: str | None = None,
        country: str | None = None,
        time_range: str | None = None,
        search_type: str | None = None,
    ) -> Creation[SearchRequest]:
        """
        Start a search for *query* (1 to 255 characters). Await it for a job, or enter it to own the job.

        *result_limit* is 1 to 20 (the service's default is 5), *depth* ``basic`` (default), ``advanced`` or
        ``ultimate``, *language* and *country* codes of at most 8 characters, *time_range* ``any`` (default),
        ``day``, ``week``, ``month`` or ``year``, *search_type* ``web``.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown: the service keeps nothing that tells a search from another.
            RateLimited: The plan's slots stayed taken for the retry budget.
            PaymentRequired: The plan has no credits left.
            InvalidRequest: The service refuses an argument.
        """
        options: dict[str, Any] = {
            "depth": depth,
            "language": language,
            "country": country,
            # The server reads the misspelled key; its documentation has the other one, which it ignores.
            "time_renge": time_range,
            "time_range": time_range,
            "search_type": search_type,
        }
        # The service demands `search_options`, be it empty.
        fields: dict[str, Any] = {
            "query": query,
            "search_options": {name: value for name, value in options.items() if value is not None},
        }
        if result_limit is not None:
            fields["result_limit"] = result_limit
        return self._client.create(SEARCH, fields)

    async def get(self, uuid: str) -> Job[SearchRequest]:
        """
        Look once at a search and return its handle.

        Raises:
            NotFound: There is no such search.
        """
        return await self._client.get(SEARCH, uuid)

    def list(self, *, page_size: int | None = None) -> Pages[Job[SearchRequest]]:
        """
        Return all searches, newest first, fetched *page_size* at a time (at most 100; ``None`` is the service's 25).

        The service cannot filter this list.
        """
        return self._client.list_jobs(SEARCH, SEARCH.surveys[0], page_size=page_size)

    def monitor(self, uuid: str, *, download: bool = False) -> StateEvents[SearchRequest, RequestEvent[SearchRequest]]:
        """
        Return what a search does as it happens: ``async for event in watercrawl.searches.monitor(uuid)``.

        States, and lines of its log. It goes on until the search was seen to end, and the last event shows how, also
        where the service's stream breaks off or ends before. With *download* a state that has results carries them. It
        keeps a connection, and a worker at a small server, as long as it is read: for many searches, wait.

        Raises (when iterated):
            NotFound: There is no such search.
            JobUnreachable, APIError, ...: What would end a wait; see ``Job.wait``.
        """
        return monitor(self._client, SEARCH, uuid, download=download)

    async def cancel(self, uuid: str) -> CancelOutcome:
        """Stop a search, as ``Job.cancel`` does."""
        return await self._client.job_of(SEARCH, uuid).cancel()
