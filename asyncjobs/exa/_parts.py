"""Pieces that several resources of Exa's Websets share."""

from enum import StrEnum

from attrs import frozen

__all__ = [
    "Entity",
    "EntityType",
    "ExcludeItem",
    "ScopeItem",
    "ScopeRelationship",
    "SourceType",
    "WebsetEnrichmentFormat",
    "WebsetSearchBehavior",
    "WebsetSearchCriterion",
]


class EntityType(StrEnum):
    """What kind of thing is looked for."""

    COMPANY = "company"
    PERSON = "person"
    ARTICLE = "article"
    RESEARCH_PAPER = "research_paper"
    CUSTOM = "custom"


class SourceType(StrEnum):
    """Where rows that exist already come from."""

    IMPORT = "import"
    WEBSET = "webset"


class WebsetSearchBehavior(StrEnum):
    """What a search does to the items that are there: ``override`` judges them anew, ``append`` adds to them."""

    OVERRIDE = "override"
    APPEND = "append"


class WebsetEnrichmentFormat(StrEnum):
    """What an enrichment answers with. Whatever it is, results arrive as strings."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    OPTIONS = "options"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"


@frozen(kw_only=True)
class Entity:
    """What kind of thing is looked for. Source: Exa Websets reference, entity."""

    type: EntityType | str
    """The kind; a plain string if the word is not known here."""
    description: str | None = None
    """What a ``custom`` kind means; ``None`` for the others."""


@frozen(kw_only=True)
class WebsetSearchCriterion:
    """One condition that an item must meet. Source: Exa Websets reference, search object."""

    description: str
    """The condition in words."""
    success_rate: float | None = None
    """How many of the judged items meet it, 0 to 100 percent; ``None`` where nothing was judged."""


@frozen(kw_only=True)
class ExcludeItem:
    """A source whose entries are left out. Source: Exa Websets reference, search object."""

    source: SourceType | str
    """What *id* names."""
    id: str
    """Id of the import or webset."""


@frozen(kw_only=True)
class ScopeRelationship:
    """How results relate to the entries of a scope. Source: Exa Websets reference, search object."""

    definition: str
    """The relationship in words."""
    limit: float | None = None
    """The most related results for each entry, 1 to 10; ``None`` without a limit."""


@frozen(kw_only=True)
class ScopeItem:
    """A source within which is searched. Source: Exa Websets reference, search object."""

    source: SourceType | str
    """What *id* names."""
    id: str
    """Id of the import or webset."""
    relationship: ScopeRelationship | None = None
    """How results relate to its entries; ``None`` if the entries themselves are searched."""
