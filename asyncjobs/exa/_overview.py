"""What Websets tells about a search that was not made yet, and about the team."""

from datetime import datetime

from attrs import field, frozen

from asyncjobs.exa._parts import Entity, WebsetEnrichmentFormat, WebsetSearchCriterion
from asyncjobs.exa._properties import WebsetItemProperties
from asyncjobs.exa._webset_models import WebsetEnrichmentOption

__all__ = [
    "PreviewEnrichment",
    "PreviewItem",
    "PreviewSearch",
    "Team",
    "TeamConcurrency",
    "TeamLimits",
    "WebsetPreview",
]


@frozen(kw_only=True)
class PreviewSearch:
    """How a query would be understood. Source: Exa Websets reference, preview."""

    entity: Entity | None = None
    """What kind of thing would be looked for; ``None`` if the reply does not say."""
    criteria: tuple[WebsetSearchCriterion, ...] = ()
    """The conditions that an item would have to meet."""


@frozen(kw_only=True)
class PreviewEnrichment:
    """A question that the query asks besides. Source: Exa Websets reference, preview."""

    description: str = ""
    """The question."""
    format: WebsetEnrichmentFormat | str | None = None
    """What kind of answer it has; ``None`` if the reply does not say."""
    options: tuple[WebsetEnrichmentOption, ...] = ()
    """The answers to choose from, with the format ``options``."""


@frozen(kw_only=True)
class PreviewItem:
    """One thing that would be found. Source: Exa Websets reference, preview."""

    id: str
    """The service's id of the item."""
    properties: WebsetItemProperties
    """What it is."""
    created_at: datetime | None = None
    """When it was found, in UTC; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class WebsetPreview:
    """What a search would come to. Source: Exa Websets reference, preview."""

    search: PreviewSearch = field(factory=PreviewSearch)
    """How the query would be understood."""
    enrichments: tuple[PreviewEnrichment, ...] = ()
    """What it asks besides."""
    items: tuple[PreviewItem, ...] = ()
    """Some of what would be found; empty unless that was asked for."""


@frozen(kw_only=True)
class TeamConcurrency:
    """How many searches of the team there are now. Source: Exa Websets reference, team."""

    active: int = 0
    """How many run."""
    queued: int = 0
    """How many wait."""


@frozen(kw_only=True)
class TeamLimits:
    """How many searches the team may have. Source: Exa Websets reference, team."""

    max_concurrent: int | None = None
    """How many may run; ``None`` for any number."""
    max_queued: int | None = None
    """How many may wait; ``None`` for any number."""


@frozen(kw_only=True)
class Team:
    """The team to which the key belongs. Source: Exa Websets reference, team."""

    id: str
    """The service's id of the team."""
    object: str = "team"
    """The service's name for this class."""
    name: str | None = None
    """Its name; ``None`` if the reply does not say."""
    concurrency: TeamConcurrency = field(factory=TeamConcurrency)
    """What it does now."""
    limits: TeamLimits = field(factory=TeamLimits)
    """What it may do."""
