"""``exa.websets.imports``: rows of your own for websets to hold, to search within or to leave out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import AsyncJobsError, InvalidArgument, ProtocolError
from asyncjobs.exa._calls import websets
from asyncjobs.exa._csv import MOST_BYTES, encoded, records
from asyncjobs.exa._import_models import Import
from asyncjobs.exa._webset_kinds import IMPORT
from asyncjobs.exa._wireform import body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs.kinds import Client, Pages

_UPDATE: Final = websets("PATCH", "imports/{id}")
_DELETE: Final = websets("DELETE", "imports/{id}")
_CSV: Final = "text/csv"
#: So many bytes are counted in a few milliseconds.
_QUICK: Final = 256 * 1024


def _whole(value: object, field: str, *, least: int = 1, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(field, f"expected int, got {type(value).__name__}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most:,}"
        raise InvalidArgument(field, f"expected {bounds}, got {value}")
    return value


async def _count(data: bytes) -> int:
    # Megabytes take a while, in which everybody else would wait.
    return records(data) if len(data) <= _QUICK else await asyncio.to_thread(records, data)


class Imports:
    """Imports: jobs that read the rows of a CSV file. They cannot be cancelled (``NotSupported``), only deleted."""

    def __init__(self, client: Client, adopt: Callable[[Job[Any]], object]) -> None:
        self._client = client
        self._adopt = adopt

    async def send(
        self,
        rows: str | bytes,
        *,
        entity: Mapping[str, Any],
        title: str | None = None,
        identifier: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Job[Import]:
        """
        Create an import of *rows*, upload them, and return the job that reads them.

        *rows* are CSV with a line of headings, at most 50,000,000 bytes of UTF-8; the other arguments are those of
        :meth:`create`. If the upload fails, the import stays behind without rows (``error.ref``), and costs nothing;
        if you are cancelled meanwhile, it is kept in ``exa.adopted``.

        Raises:
            InvalidArgument: *rows* cannot be sent, or have no row.
            ProtocolError: The reply with the address for the upload was lost; the import (``error.ref``) can be
                deleted.
            CreateUncertain, APIError, TransportError: As of :meth:`create` and :meth:`upload`.
        """
        data = encoded(rows)
        count = await _count(data)
        if not count:
            raise InvalidArgument("rows", "have a line of headings and nothing else")
        job = await self.create(
            size=len(data), count=count, entity=entity, title=title, identifier=identifier, metadata=metadata
        )
        try:
            # What came of the creation may make no sense, and the import exists all the same.
            await self._put(None if job.snapshot is None else job.snapshot.resource, data)
        except AsyncJobsError as error:
            raise error.about(job.ref, job.snapshot) from error.__cause__
        except asyncio.CancelledError:
            # Nobody else knows which it is.
            self._adopt(job)
            raise
        return job

    def create(
        self,
        *,
        size: int,
        count: int,
        entity: Mapping[str, Any],
        title: str | None = None,
        identifier: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Creation[Import]:
        """
        Create an import of *count* rows in *size* bytes (at most 50,000,000) of CSV, to be uploaded within an hour.

        Await it for a job; it waits for the rows (:meth:`upload`) until ``job.snapshot.resource.upload_valid_until``.
        *entity* says what a row is, in the service's own form (``{"type": "company"}``), *title* names the import,
        *identifier* is the index from 0 of the column by which rows are told apart (``None``: the service chooses),
        *metadata* are your own labels.
        :meth:`send` does all of it.

        Raises:
            InvalidArgument: *size*, *count* or *identifier* cannot be right.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown, and the import was not found.
            InvalidRequest: The service refuses an argument.
        """
        fields = body(
            size=_whole(size, "size", most=MOST_BYTES),
            count=_whole(count, "count"),
            format="csv",
            entity=entity,
            title=title,
            csv=None if identifier is None else {"identifier": _whole(identifier, "identifier", least=0)},
            metadata=metadata,
        )
        return self._client.create(IMPORT, fields)

    async def upload(self, to: Import | Job[Import], rows: str | bytes) -> None:
        """
        Upload the *rows* of an import, as it was created: the address is in no later reply.

        They go to the address that the service gave, without the API key and without following redirects, again
        within the retry budget if need be.

        Raises:
            InvalidArgument: *to* has no address for an upload, or *rows* cannot be its rows.
            APIError, TransportError: They were refused (an hour has passed, say), or there was no answer.
            ProtocolError: The address cannot be one.
        """
        resource = to if isinstance(to, Import) else None
        if resource is None:
            snapshot = getattr(to, "snapshot", None)
            resource = snapshot.resource if snapshot is not None else None
        if not isinstance(resource, Import) or resource.upload_url is None:
            raise InvalidArgument("to", "expected an import as its creation gave it: later replies have no address")
        data = encoded(rows)
        count = await _count(data)
        # Whether a line of headings is one of the rows only its owner knows.
        if resource.count is not None and resource.count not in {count, count + 1}:
            raise InvalidArgument("rows", f"the import is of {resource.count} rows, and these are {count}")
        await self._put(resource, data)

    async def _put(self, resource: Import | None, data: bytes) -> None:
        if resource is None or resource.upload_url is None:
            raise ProtocolError("the import exists, and the reply with the address for its rows was lost")
        await self._client.upload(resource.upload_url, data, content_type=_CSV)

    async def get(self, import_id: str) -> Job[Import]:
        """
        Look once at an import and return its handle.

        Raises:
            NotFound: There is no such import.
        """
        return await self._client.get(IMPORT, import_id)

    def list(self, *, page_size: int | None = None) -> Pages[Job[Import]]:
        """Return all imports, fetched *page_size* at a time (at most 200; ``None`` is the service's default of 25)."""
        return self._client.list_jobs(IMPORT, IMPORT.surveys[0], page_size=page_size)

    async def update(
        self, import_id: str, *, title: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> Import:
        """Change what is given (``None`` leaves it) and return the import as it then is; see :meth:`create`."""
        fields = body(title=title, metadata=metadata)
        return await self._client.fetch(_UPDATE, import_id, into=Import, body=fields)

    async def delete(self, import_id: str) -> Import:
        """Delete the import with its rows; return what it was."""
        return await self._client.fetch(_DELETE, import_id, into=Import)
