"""Exa's websets and the work that goes on in them: searches and enrichments."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from asyncjobs.exa._import_models import Import
from asyncjobs.exa._item_models import WebsetItem
from asyncjobs.exa._monitor_models import Monitor
from asyncjobs.exa._parts import (
    Entity,
    ExcludeItem,
    ScopeItem,
    WebsetEnrichmentFormat,
    WebsetSearchBehavior,
    WebsetSearchCriterion,
)

__all__ = [
    "Webset",
    "WebsetEnrichment",
    "WebsetEnrichmentOption",
    "WebsetEnrichmentStatus",
    "WebsetSearch",
    "WebsetSearchCanceledReason",
    "WebsetSearchProgress",
    "WebsetSearchRecall",
    "WebsetSearchRecallBounds",
    "WebsetSearchRecallConfidence",
    "WebsetSearchRecallExpected",
    "WebsetSearchStatus",
    "WebsetStatus",
]


class WebsetStatus(StrEnum):
    """Whether work goes on in a webset; ``idle`` ends when new work is given to it."""

    IDLE = "idle"
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"


class WebsetSearchStatus(StrEnum):
    """How far a search is. There is no ``failed``."""

    CREATED = "created"
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELED = "canceled"


class WebsetSearchCanceledReason(StrEnum):
    """Why a search was canceled. There is no word for "somebody canceled this search"."""

    WEBSET_DELETED = "webset_deleted"
    WEBSET_CANCELED = "webset_canceled"
    OUT_OF_CREDITS = "out_of_credits"


class WebsetSearchRecallConfidence(StrEnum):
    """How sure the service is of its estimate."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class WebsetEnrichmentStatus(StrEnum):
    """How far an enrichment is; ``pending`` also while it works, and again when new items arrive."""

    PENDING = "pending"
    COMPLETED = "completed"
    CANCELED = "canceled"


@frozen(kw_only=True)
class WebsetSearchProgress:
    """How far a search is. Source: Exa Websets reference, search object."""

    found: int = 0
    """Items found that meet the criteria."""
    analyzed: int = 0
    """Candidates judged."""
    completion: float = 0.0
    """0 to 100 percent."""
    time_left: float | None = None
    """The service's estimate in seconds; ``None`` without one."""


@frozen(kw_only=True)
class WebsetSearchRecallBounds:
    """Between which numbers the estimate lies. Source: Exa Websets reference, search object."""

    min: float | None = None
    """The fewest matches to expect; ``None`` if the reply does not say."""
    max: float | None = None
    """The most matches to expect; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebsetSearchRecallExpected:
    """How many matches the service believes to exist. Source: Exa Websets reference, search object."""

    total: float | None = None
    """The estimate; ``None`` if the reply does not say."""
    confidence: WebsetSearchRecallConfidence | str | None = None
    """How sure it is; ``None`` if the reply does not say."""
    bounds: WebsetSearchRecallBounds | None = None
    """The range; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebsetSearchRecall:
    """An estimate of all that could be found. Source: Exa Websets reference, search object."""

    expected: WebsetSearchRecallExpected = field(factory=WebsetSearchRecallExpected)
    """The numbers."""
    reasoning: str | None = None
    """How they came about, in words; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebsetSearch:
    """A search which fills a webset with items. Source: Exa Websets reference, search object."""

    id: str
    """The service's id of the search."""
    status: WebsetSearchStatus | str
    """How far it is; a plain string if the word is not known here."""
    object: str = "webset_search"
    """The service's name for this class."""
    webset_id: str | None = None
    """Its webset; ``None`` in replies of 2025, which lack it."""
    query: str = ""
    """What is searched for."""
    entity: Entity | None = None
    """What kind of thing is looked for; ``None`` before the service has decided."""
    criteria: tuple[WebsetSearchCriterion, ...] = ()
    """The conditions that an item must meet."""
    count: int | None = None
    """How many items it tries to find; ``None`` if the reply does not say."""
    max_people_per_company: int | None = None
    """A soft limit on people of one employer; ``None`` without."""
    behavior: WebsetSearchBehavior | str = WebsetSearchBehavior.OVERRIDE
    """What becomes of items that are there."""
    exclude: tuple[ExcludeItem, ...] = ()
    """Sources whose entries are left out."""
    scope: tuple[ScopeItem, ...] = ()
    """Sources within which is searched; empty for the whole web."""
    progress: WebsetSearchProgress = field(factory=WebsetSearchProgress)
    """How far it is, in numbers; zeros if the reply does not say."""
    recall: WebsetSearchRecall | None = None
    """An estimate of all that could be found; ``None`` if not asked for or not yet made."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    canceled_at: datetime | None = None
    """When it was canceled, in UTC; ``None`` otherwise."""
    canceled_reason: WebsetSearchCanceledReason | str | None = None
    """Why it was canceled; ``None`` otherwise, and where somebody canceled just this search."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebsetEnrichmentOption:
    """One of the answers to choose from. Source: Exa Websets reference, enrichment object."""

    label: str
    """The answer."""


@frozen(kw_only=True)
class WebsetEnrichment:
    """A question which is answered for each item of a webset. Source: Exa Websets reference, enrichment object."""

    id: str
    """The service's id of the enrichment."""
    status: WebsetEnrichmentStatus | str
    """How far it is; a plain string if the word is not known here."""
    object: str = "webset_enrichment"
    """The service's name for this class."""
    webset_id: str | None = None
    """Its webset; ``None`` if the reply does not say."""
    title: str | None = None
    """A short name; ``None`` before the service has made one."""
    description: str = ""
    """The question."""
    format: WebsetEnrichmentFormat | str | None = None
    """What kind of answer is given; ``None`` before the service has decided."""
    options: tuple[WebsetEnrichmentOption, ...] = ()
    """The answers to choose from, with the format ``options``."""
    instructions: str | None = None
    """How the service goes about it, in words; ``None`` before it has decided."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class Webset:
    """A container of items and of the work that fills it; it has no end of its own.

    Source: Exa Websets reference, webset object.
    """

    id: str
    """The service's id of the webset."""
    status: WebsetStatus | str
    """Whether work goes on; a plain string if the word is not known here."""
    object: str = "webset"
    """The service's name for this class."""
    dashboard_url: str | None = None
    """Where people can look at it; ``None`` if the reply does not say."""
    external_id: str | None = None
    """The caller's own id; ``None`` without."""
    title: str | None = None
    """Its name; ``None`` before the service has made one."""
    searches: tuple[WebsetSearch, ...] = ()
    """All its searches, as they are now."""
    imports: tuple[Import, ...] = ()
    """The imports that it was filled from."""
    enrichments: tuple[WebsetEnrichment, ...] = ()
    """All its enrichments, as they are now."""
    monitors: tuple[Monitor, ...] = ()
    """Its monitors, each with its latest run."""
    excludes: tuple[ExcludeItem, ...] = ()
    """Sources whose entries are left out of every search and import."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""
    items: tuple[WebsetItem, ...] | None = None
    """Its items, if the reply was asked to carry them; else ``None``. Perhaps not all: list them to be sure."""
