"""Files that a service gives: written to the disk as they come, whole or not at all, and bounded."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from anyio import to_thread

from asyncjobs._bodies import read_json
from asyncjobs._retry import Retries
from asyncjobs._settings import check_count
from asyncjobs.errors import AsyncJobsError, InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from asyncjobs._kinds import Refusal
    from asyncjobs._streaming import EventReader, Stream
    from asyncjobs._streams import Streams
    from asyncjobs._tasks import Tasks
    from asyncjobs._wire import Request

Opening: TypeAlias = "Callable[[], Awaitable[EventReader]]"


class Downloads:
    """What one client reads besides replies: archives of its service's, and files that are kept for it elsewhere."""

    def __init__(self, streams: Streams, tasks: Tasks) -> None:
        self._streams = streams
        self._tasks = tasks

    async def save(self, request: Request, refusals: Sequence[Refusal], path: object, max_bytes: int) -> int:
        """Write the reply to *request* to a file; see ``Client.save``."""
        target, most = _check_path(path), check_count(max_bytes, "max_bytes")
        opening = _attempts(self._streams, request, refusals)
        size: int = await self._run(opening, lambda stream: _write(stream, target, most), "save a reply")
        return size

    async def save_from(self, address: str, path: object, max_bytes: int) -> int:
        """Write what is at *address* to a file; see ``Client.save_from``."""
        target, most = _check_path(path), check_count(max_bytes, "max_bytes")
        opening = _attempts_elsewhere(self._streams, address)
        size: int = await self._run(opening, lambda stream: _write(stream, target, most), "save a file")
        return size

    async def read_from(self, address: str) -> Any:
        """Return the JSON value that is at *address*; see ``Client.read_from``."""
        return await self._run(_attempts_elsewhere(self._streams, address), _read, "read a file")

    async def _run(self, opening: Opening, use: Callable[[Stream], Awaitable[Any]], name: str) -> Any:
        result = await self._tasks.run(self._try(opening, use), name)
        if isinstance(result, AsyncJobsError):
            raise result
        return result

    async def _try(self, opening: Opening, use: Callable[[Stream], Awaitable[Any]]) -> Any:
        """Open and *use* a stream, from its beginning again where that may help, within the retry budget."""
        loop = asyncio.get_running_loop()
        retries = Retries(self._streams.settings.retry_budget, repeatable=True)
        while True:
            # A file that has come for an hour before it broke off has not used up the budget.
            began, took = loop.time(), 0.0
            try:
                try:
                    reader = await opening()
                except AsyncJobsError:
                    took = loop.time() - began
                    raise
                try:
                    return await use(reader.stream)
                finally:
                    reader.close()
            except AsyncJobsError as error:
                spread = random.random()  # noqa: S311 - jitter is no secret
                delay = retries.after(error, took=took, spread=spread)
                if delay is None:
                    raise
            await asyncio.sleep(delay)


def _attempts(streams: Streams, request: Request, refusals: Sequence[Refusal]) -> Opening:
    return lambda: streams.open(request, refusals, accept=None, retry=False)


def _attempts_elsewhere(streams: Streams, address: str) -> Opening:
    return lambda: streams.open_elsewhere(address)


async def _read(stream: Stream) -> Any:
    try:
        return read_json(await stream.read_all())
    except (ValueError, RecursionError):
        return ProtocolError(f"{stream.url}: the body is no JSON")


async def _write(stream: Stream, target: Path, most: int) -> int | ProtocolError:
    """Write a stream to a new file beside *target*, and put it in its place when it has come whole."""
    size, announced = 0, stream.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        return _too_large(stream, most)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with await to_thread.run_sync(_begin, part, target) as file:
            while piece := await stream.read():
                size += len(piece)
                if size > most:
                    return _too_large(stream, most)
                await to_thread.run_sync(file.write, piece)
        await to_thread.run_sync(part.replace, target)
    finally:
        # Nothing is left of it unless it was finished.
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return size


def _begin(part: Path, target: Path) -> BinaryIO:
    if target.is_dir():
        # Else that would show when all has come.
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return part.open("xb")


def _too_large(stream: Stream, most: int) -> ProtocolError:
    # Returned, not raised: it will not be smaller the next time.
    return ProtocolError(f"{stream.url}: the file has more than max_bytes ({most})")


def _check_path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidArgument("path", f"expected str or a path, got {type(path).__name__}")
    target: str | bytes = os.fspath(path)
    if not isinstance(target, str) or "\0" in target or not Path(target).name:
        raise InvalidArgument("path", "expected the path of a file")
    return Path(target)
