"""What Exa accepts in bodies and queries, as data: a rule yields what is wrong, with its path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Rule: TypeAlias = "Callable[[Any, str], Iterator[str]]"


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Tell whether JSON is an array."""
    return isinstance(value, list)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether JSON is an object."""
    return isinstance(value, dict)


def text(least: int = 0, most: int | None = None, pattern: str | None = None) -> Rule:
    """Text of *least* to *most* characters that *pattern* matches wholly."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path}: expected a string"
        elif len(value) < least:
            yield f"{path}: must have at least {least} characters"
        elif most is not None and len(value) > most:
            yield f"{path}: must have at most {most} characters"
        elif pattern is not None and not re.fullmatch(pattern, value):
            yield f"{path}: has an invalid format"

    return check


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Rule:
    """A number from *least* to *most*; with *whole*, one without a fraction."""

    def check(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != int(value)):
            yield f"{path}: expected {'an integer' if whole else 'a number'}"
        elif least is not None and value < least:
            yield f"{path}: must be at least {least}"
        elif most is not None and value > most:
            yield f"{path}: must be at most {most}"

    return check


def boolean(value: Any, path: str) -> Iterator[str]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield f"{path}: expected a boolean"


def choice(*words: str) -> Rule:
    """One of *words*."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value not in words:
            yield f"{path}: expected one of {', '.join(words)}"

    return check


def nullable(rule: Rule) -> Rule:
    """Null, or what *rule* wants."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value is not None:
            yield from rule(value, path)

    return check


def many(rule: Rule, least: int = 0, most: int | None = None) -> Rule:
    """A list of *least* to *most* values for *rule*."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not is_list(value):
            yield f"{path}: expected an array"
            return
        if len(value) < least or (most is not None and len(value) > most):
            yield f"{path}: expected {least} to {'any number of' if most is None else most} entries"
        for index, item in enumerate(value):
            yield from rule(item, f"{path}.{index}")

    return check


def mapping(rule: Rule) -> Rule:
    """An object whose values *rule* wants."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not is_object(value):
            yield f"{path}: expected an object"
            return
        for key, item in value.items():
            yield from rule(item, f"{path}.{key}")

    return check


def record(fields: Mapping[str, Rule], required: tuple[str, ...] = ()) -> Rule:
    """An object with *fields*, some *required*; other keys pass unseen."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: expected an object"
            return
        for name in required:
            if name not in value:
                yield f"{path}.{name}: is required"
        for name, rule in fields.items():
            if name in value:
                yield from rule(value[name], f"{path}.{name}")

    return check


_OBJECT = record({})
METADATA = mapping(text(most=1000))


def entity(value: Any, path: str) -> Iterator[str]:
    yield from record({"type": choice("company", "person", "article", "research_paper", "custom")}, required=("type",))(
        value, path
    )
    if is_object(value) and value.get("type") == "custom":
        yield from record({"description": text(2, 200)}, required=("description",))(value, path)


_SOURCE = {"source": choice("import", "webset"), "id": text(1)}
_SOURCES = many(record(_SOURCE, required=("source", "id")))
_RELATIONSHIP = record({"definition": text(), "limit": number(1, 10)}, required=("definition", "limit"))
_SEARCH = {
    "query": text(1, 5000),
    "count": number(1),
    "entity": entity,
    "criteria": many(record({"description": text(1, 1000)}, required=("description",)), 1, 5),
    "recall": boolean,
    "exclude": _SOURCES,
    "scope": many(record({**_SOURCE, "relationship": _RELATIONSHIP}, required=("source", "id"))),
    "maxPeoplePerCompany": number(1, whole=True),
    "behavior": choice("override", "append"),
    "metadata": METADATA,
}
_ENRICHMENT = {
    "description": text(1, 5000),
    "format": choice("text", "date", "number", "options", "email", "phone", "url"),
    "options": many(record({"label": text(1)}, required=("label",)), 1, 150),
}

CREATE_SEARCH = record(_SEARCH, required=("query", "count"))
CREATE_ENRICHMENT = record({**_ENRICHMENT, "metadata": METADATA}, required=("description",))
UPDATE_ENRICHMENT = record({**_ENRICHMENT, "metadata": nullable(METADATA)})
UPDATE_WEBSET = record({"metadata": nullable(METADATA)})
CREATE_WEBSET = record(
    {
        "search": record(_SEARCH, required=("query",)),
        "import": _SOURCES,
        "enrichments": many(CREATE_ENRICHMENT),
        "exclude": _SOURCES,
        "externalId": text(1, 300),
        "metadata": METADATA,
    }
)

RUN_ID = r"[A-Za-z0-9_.:-]{1,200}"
METERED = ("auto", "ultra", "max")
EFFORTS = ("minimal", "low", "medium", "high", "xhigh", *METERED)
CREATE_RUN = record(
    {
        "query": text(1),
        "systemPrompt": nullable(text()),
        "input": nullable(record({"data": many(_OBJECT), "exclusion": many(_OBJECT)})),
        "outputSchema": nullable(_OBJECT),
        "effort": choice(*EFFORTS),
        "budget": nullable(
            record({"maxCostDollars": number(1, 100), "maxDurationSeconds": number(300, 10_800, whole=True)})
        ),
        "previousRunId": nullable(text(1, 200, RUN_ID)),
        "metadata": nullable(mapping(text())),
        "dataSources": nullable(many(record({"provider": text(1)}, required=("provider",)), 0, 5)),
        "userIdentifier": nullable(text(1, 64, r"[A-Za-z0-9_-]+")),
    },
    required=("query",),
)


def problems(rule: Rule, value: Any) -> str:
    """Return what is wrong with a body as one sentence, empty for nothing."""
    return "; ".join(problem.removeprefix("body.") for problem in rule(value, "body"))
