"""What a webset's item is about: one class for each kind of thing, and one for kinds yet unknown."""

from typing import Any, Literal

from attrs import field, frozen

from asyncjobs._convert import whole

__all__ = [
    "ArticleFields",
    "ArticleProperties",
    "CompanyFields",
    "CompanyProperties",
    "CustomProperties",
    "PersonCompanyFields",
    "PersonFields",
    "PersonProperties",
    "ResearchPaperProperties",
    "UnknownProperties",
    "WebsetItemProperties",
]


@frozen(kw_only=True)
class PersonCompanyFields:
    """Where a person works. Source: Exa Websets reference, item object."""

    name: str | None = None
    """Name of the company; ``None`` if unknown."""
    location: str | None = None
    """Where the company is; ``None`` if unknown."""


@frozen(kw_only=True)
class PersonFields:
    """Facts about a person, each ``None`` if unknown. Source: Exa Websets reference, item object."""

    name: str | None = None
    """Full name."""
    location: str | None = None
    """Where the person lives or works."""
    position: str | None = None
    """Present role."""
    company: PersonCompanyFields | None = None
    """Present employer."""
    picture_url: str | None = None
    """Address of a picture."""


@frozen(kw_only=True)
class CompanyFields:
    """Facts about a company, each ``None`` if unknown. Source: Exa Websets reference, item object."""

    name: str | None = None
    """Name of the company."""
    location: str | None = None
    """Main place."""
    employees: float | None = None
    """How many people work there."""
    industry: str | None = None
    """Line of business."""
    about: str | None = None
    """A short description."""
    logo_url: str | None = None
    """Address of the logo."""


@frozen(kw_only=True)
class ArticleFields:
    """Facts about a text, each ``None`` if unknown. Source: Exa Websets reference, item object."""

    title: str | None = None
    """Title of the text."""
    author: str | None = None
    """Who wrote it."""
    published_at: str | None = None
    """When it was published, as the source spells it: not always a full date."""


@frozen(kw_only=True)
class _Properties:
    url: str = ""
    """Address of the page that stands for the item."""
    description: str = ""
    """Why the item is relevant, in words."""


@frozen(kw_only=True)
class _TextProperties(_Properties):
    content: str | None = None
    """Text of the page; ``None`` if the service gave none."""


@frozen(kw_only=True)
class PersonProperties(_Properties):
    """An item that is a person. Source: Exa Websets reference, item object."""

    type: Literal["person"] = "person"
    """The kind of item."""
    person: PersonFields = field(factory=PersonFields)
    """What is known about the person."""


@frozen(kw_only=True)
class CompanyProperties(_TextProperties):
    """An item that is a company. Source: Exa Websets reference, item object."""

    type: Literal["company"] = "company"
    """The kind of item."""
    company: CompanyFields = field(factory=CompanyFields)
    """What is known about the company."""


@frozen(kw_only=True)
class ArticleProperties(_TextProperties):
    """An item that is an article. Source: Exa Websets reference, item object."""

    type: Literal["article"] = "article"
    """The kind of item."""
    article: ArticleFields = field(factory=ArticleFields)
    """What is known about the article."""


@frozen(kw_only=True)
class ResearchPaperProperties(_TextProperties):
    """An item that is a research paper. Source: Exa Websets reference, item object."""

    type: Literal["research_paper"] = "research_paper"
    """The kind of item."""
    research_paper: ArticleFields = field(factory=ArticleFields)
    """What is known about the paper."""


@frozen(kw_only=True)
class CustomProperties(_TextProperties):
    """An item of a kind that the search described itself. Source: Exa Websets reference, item object."""

    type: Literal["custom"] = "custom"
    """The kind of item."""
    custom: ArticleFields = field(factory=ArticleFields)
    """What is known about it."""


@frozen(kw_only=True)
class UnknownProperties(_TextProperties):
    """An item of a kind that is not known here; nothing of it is lost."""

    type: str
    """The service's word for the kind."""
    raw: dict[str, Any] = field(factory=dict[str, Any], repr=False, metadata=whole())
    """The whole object as it was received."""


WebsetItemProperties = (
    PersonProperties
    | CompanyProperties
    | ArticleProperties
    | ResearchPaperProperties
    | CustomProperties
    | UnknownProperties
)
"""What an item is about: the class goes by ``type``."""
