"""How WaterCrawl reads the body of a create: its framework's coercions and its very messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Field: TypeAlias = "Callable[[Any], Any]"

_NULL = "This field may not be null."
_BLANK = "This field may not be blank."
_REQUIRED = "This field is required."
_LONGEST_ADDRESS = 255
_TRUE: Final = frozenset({True, "true", "True", "TRUE", "t", "1", "yes", "on"})
_FALSE: Final = frozenset({False, "false", "False", "FALSE", "f", "0", "no", "off"})


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


def _whole(least: int | None = None, most: int | None = None) -> Field:
    def read(value: Any) -> int:
        try:
            number = int(re.sub(r"\.0*\s*$", "", str(value)))
        except ValueError:
            raise InvalidFieldError(["A valid integer is required."]) from None
        if least is not None and number < least:
            raise InvalidFieldError([f"Ensure this value is greater than or equal to {least}."])
        if most is not None and number > most:
            raise InvalidFieldError([f"Ensure this value is less than or equal to {most}."])
        return number

    return read


def _flag(value: Any) -> bool:
    if isinstance(value, list | dict) or value not in _TRUE | _FALSE:
        raise InvalidFieldError(["Must be a valid boolean."])
    return value in _TRUE


def _address(value: Any) -> str:
    text: str = _text(_LONGEST_ADDRESS)(value)
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https", "ftp", "ftps"} or not parts.hostname:
        raise InvalidFieldError(["Enter a valid URL."])
    return text


def _many(read: Field, *, least: int = 0) -> Field:
    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidFieldError([f'Expected a list of items but got type "{type(value).__name__}".'])
        given: list[Any] = value
        if len(given) < least:
            raise InvalidFieldError(["This list may not be empty."])
        result: list[Any] = []
        errors: dict[str, Any] = {}
        for index, item in enumerate(given):
            try:
                result.append(read(item))
            except InvalidFieldError as error:
                errors[str(index)] = error.errors
        if errors:
            raise InvalidFieldError(errors)
        return result

    return read_all


def _no_proxy(value: Any) -> str:
    _text(255)(value)
    raise InvalidFieldError(["Proxy server does not exist"])


def _anything(value: Any) -> Any:
    return value


#: In place of a default: a field that was not given is not there at all.
_LEFT_OUT: Final = object()

# A field: its reader, whether it may be null, and its default (`...`: it is required; a callable makes it).
_Spec: TypeAlias = "tuple[Field, bool, Any]"

_OPTIONS: Mapping[str, _Spec] = {
    "language": (_text(8), True, None),
    "country": (_text(8), True, None),
    "time_renge": (_choice("any", "day", "week", "month", "year"), False, "any"),
    "search_type": (_choice("web"), False, "web"),
    "depth": (_choice("basic", "advanced", "ultimate"), False, "basic"),
}
SEARCH: Final[Mapping[str, _Spec]] = {
    "query": (_text(255), False, ...),
    "search_options": (lambda value: _object(value, _OPTIONS), False, ...),
    "result_limit": (_whole(1, 20), False, 5),
}


_PATHS: _Spec = (_many(_text(255)), False, list)
_ACTION: Mapping[str, _Spec] = {"type": (_choice("screenshot", "pdf"), False, ...)}
_SPIDER: Mapping[str, _Spec] = {
    "max_depth": (_whole(), False, 1),
    "page_limit": (_whole(), False, 1),
    "concurrent_requests": (_whole(1, 16), True, 16),
    "allowed_domains": _PATHS,
    "exclude_paths": _PATHS,
    "include_paths": _PATHS,
    "proxy_server": (_no_proxy, True, None),
}
_PAGE: Mapping[str, _Spec] = {
    "exclude_tags": _PATHS,
    "include_tags": _PATHS,
    "wait_time": (_whole(), False, 100),
    "include_html": (_flag, False, False),
    "only_main_content": (_flag, False, True),
    "include_links": (_flag, False, False),
    "timeout": (_whole(), False, 15000),
    "accept_cookies_selector": (_text(255), True, None),
    "locale": (_text(255), False, "en-US"),
    "extra_headers": (_anything, False, dict),
    "actions": (_many(lambda value: _object(value, _ACTION)), False, list),
    "ignore_rendering": (_flag, False, False),
}
_CRAWL_OPTIONS: Mapping[str, _Spec] = {
    "spider_options": (lambda value: _object(value, _SPIDER), False, ...),
    "page_options": (lambda value: _object(value, _PAGE), False, ...),
    "plugin_options": (_anything, False, _LEFT_OUT),
}
_SITEMAP_OPTIONS: Mapping[str, _Spec] = {
    "include_subdomains": (_flag, False, True),
    "ignore_sitemap_xml": (_flag, False, False),
    "search": (_text(255), True, _LEFT_OUT),
    "include_paths": _PATHS,
    "exclude_paths": _PATHS,
    "proxy_server": (_no_proxy, True, None),
}
CRAWL: Final[Mapping[str, _Spec]] = {
    "url": (_address, False, ...),
    "options": (lambda value: _object(value, _CRAWL_OPTIONS), False, ...),
}
BATCH: Final[Mapping[str, _Spec]] = {
    "urls": (_many(_address, least=1), False, ...),
    "options": (lambda value: _object(value, _CRAWL_OPTIONS), False, ...),
}
SITEMAP: Final[Mapping[str, _Spec]] = {
    "url": (_address, False, ...),
    "options": (lambda value: _object(value, _SITEMAP_OPTIONS), False, ...),
}


def read(body: Any, fields: Mapping[str, _Spec]) -> dict[str, Any]:
    """Return the *fields* of a body, with defaults; unknown ones are dropped.

    Raises:
        InvalidFieldError: Some field is wrong; all of them are named.
    """
    return _object(body, fields)


def _object(value: Any, fields: Mapping[str, _Spec]) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
        raise InvalidFieldError({"non_field_errors": [message]})
    given = cast("dict[str, Any]", value)
    result: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, (read, may_be_null, default) in fields.items():
        if default is _LEFT_OUT and name not in given:
            continue
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
        return default() if callable(default) else default
    if value[name] is None:
        if not may_be_null:
            raise InvalidFieldError([_NULL])
        return None
    return read(value[name])
