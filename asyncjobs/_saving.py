"""Asking a service for what is no object: other JSON values, and files, its own and those that are kept for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._bodies import read_json
from asyncjobs._downloads import Downloads
from asyncjobs._wire import build
from asyncjobs.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from asyncjobs._calls import Call
    from asyncjobs._engine import Engine
    from asyncjobs._kinds import Refusal
    from asyncjobs._wire import Reply, Request

T = TypeVar("T")


class Saving:
    """What a client can read besides objects."""

    _engine: Engine

    async def read(self, call: Call, *ids: str, into: type[T], query: Sequence[tuple[str, str]] = ()) -> T:
        """
        Send *call*, which may be repeated, and return the JSON value that it is answered with: *into* is its type.

        Raises:
            APIError, TransportError, ProtocolError: It failed, retries included, or the answer is of another type.
            InvalidArgument: An id cannot be one, or *call* may not be repeated.
        """

        def parse(reply: Reply) -> T:
            value = _read_value(reply)
            if not isinstance(value, into):
                message = f"{reply.url}: expected {into.__name__}, got {type(value).__name__}"
                raise ProtocolError(message, request_id=reply.request_id)
            return value

        if not call.repeatable:
            raise InvalidArgument("call", "is a create, which is never read")
        self._engine.enter()
        return await self._send(build(call, ids, query=query), parse)

    async def save(
        self, call: Call, *ids: str, path: str | os.PathLike[str], max_bytes: int, query: Sequence[tuple[str, str]] = ()
    ) -> int:
        """
        Send *call*, which may be repeated, write its reply to the file *path* as it comes, and return its bytes.

        The file is there when the whole reply has come, in place of one that was there before; else nothing is. No
        more than a piece is held in memory. It may take any time, but not fall silent for ``Settings.idle_timeout``
        seconds.

        Raises:
            APIError, TransportError: It failed, retries included.
            ProtocolError: It has more than *max_bytes*.
            InvalidArgument: An id cannot be one, *path* is no path, or *call* may not be repeated.
            OSError: The file cannot be written.
        """
        if not call.repeatable:
            raise InvalidArgument("call", "is a create, which is never saved")
        request = build(call, ids, query=query)
        return await self._downloads().save(request, self._engine.provider.refusals, path, max_bytes)

    async def save_from(self, address: str, path: str | os.PathLike[str], *, max_bytes: int) -> int:
        """
        Write what is at an *address* that the service gave to the file *path*, as :meth:`save`, without the key.

        Raises:
            APIError, TransportError: It failed, retries included; a signature that has expired is a ``403``.
            ProtocolError: It has more than *max_bytes*.
            InvalidArgument: *path* is no path, *address* no address, or not a secure one although the service's is.
            OSError: The file cannot be written.
        """
        return await self._downloads().save_from(address, path, max_bytes)

    async def read_from(self, address: str, *, into: type[T]) -> T:
        """
        Return the JSON value at an *address* that the service gave, without the key: *into* is its type.

        Raises:
            APIError, TransportError: It failed, retries included; a signature that has expired is a ``403``.
            ProtocolError: It is no JSON, of another type, or larger than ``Settings.max_body_bytes``.
            InvalidArgument: *address* is no address, or not a secure one although the service's is.
        """
        value = await self._downloads().read_from(address)
        if not isinstance(value, into):
            raise ProtocolError(f"a file: expected {into.__name__}, got {type(value).__name__}")
        return value

    async def _send(self, request: Request, parse: Callable[[Reply], T], refusals: tuple[Refusal, ...] = ()) -> T:
        engine = self._engine
        sending = engine.caller.send(request, parse, refusals + engine.provider.refusals)
        return await engine.tasks.run(sending, f"{request.method} {request.target.partition('?')[0]}")

    def _downloads(self) -> Downloads:
        self._engine.enter()
        return Downloads(self._engine.streams, self._engine.tasks)


def _read_value(reply: Reply) -> Any:
    try:
        return read_json(reply.body)
    except (ValueError, RecursionError):
        message = f"{reply.url}: the body is no JSON ({len(reply.body)} bytes)"
        raise ProtocolError(message, request_id=reply.request_id) from None
