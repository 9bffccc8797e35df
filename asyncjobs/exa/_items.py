"""``exa.websets.items``: what the searches and imports of a webset have found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from asyncjobs.exa._calls import PAGING, websets
from asyncjobs.exa._item_models import WebsetItem

if TYPE_CHECKING:
    from asyncjobs.kinds import Client, Pages

_LIST: Final = websets("GET", "websets/{webset}/items")
_GET: Final = websets("GET", "websets/{webset}/items/{id}")
_DELETE: Final = websets("DELETE", "websets/{webset}/items/{id}")


class Items:
    """What the searches and imports of a webset have found. A *webset* is named by its id or its external id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, webset: str, *, source_id: str | None = None, page_size: int | None = None) -> Pages[WebsetItem]:
        """
        Return the items, fetched *page_size* at a time (at most 100; ``None`` is the service's default of 20).

        *source_id* is the id of a search or an import; ``None`` takes the items of all.
        """
        query = [] if source_id is None else [("sourceId", source_id)]
        return self._client.rows(
            _LIST, webset, into=WebsetItem, at="data", paging=PAGING, page_size=page_size, query=query
        )

    async def get(self, webset: str, item: str) -> WebsetItem:
        """
        Return one item with what the enrichments have found out about it so far.

        Raises:
            NotFound: There is no such item.
        """
        return await self._client.fetch(_GET, webset, item, into=WebsetItem)

    async def delete(self, webset: str, item: str) -> WebsetItem:
        """Delete the item and cancel the enrichments' work on it; return what it was."""
        return await self._client.fetch(_DELETE, webset, item, into=WebsetItem)
