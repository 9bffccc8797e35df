"""Replies of which only the head has come, and what aiohttp's exceptions mean to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
import attrs
from yarl import URL

from asyncjobs._addresses import check_given_address
from asyncjobs._unpacking import Unreadable
from asyncjobs.errors import TransportError

if TYPE_CHECKING:
    from asyncjobs._concealing import Concealer
    from asyncjobs._middlewares import Credentials
    from asyncjobs._wire import Request

#: What aiohttp raises before a single byte of the request was written.
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
#: Whatever a request may end in without a complete reply.
#: A redirect to a host whose name cannot be looked up is a UnicodeError.
BROKEN: Final = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError, Unreadable)


@attrs.frozen(repr=False)
class Head:
    """A reply whose body is still to be read, and to be closed; *concealer* takes the key out of what it says."""

    response: aiohttp.ClientResponse
    shown: str
    concealer: Concealer


async def begin_elsewhere(
    session: aiohttp.ClientSession, address: str, home: str, credentials: Credentials, bounds: aiohttp.ClientTimeout
) -> Head:
    """
    Read what is at an *address* that the service at *home* gave; nobody gets the key.

    Raises:
        InvalidArgument: It is no address, or not a secure one although *home* is.
    """
    url = check_given_address(address, URL(home))
    abroad = credentials.abroad()
    response = await session.get(
        url,
        headers={"Accept": "*/*", "Accept-Encoding": "identity"},
        timeout=bounds,
        max_redirects=5,
        raise_for_status=False,
        auto_decompress=False,
        middlewares=abroad.middlewares(),
    )
    return Head(response, str(url.with_query(None).with_fragment(None)), abroad.concealer)


def failed(error: BaseException, request: Request, shown: str) -> TransportError:
    """Return what one of :data:`BROKEN` means that a request for *shown* ended in."""
    return TransportError(_describe(error), sent=not isinstance(error, _NEVER_SENT), method=request.method, url=shown)


def _describe(error: BaseException) -> str:
    """Name what happened without repeating what was sent."""
    if isinstance(error, OSError) and error.strerror and not isinstance(error, TimeoutError):
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
