"""What Exa accepts in bodies about websets, besides websets and what runs in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._checks import METADATA, choice, entity, is_object, many, nullable, number, record, text
from ._chronicle import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator


CREATE_IMPORT = record(
    {
        "size": number(1, 50_000_000),
        "count": number(1),
        "format": choice("csv"),
        "entity": entity,
        "title": text(),
        "csv": record({"identifier": number(0, whole=True)}),
        "metadata": METADATA,
    },
    required=("size", "count", "format", "entity"),
)
UPDATE_IMPORT = record({"title": text(), "metadata": METADATA})

_CADENCE = record({"cron": text(1), "timezone": text(1)}, required=("cron",))
_CONFIGS = {
    "search": record(
        {
            "query": text(2, 10_000),
            "criteria": many(record({"description": text(2, 1000)}, required=("description",)), 0, 5),
            "entity": entity,
            "count": number(1),
            "behavior": choice("override", "append"),
        },
        required=("count",),
    ),
    "refresh": record({"target": choice("contents", "enrichments")}, required=("target",)),
}


def _behavior(value: Any, path: str) -> Iterator[str]:
    yield from record({"type": choice(*_CONFIGS)}, required=("type", "config"))(value, path)
    if is_object(value) and value.get("type") in _CONFIGS and "config" in value:
        yield from _CONFIGS[value["type"]](value["config"], f"{path}.config")


CREATE_MONITOR = record(
    {"websetId": text(1), "cadence": _CADENCE, "behavior": _behavior, "metadata": METADATA},
    required=("websetId", "cadence", "behavior"),
)
UPDATE_MONITOR = record(
    {
        "status": choice("enabled", "disabled"),
        "cadence": _CADENCE,
        "behavior": _behavior,
        "metadata": nullable(METADATA),
    }
)

_URL = text(1, 2000, r"https?://[^\s/]+\S*")
_EVENTS = many(choice(*EVENTS), 1, len(EVENTS))
CREATE_WEBHOOK = record({"events": _EVENTS, "url": _URL, "metadata": METADATA}, required=("events", "url"))
UPDATE_WEBHOOK = record({"events": _EVENTS, "url": _URL, "metadata": METADATA})

PREVIEW = record(
    {"search": record({"query": text(1, 5000), "entity": entity, "count": number(1, 10)}, required=("query",))},
    required=("search",),
)
