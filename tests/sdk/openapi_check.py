"""The published description of Websets as a judge of replies: no missing, no unknown and no wrong field."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dev_extra import needed

jsonschema = needed("jsonschema")
yaml = needed("yaml")

#: It lies beside the checkout, where it is at all, and is never copied into it.
DESCRIPTION = Path(__file__).parents[3] / "shared" / "api" / "exa-websets-openapi.yaml"

#: What replies have and the description lacks, by schema, with the row of contradictions.md that explains it.
ADDED = {
    ("Webset", "dashboardUrl"): ("1.17", {"type": "string", "format": "uri"}),
    ("WebsetSearch", "maxPeoplePerCompany"): ("1.20", {"type": ["integer", "null"], "minimum": 1}),
}
#: Replies of which the description says nothing.
UNDESCRIBED = {("patch", "/v0/websets/{webset}/enrichments/{id}"): ("1.21", "WebsetEnrichment")}

_METHODS = {"get", "post", "put", "patch", "delete"}

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


def _telling(error: Any) -> Any:
    """Return what is wrong with a value in a union by the one member that its type names, where that is one."""
    kind = error.instance.get("type") if isinstance(error.instance, dict) else None
    for inner in error.context or ():
        if kind is not None and list(inner.schema_path)[1:3] == ["properties", "type"]:
            continue
        siblings = [each for each in error.context if each.schema_path[0] == inner.schema_path[0]]
        if not any(list(each.path) == ["type"] for each in siblings):
            return _telling(inner)
    return error


class Judge:
    """Finds what is wrong with a reply.

    *added* are differences to accept; *judged* names the operations, and *used* the differences, that replies have had.
    """

    def __init__(self, description: dict[str, Any], added: Any = None) -> None:
        self.judged: set[tuple[str, str]] = set()
        self.used: set[tuple[str, str]] = set()
        self._added = ADDED if added is None else added
        self._paths = {
            re.compile("/websets" + re.sub(r"\{\w+\}", "[^/]+", path)): path
            # A word in a path is meant before an id.
            for path in sorted(description["paths"], key=lambda path: path.count("{"))
        }
        self._description = description
        schemas = {name: self._strict(schema) for name, schema in description["components"]["schemas"].items()}
        for (name, field), (_, schema) in self._added.items():
            schemas[name]["properties"][field] = schema
        for name, schema in description["components"]["schemas"].items():
            if "allOf" in schema:
                schemas[name] = self._merged(schema, schemas)
        self._schemas = {"components": {"schemas": schemas}}

    @classmethod
    def published(cls, added: Any = None) -> Judge:
        """Return a judge by the published description, or skip where it is not."""
        if not DESCRIPTION.exists():
            pytest.skip("the published description of Websets is not beside this checkout")
        return cls(yaml.load(DESCRIPTION.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), added)

    @property
    def operations(self) -> set[tuple[str, str]]:
        """All that are described: method and path."""
        paths: dict[str, Any] = self._description["paths"]
        return {(method, path) for path, methods in paths.items() for method in methods if method in _METHODS}

    def wrongs(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return what is wrong with a reply, each with its place."""
        method = method.lower()
        template = next((template for pattern, template in self._paths.items() if pattern.fullmatch(path)), None)
        operation = self._description["paths"].get(template, {}).get(method)
        if operation is None:
            return [f"{method} {path} is not described"]
        answer = operation["responses"].get(str(status))
        if answer is None:
            return [f"{method} {template} has no {status}"]
        self.judged.add((method, str(template)))
        if (method, template) in UNDESCRIBED:
            schema = {"$ref": f"#/components/schemas/{UNDESCRIBED[method, template][1]}"}
        elif "content" not in answer:
            return []
        else:
            schema = answer["content"]["application/json"]["schema"]
        self._note(body)
        checker = jsonschema.Draft202012Validator(self._schemas | schema, format_checker=_formats)
        errors = (_telling(error) for error in checker.iter_errors(body))
        return [f"{error.json_path}: {error.message}" for error in errors]

    def _note(self, value: Any) -> None:
        if isinstance(value, dict):
            self.used |= {difference for difference in self._added if difference[1] in value}
            for part in value.values():
                self._note(part)
        elif isinstance(value, list):
            for part in value:
                self._note(part)

    def _strict(self, schema: Any) -> Any:
        if isinstance(schema, list):
            return [self._strict(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        strict = {key: self._strict(part) for key, part in schema.items()}
        if isinstance(schema.get("properties"), dict) and "type" in schema:
            strict.setdefault("additionalProperties", False)
        return strict

    def _merged(self, schema: Any, schemas: dict[str, Any]) -> dict[str, Any]:
        # Two strict schemas can never both hold; one with the fields of both can.
        merged: dict[str, Any] = {"type": ["object"], "properties": {}, "required": [], "additionalProperties": False}
        for part in schema["allOf"]:
            whole = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else self._strict(part)
            merged["properties"] |= whole["properties"]
            merged["required"] += whole.get("required", [])
        return merged
