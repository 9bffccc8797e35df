"""What a webset holds: items, how they were judged, and what enrichments found out about them."""

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from asyncjobs.exa._parts import WebsetEnrichmentFormat
from asyncjobs.exa._properties import WebsetItemProperties

__all__ = [
    "EnrichmentResult",
    "EnrichmentResultStatus",
    "Reference",
    "Satisfied",
    "WebsetItem",
    "WebsetItemEvaluation",
    "WebsetItemSource",
]


class WebsetItemSource(StrEnum):
    """How an item came into its webset."""

    SEARCH = "search"
    IMPORT = "import"


class Satisfied(StrEnum):
    """Whether an item meets a criterion."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class EnrichmentResultStatus(StrEnum):
    """How far an enrichment is with one item."""

    PENDING = "pending"
    COMPLETED = "completed"
    CANCELED = "canceled"


@frozen(kw_only=True)
class Reference:
    """A page on which a statement rests. Source: Exa Websets reference, item object."""

    url: str
    """Address of the page."""
    title: str | None = None
    """Title of the page; ``None`` if unknown."""
    snippet: str | None = None
    """The passage; ``None`` if the service gave none."""


@frozen(kw_only=True)
class WebsetItemEvaluation:
    """How an item was judged by one criterion. Source: Exa Websets reference, item object."""

    criterion: str
    """The criterion in words."""
    satisfied: Satisfied | str | None = None
    """The verdict; ``None`` if the reply has none."""
    reasoning: str | None = None
    """Why, in words; ``None`` if the service gave no reason."""
    references: tuple[Reference, ...] = ()
    """The pages on which the verdict rests."""


@frozen(kw_only=True)
class EnrichmentResult:
    """What an enrichment found out about one item. Source: Exa Websets reference, item object."""

    enrichment_id: str
    """The enrichment."""
    object: str = "enrichment_result"
    """The service's name for this class."""
    status: EnrichmentResultStatus | str | None = None
    """How far it is; ``None`` in older replies."""
    format: WebsetEnrichmentFormat | str | None = None
    """What kind of answer *result* is; ``None`` if the reply does not say."""
    result: tuple[str, ...] | None = None
    """The answers, numbers and dates too as strings; ``None`` before the end and where nothing was found."""
    reasoning: str | None = None
    """How it was found, in words; ``None`` if the service does not say."""
    references: tuple[Reference, ...] = ()
    """The pages on which it rests."""


@frozen(kw_only=True)
class WebsetItem:
    """One thing that a webset holds. Source: Exa Websets reference, item object."""

    id: str
    """The service's id of the item."""
    properties: WebsetItemProperties
    """What it is."""
    object: str = "webset_item"
    """The service's name for this class."""
    source: WebsetItemSource | str | None = None
    """How it came into the webset; ``None`` if the reply does not say."""
    source_id: str | None = None
    """Id of the search or import that brought it; ``None`` if the reply does not say."""
    webset_id: str | None = None
    """Its webset; ``None`` if the reply does not say."""
    evaluations: tuple[WebsetItemEvaluation, ...] = ()
    """How it was judged."""
    enrichments: tuple[EnrichmentResult, ...] = ()
    """What enrichments found out about it."""
    created_at: datetime | None = None
    """When it was added, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""
