"""Websets' imports: rows that were uploaded."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from asyncjobs.exa._parts import Entity

__all__ = ["Import", "ImportFailedReason", "ImportFormat", "ImportStatus"]


class ImportStatus(StrEnum):
    """How far an import is; ``pending`` waits for the upload."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class ImportFormat(StrEnum):
    """What an import was made from."""

    CSV = "csv"
    WEBSET = "webset"


class ImportFailedReason(StrEnum):
    """Why an import failed."""

    INVALID_FORMAT = "invalid_format"
    INVALID_FILE_CONTENT = "invalid_file_content"
    MISSING_IDENTIFIER = "missing_identifier"


@frozen(kw_only=True)
class Import:
    """Rows that were uploaded. Source: Exa Websets reference, import object."""

    id: str
    """The service's id of the import."""
    status: ImportStatus | str
    """How far it is; a plain string if the word is not known here."""
    object: str = "import"
    """The service's name for this class."""
    format: ImportFormat | str | None = None
    """What it was made from; ``None`` if the reply does not say."""
    entity: Entity | None = None
    """What kind of thing a row is; ``None`` if unknown."""
    title: str | None = None
    """Its name; ``None`` without one."""
    count: int | None = None
    """How many rows it has; ``None`` if the reply does not say."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    failed_reason: ImportFailedReason | str | None = None
    """Why it failed; ``None`` otherwise."""
    failed_at: datetime | None = None
    """When it failed, in UTC; ``None`` otherwise."""
    failed_message: str | None = None
    """Why it failed, in words; ``None`` otherwise."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""
    upload_url: str | None = field(default=None, repr=False)
    """Where to put the rows (signed, so as good as a key); ``None`` but in the reply to its creation."""
    upload_valid_until: datetime | None = None
    """Until when *upload_url* works, in UTC; ``None`` where that is ``None``."""
