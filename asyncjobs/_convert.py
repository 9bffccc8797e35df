"""From decoded JSON to attrs classes: the one place that knows how services spell things.

Strict where a wrong guess would hide a mistake (no string becomes a number, no naive time is
believed), open where services grow (unknown keys and unknown words of a vocabulary are no error).
"""

from __future__ import annotations

import functools
from enum import Enum, StrEnum, auto
from types import GenericAlias, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import attrs
from cattrs import BaseValidationError, ClassValidationError, Converter, IterableValidationError
from cattrs.gen import (
    make_dict_structure_fn,
    make_mapping_structure_fn,  # pyright: ignore[reportUnknownVariableType]
    override,
)

from asyncjobs._scalars import SCALARS, Misfit, demand, expected, json_name, text
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncjobs._scalars import Hook

T = TypeVar("T")

_KEY: Final = "asyncjobs.key"
# Stands for the whole object; not a key that a service would use.
_WHOLE: Final = ""
_SHOWN: Final = 20
# What each type is in JSON where it is not a string, for choosing within a union.
_JSON_TYPES: Final[dict[Any, tuple[type, ...]]] = {
    bool: (bool,),
    int: (int, float),
    float: (float, int),
    tuple: (list,),
    dict: (dict,),
}


class KeyStyle(StrEnum):
    """How a service spells the keys of its objects."""

    CAMEL = auto()
    """``createdAt``"""
    SNAKE = auto()
    """``created_at``"""


def key(wire: str) -> dict[str, str]:
    """Metadata for an attrs field which the service spells *wire*, whatever its style."""
    return {_KEY: wire}


def whole() -> dict[str, str]:
    """Metadata for a ``dict[str, Any]`` field which holds the object as it was received, unknown keys included."""
    return {_KEY: _WHOLE}


def structure(payload: object, cls: type[T], style: KeyStyle) -> T:
    """Make a *cls* of a decoded JSON value.

    Raises:
        ProtocolError: The value does not fit. The message names the place and the type of
            everything that is wrong, and never shows a value: it may go to a log.
    """
    try:
        return _converter(style).structure(payload, cls)
    except (BaseValidationError, Misfit) as error:
        problems = [f"{path}: {what}" for path, what in _problems(error, "$", style)]
    except RecursionError:
        problems = ["$: nested too deeply"]
    # Outside of the handler: a context would carry the payload along in its tracebacks.
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    raise ProtocolError(f"{cls.__name__} does not fit: {'; '.join(problems[:_SHOWN] + more)}")


def read_key(resource: object, wire: str, style: KeyStyle) -> Any:
    """Return what a structured *resource* holds for the key that the service spells *wire*; ``None`` if it has none."""
    for field in attrs.fields(type(resource)):  # type: ignore[arg-type] # resources are attrs classes
        if _wire_key(field, style) == wire:
            return getattr(resource, field.name)
    return None


def _problems(error: BaseException, path: str, style: KeyStyle) -> Iterator[tuple[str, str]]:
    if isinstance(error, ClassValidationError):
        fields = attrs.fields_dict(error.cl)
        located, others = error.group_exceptions()
        for inner, place in located:
            yield from _problems(inner, f"{path}.{_wire_key(fields[place.name], style)}", style)
        for inner in others:
            yield from _problems(inner, path, style)
    elif isinstance(error, IterableValidationError):
        for inner, item in error.group_exceptions()[0]:
            yield from _problems(inner, f"{path}[{item.index!r:.40}]", style)
    elif isinstance(error, KeyError):
        # cattrs reads required keys with a plain o["key"].
        yield path, "missing"
    else:
        # A foreign error, of a class's own validator, may quote the value.
        yield path, str(error) if isinstance(error, Misfit) else f"raised {type(error).__name__}"


def _wire_key(field: attrs.Attribute[Any], style: KeyStyle) -> str:
    if _KEY in field.metadata:
        return str(field.metadata[_KEY])
    first, *rest = field.name.split("_")
    return first + "".join(map(str.capitalize, rest)) if style is KeyStyle.CAMEL else field.name


