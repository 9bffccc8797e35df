"""``exa.websets.events``: what has happened in the last sixty days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from asyncjobs.errors import InvalidArgument
from asyncjobs.exa._calls import PAGING, several, websets
from asyncjobs.exa._webset_events import WebsetEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncjobs.kinds import Client, Pages

_LIST: Final = websets("GET", "events")
_GET: Final = websets("GET", "events/{id}")


class Events:
    """The feed of events. It knows no enrichments, no failures, and not every cancel: a look at the job decides."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(
        self,
        *,
        types: Sequence[str] = (),
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int | None = None,
    ) -> Pages[WebsetEvent]:
        """
        Return the events, in no order that is documented, fetched *page_size* at a time (at most 200; ``None``: 25).

        *types* picks some (see :class:`EventType`); empty takes all. *created_after* and *created_before* are aware
        times, both inclusive; ``None`` is no bound.

        Raises:
            InvalidArgument: A time is naive, or *types* is one text instead of several.
        """
        query = [("types", str(each)) for each in several(types, "types")]
        for name, field, moment in (
            ("createdAfter", "created_after", created_after),
            ("createdBefore", "created_before", created_before),
        ):
            if moment is not None:
                query.append((name, _spelled(moment, field)))
        return self._client.rows(_LIST, into=WebsetEvent, at="data", paging=PAGING, page_size=page_size, query=query)

    async def get(self, event: str) -> WebsetEvent:
        """
        Return one event.

        Raises:
            NotFound: There is none, or it is older than sixty days.
        """
        return await self._client.fetch(_GET, event, into=WebsetEvent)


def _spelled(moment: object, field: str) -> str:
    if not isinstance(moment, datetime):
        raise InvalidArgument(field, f"expected datetime, got {type(moment).__name__}")
    if moment.tzinfo is None:
        raise InvalidArgument(field, "expected an aware time; a naive one could mean any")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
