"""The client of WaterCrawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncjobs.kinds import Client
from asyncjobs.watercrawl._crawls import Crawls
from asyncjobs.watercrawl._provider import LARGEST_FILE, WATERCRAWL
from asyncjobs.watercrawl._searches import Searches
from asyncjobs.watercrawl._sitemaps import Sitemaps

if TYPE_CHECKING:
    import os

    import aiohttp

    from asyncjobs._settings import Settings


class WaterCrawl(Client):
    """
    The client of WaterCrawl: ``watercrawl.searches``, ``watercrawl.crawls`` and ``watercrawl.sitemaps``.

    *api_key* ``None`` takes the environment's ``WATERCRAWL_API_KEY``, *base_url* ``None`` its ``WATERCRAWL_BASE_URL``
    or WaterCrawl's own address. See :class:`asyncjobs.kinds.Client` for the rest.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        settings: Settings | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        super().__init__(WATERCRAWL, api_key, base_url=base_url, settings=settings, session=session)

    @property
    def searches(self) -> Searches:
        """Searches of the web."""
        return Searches(self)

    @property
    def crawls(self) -> Crawls:
        """Crawls of sites."""
        return Crawls(self)

    @property
    def sitemaps(self) -> Sitemaps:
        """Sitemaps of sites."""
        return Sitemaps(self)

    async def download(self, address: str, path: str | os.PathLike[str], *, max_bytes: int = LARGEST_FILE) -> int:
        """
        Write what is at an *address* that the service gave to the file *path*, and return its bytes.

        Such are ``result_url``, ``sitemap`` and those of attachments: signed ones at a store of files, where the key
        is not sent. It goes to the disk as it comes, however long that takes; the file is there when all has come, in
        place of one that was there before, else nothing is. *max_bytes* is 1 GiB unless you say otherwise.

        Raises:
            APIError, TransportError: It failed, retries included; a signature that has expired is a ``403``.
            ProtocolError: It has more than *max_bytes*.
            InvalidArgument: *address* is no address, or not a secure one although the service's is.
            OSError: The file cannot be written.
        """
        return await self.save_from(address, path, max_bytes=max_bytes)
