"""Webhooks of Websets, what they are told of, and each attempt to tell them."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

__all__ = [
    "EventType",
    "Webhook",
    "WebhookAttempt",
    "WebhookStatus",
]


class EventType(StrEnum):
    """What can happen. There is none for enrichments, nor for imports and runs of monitors that fail."""

    WEBSET_CREATED = "webset.created"
    WEBSET_DELETED = "webset.deleted"
    WEBSET_PAUSED = "webset.paused"
    WEBSET_IDLE = "webset.idle"
    WEBSET_SEARCH_CREATED = "webset.search.created"
    WEBSET_SEARCH_CANCELED = "webset.search.canceled"
    WEBSET_SEARCH_COMPLETED = "webset.search.completed"
    WEBSET_SEARCH_UPDATED = "webset.search.updated"
    IMPORT_CREATED = "import.created"
    IMPORT_COMPLETED = "import.completed"
    WEBSET_ITEM_CREATED = "webset.item.created"
    WEBSET_ITEM_ENRICHED = "webset.item.enriched"
    MONITOR_CREATED = "monitor.created"
    MONITOR_UPDATED = "monitor.updated"
    MONITOR_DELETED = "monitor.deleted"
    MONITOR_RUN_CREATED = "monitor.run.created"
    MONITOR_RUN_COMPLETED = "monitor.run.completed"
    WEBSET_EXPORT_CREATED = "webset.export.created"
    WEBSET_EXPORT_COMPLETED = "webset.export.completed"


class WebhookStatus(StrEnum):
    """Whether anything is delivered."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@frozen(kw_only=True)
class Webhook:
    """Where events are delivered to. Source: Exa Websets reference, webhook object."""

    id: str
    """The service's id of the webhook."""
    status: WebhookStatus | str
    """Whether it is switched on; a plain string if the word is not known here."""
    object: str = "webhook"
    """The service's name for this class."""
    events: tuple[EventType | str, ...] = ()
    """What it is told of."""
    url: str = ""
    """Where it is told."""
    secret: str | None = field(default=None, repr=False)
    """What its deliveries are signed with; ``None`` but in the reply to its creation, so keep it."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebhookAttempt:
    """One attempt to deliver one event. Source: Exa Websets reference, webhook attempt object."""

    id: str
    """The service's id of the attempt."""
    object: str = "webhook_attempt"
    """The service's name for this class."""
    event_id: str | None = None
    """The event; ``None`` if the reply does not say."""
    event_type: EventType | str | None = None
    """What had happened; ``None`` if the reply does not say."""
    webhook_id: str | None = None
    """The webhook; ``None`` if the reply does not say."""
    url: str = ""
    """Where it was sent."""
    successful: bool = False
    """Whether the receiver accepted it."""
    response_headers: dict[str, str] = field(factory=dict[str, str], repr=False)
    """What the receiver answered; empty if it did not."""
    response_body: str | None = field(default=None, repr=False)
    """What the receiver answered; ``None`` if it did not."""
    response_status_code: int | None = None
    """The HTTP status of the answer; ``None`` if the reply does not say."""
    attempt: int | None = None
    """Which attempt it was, from 1; ``None`` if the reply does not say."""
    attempted_at: datetime | None = None
    """When it was made, in UTC; ``None`` if the reply does not say."""
