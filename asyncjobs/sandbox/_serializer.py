"""How WaterCrawl reads the body of a search: its framework's coercions and its very messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Field: TypeAlias = "Callable[[Any], Any]"

_NULL = "This field may not be null."
_BLANK = "This field may not be blank."
_REQUIRED = "This field is required."
_MOST_RESULTS = 20


class InvalidFieldError(Exception):
    """What is wrong with a field: a list of texts, or a dict of fields for a nested object."""

    def __init__(self, errors: Any) -> None:
        super().__init__(errors)
        self.errors = errors


def _text(most: int) -> Field:
    def read(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidFieldError(["Not a valid string."])
        text = str(value).strip()
        if not text:
            raise InvalidFieldError([_BLANK])
        wrong: list[str] = []
        if len(text) > most:
            wrong.append(f"Ensure this field has no more than {most} characters.")
        if "\x00" in text:
            wrong.append("Null characters are not allowed.")
        surrogate = re.search("[\ud800-\udfff]", text)
        if surrogate:
            wrong.append(f"Surrogate characters are not allowed: U+{ord(surrogate[0]):X}.")
        if wrong:
            raise InvalidFieldError(wrong)
        return text

    return read


def _choice(*words: str) -> Field:
    def read(value: Any) -> str:
        if not isinstance(value, str | int | float) or str(value) not in words:
            raise InvalidFieldError([f'"{value}" is not a valid choice.'])
        return str(value)

    return read


def _limit(value: Any) -> int:
    try:
        number = int(re.sub(r"\.0*\s*$", "", str(value)))
    except ValueError:
        raise InvalidFieldError(["A valid integer is required."]) from None
    if number < 1:
        raise InvalidFieldError(["Ensure this value is greater than or equal to 1."])
    if number > _MOST_RESULTS:
        raise InvalidFieldError([f"Ensure this value is less than or equal to {_MOST_RESULTS}."])
    return number


# A field: its reader, whether it may be null, and its default (`...`: it is required).
_Spec: TypeAlias = "tuple[Field, bool, Any]"

_OPTIONS: Mapping[str, _Spec] = {
    "language": (_text(8), True, None),
    "country": (_text(8), True, None),
    "time_renge": (_choice("any", "day", "week", "month", "year"), False, "any"),
    "search_type": (_choice("web"), False, "web"),
    "depth": (_choice("basic", "advanced", "ultimate"), False, "basic"),
}
_SEARCH: Mapping[str, _Spec] = {
    "query": (_text(255), False, ...),
    "search_options": (lambda value: _object(value, _OPTIONS), False, ...),
    "result_limit": (_limit, False, 5),
}


def read_search(body: Any) -> dict[str, Any]:
    """Return the fields of a search, with defaults; unknown ones are dropped.

    Raises:
        InvalidFieldError: Some field is wrong; all of them are named.
    """
    return _object(body, _SEARCH)


def _object(value: Any, fields: Mapping[str, _Spec]) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
        raise InvalidFieldError({"non_field_errors": [message]})
    given = cast("dict[str, Any]", value)
    result: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, (read, may_be_null, default) in fields.items():
        try:
            result[name] = _field(given, name, read, may_be_null, default)
        except InvalidFieldError as error:
            errors[name] = error.errors
    if errors:
        raise InvalidFieldError(errors)
    return result


def _field(value: dict[str, Any], name: str, read: Field, may_be_null: bool, default: Any) -> Any:  # noqa: FBT001
    if name not in value:
        if default is ...:
            raise InvalidFieldError([_REQUIRED])
        return default
    if value[name] is None:
        if not may_be_null:
            raise InvalidFieldError([_NULL])
        return None
    return read(value[name])
