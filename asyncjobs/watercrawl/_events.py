"""What WaterCrawl's status streams tell."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (attrs asks for the types of fields)
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from asyncjobs._convert import KeyStyle, structure
from asyncjobs.errors import ProtocolError
from asyncjobs.watercrawl._crawl_models import CrawlResult

if TYPE_CHECKING:
    from asyncjobs._state_events import StateEvents
    from asyncjobs.kinds import Client, JobKind

__all__ = ["FeedMessage", "RequestEvent", "monitor", "prefetched"]

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
#: In a class with a field called `type` the word means that.
Class: TypeAlias = type[T]


@frozen(kw_only=True)
class FeedMessage:
    """A line of a job's log. Source: WaterCrawl server, event stream."""

    id: str | None = None
    """The server's id of the line; ``None`` if it has none."""
    type: str | None = None
    """How grave it is: ``info``, ``warning`` or ``error``; ``None`` if the server does not say."""
    message: str = ""
    """The line."""
    timestamp: datetime | None = None
    """When it was written; ``None`` if the server does not say."""
    metadata: dict[str, Any] = field(factory=dict[str, Any])
    """More about it."""


@frozen(kw_only=True)
class RequestEvent(Generic[R_co]):
    """One event of a status stream; of *request*, *result* and *message* one is not ``None``, or none if it is new."""

    type: str | None
    """What it is: ``state``, ``result`` or ``feed``; ``None`` if it does not say."""
    data: Any
    """What it tells, as received."""
    _resource: Class[R_co] = field(repr=False, alias="resource")

    @property
    def request(self) -> R_co | None:
        """The search, crawl or sitemap as it is now; ``None`` for what is no ``state``."""
        return self._read("state", self._resource)

    @property
    def result(self) -> CrawlResult | None:
        """A page that a crawl has found; ``None`` for what is no ``result``."""
        return self._read("result", CrawlResult)

    @property
    def message(self) -> FeedMessage | None:
        """A line of the log; ``None`` for what is no ``feed``."""
        return self._read("feed", FeedMessage)

    def _read(self, kind: str, cls: Class[T]) -> T | None:
        if self.type != kind:
            return None
        try:
            return structure(self.data, cls, KeyStyle.SNAKE)
        except ProtocolError:
            return None


def monitor(client: Client, kind: JobKind[T], uuid: str, *, download: bool) -> StateEvents[T, RequestEvent[T]]:
    """Return the events of a job's status stream, with *download* those that carry content."""

    def make(event: dict[str, Any]) -> RequestEvent[T]:
        word = event.get("type")
        return RequestEvent(
            type=word if isinstance(word, str) else None, data=event.get("data"), resource=kind.resource
        )

    return client.monitor(kind, uuid, make=make, query=prefetched(download=download))


def prefetched(*, download: bool) -> tuple[tuple[str, str], ...]:
    """Return the query that asks for content in place of its address, if that is wanted."""
    return (("prefetched", "true"),) if download else ()