@functools.cache
def _converter(style: KeyStyle) -> Converter:
    converter = Converter(detailed_validation=True)
    for cls, hook in SCALARS.items():
        converter.register_structure_hook(cls, hook)
    factories: tuple[tuple[Callable[[Any], bool], Callable[[Any, Converter], Hook]], ...] = (
        (attrs.has, lambda cls, converter: _record(cls, converter, style)),
        (lambda cls: get_origin(cls) is tuple, _sequence),
        (lambda cls: get_origin(cls) is dict, _mapping),
        (lambda cls: get_origin(cls) is Literal, _literal),
        (lambda cls: get_origin(cls) in {Union, UnionType}, _union),
    )
    for applies, factory in factories:
        converter.register_structure_hook_factory(applies, factory)
    return converter


def _record(cls: type[Any], converter: Converter, style: KeyStyle) -> Hook:
    fields = attrs.fields(attrs.resolve_types(cls))
    overrides = {
        field.name: override(rename=_wire_key(field, style), struct_hook=_or_default(field, converter))
        for field in fields
    }
    inner = make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type] # the _cattrs_* keywords
    takes_whole = any(field.metadata.get(_KEY) == _WHOLE for field in fields)

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise expected("object", value)
        return inner({**value, _WHOLE: value} if takes_whole else value, cls)  # pyright: ignore[reportUnknownArgumentType]

    return hook


def _or_default(field: attrs.Attribute[Any], converter: Converter) -> Hook | None:
    # Some services write null for "none of them".
    collects = get_origin(field.type) in {tuple, dict} or attrs.has(field.type)  # type: ignore[arg-type]
    if field.default is attrs.NOTHING or not collects:
        return None
    inner: Hook = converter.get_structure_hook(field.type)
    make: Callable[[], Any] = getattr(field.default, "factory", lambda: field.default)
    return lambda value, cls: make() if value is None else inner(value, cls)


def _sequence(cls: Any, converter: Converter) -> Hook:
    as_list: Any = GenericAlias(list, get_args(cls)[:1])
    inner = converter.get_structure_hook(as_list)
    return lambda value, _: tuple(inner(demand(list, value), as_list))


def _mapping(cls: Any, converter: Converter) -> Hook:
    if get_args(cls)[1] is Any:
        return lambda value, _: dict(demand(dict, value))
    inner: Hook = make_mapping_structure_fn(cls, converter, detailed_validation=True)
    return lambda value, cls: inner(demand(dict, value), cls)


def _literal(cls: Any, _: Converter) -> Hook:
    words = get_args(cls)

    def hook(value: Any, _: Any) -> Any:
        if text(value) not in words:
            raise Misfit(f"expected {' or '.join(map(repr, words))}")
        return value

    return hook


def _union(cls: Any, converter: Converter) -> Hook:
    members = [member for member in get_args(cls) if member is not NoneType]
    inner = converter.get_structure_hook(members[0]) if len(members) == 1 else _choice(members, converter)
    if len(members) == len(get_args(cls)):
        return inner
    return lambda value, cls: None if value is None else inner(value, cls)


def _choice(members: list[Any], converter: Converter) -> Hook:
    """Choose by the JSON type of the value; among words by what is known, among objects by their ``type``."""
    hooks: dict[type, Hook] = {}
    words = {word.value: word for member in members if _is_enum(member) for word in member}
    records = [member for member in members if attrs.has(member)]
    if words:
        hooks[str] = lambda value, _: words.get(value, value)
    if records:
        hooks[dict] = _tagged(records, converter) if len(records) > 1 else converter.get_structure_hook(records[0])
    for member in members:
        if not (_is_enum(member) or attrs.has(member)):
            for shape in _JSON_TYPES.get(get_origin(member) or member, (str,)):
                hooks.setdefault(shape, converter.get_structure_hook(member))
    names = " or ".join(json_name(shape) for shape in hooks)

    def hook(value: Any, cls: Any) -> Any:
        if type(value) not in hooks:
            raise expected(names, value)
        return hooks[type(value)](value, cls)

    return hook


def _tagged(records: list[Any], converter: Converter) -> Hook:
    hooks: dict[str, Hook] = {}
    for record in records:
        tags = get_args(attrs.fields_dict(attrs.resolve_types(record))["type"].type) or ("",)
        hooks |= dict.fromkeys(tags, converter.get_structure_hook(record))
    fallback = hooks[""]  # The one whose type is any str.

    def hook(value: Any, cls: Any) -> Any:
        tag = value.get("type")
        return (hooks.get(tag, fallback) if isinstance(tag, str) else fallback)(value, cls)

    return hook


def _is_enum(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Enum)
