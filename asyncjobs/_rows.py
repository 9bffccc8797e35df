"""
The rows of a page of a list, one after the other, each with its own text. Values in, values out.

To keep a row, its text is cut out of the page's: to encode each row again would take longer than to decode the page.
Only what is on the way to the rows is walked through here, the rest is json's business; and a row that is known already
need not be decoded at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import attrs

from asyncjobs._bodies import scan_json
from asyncjobs._lists import read_rows

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

_SPACE: Final = re.compile(r"[ \t\n\r]*")


class Odd(Exception):
    """A page is no JSON, or not as pages are; :func:`take_apart` knows what to make of it."""


class Row(NamedTuple):
    """
    One row of a page: a value, the *path* to its list, and its text from *begin* to *end* of *text*, if at hand.

    *known* is what a :class:`Known` has found in its place, which was not decoded then.
    """

    path: str
    data: dict[str, Any]
    text: str = ""
    begin: int = 0
    end: int = 0
    known: Any = None

    def encode(self) -> bytes | None:
        """Return its text by itself, so that the page need not be kept; ``None`` if it is not at hand."""
        return self.text[self.begin : self.end].encode() or None


class Known(Protocol):
    """What is known of rows before they are decoded."""

    def find(self, path: str, text: str, at: int) -> tuple[Any, int] | None:
        """Return what is known of the row at an index of *text*, and where it ends; ``None`` if it must be decoded."""
        ...


@attrs.frozen
class Places:
    """Where rows are: here, if this has a *path*, and *below*, by the names of members."""

    path: str | None
    below: Mapping[str, Places]


def places_of(paths: Iterable[str], so_far: str = "") -> Places:
    """Return where the rows at these dotted *paths* are; they are paths as :func:`read_rows` has them."""
    below: dict[str, list[str]] = {}
    here = None
    for path in paths:
        if not path:
            here = so_far
            continue
        name, _, rest = path.partition(".")
        below.setdefault(name, []).append(rest)
    return Places(here, {name: places_of(rests, f"{so_far}.{name}".lstrip(".")) for name, rests in below.items()})


class Walk:
    """
    The rows of a page, read one by one as they are asked for.

    They count only if this comes to its end: the text may break off, or name a member twice. Then *page* is the page,
    which may be without its rows. Those that are *known* are not decoded.

    Raises:
        Odd: It has to be taken apart in another way.
    """

    def __init__(self, body: bytes, places: Places, known: Known | None = None) -> None:
        self._body = body
        self._text = ""
        self._places = places
        self._known = known
        self.page: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Row]:
        places = self._places
        try:
            text = self._text = self._body.decode()
            page, end = yield from self._value(_skip(text, 0), places, keep=False)
            more = text[end:].strip(" \t\n\r")
        except (ValueError, IndexError, RecursionError):
            raise Odd from None
        if more or not isinstance(page, dict):
            raise Odd
        if not all(isinstance(page.get(name), list) for name in places.below):
            raise Odd
        self.page = page

    def _value(self, at: int, places: Places, *, keep: bool) -> Generator[Row, None, tuple[Any, int]]:
        """Yield the rows in the value at *at*, and this if it is one; return it, with them if asked to *keep* them."""
        text, begin = self._text, at
        if places.below and text[at] == "{":
            value, at = yield from self._object(at, places, keep=keep or places.path is not None)
        else:
            value, at = scan_json(text, at)
        if value and places.path is not None and isinstance(value, dict):
            yield Row(places.path, value, text, begin, at)
        return value, at

    def _object(self, at: int, places: Places, *, keep: bool) -> Generator[Row, None, tuple[dict[str, Any], int]]:
        text = self._text
        members: dict[str, Any] = {}
        at = _skip(text, at + 1)
        if text[at] == "}":
            return members, at + 1
        while True:
            name, at = scan_json(text, at)
            at = _skip(text, at)
            if not isinstance(name, str) or name in members or text[at] != ":":
                raise Odd
            at = _skip(text, at + 1)
            inner = places.below.get(name)
            if inner is None:
                members[name], at = scan_json(text, at)
            elif text[at] == "[":
                members[name], at = yield from self._array(at, inner, keep=keep)
            else:
                members[name], at = yield from self._value(at, inner, keep=keep)
            at = _skip(text, at)
            if text[at] == "}":
                return members, at + 1
            at = _comma(text, at)

    def _array(self, at: int, places: Places, *, keep: bool) -> Generator[Row, None, tuple[list[Any], int]]:
        text = self._text
        values: list[Any] = []
        at = _skip(text, at + 1)
        if text[at] == "]":
            return values, at + 1
        while True:
            if places.below or places.path is None or keep:
                value, at = yield from self._value(at, places, keep=keep)
                if keep:
                    values.append(value)
            else:
                at = yield from self._row(at, places.path)
            at = _skip(text, at)
            if text[at] == "]":
                return values, at + 1
            at = _comma(text, at)

    def _row(self, at: int, path: str) -> Generator[Row, None, int]:
        """Yield what is at *at* if it is a row, and return where it ends."""
        if self._known is not None and (found := self._known.find(path, self._text, at)) is not None:
            known, end = found
            yield Row(path, {}, self._text, at, end, known)
            return end
        value, end = scan_json(self._text, at)
        if value and isinstance(value, dict):
            yield Row(path, value, self._text, at, end)
        return end


def take_apart(page: Mapping[str, Any], paths: Iterable[str]) -> Iterator[Row]:
    """
    Yield the rows of a page that was decoded as a whole.

    Raises:
        ProtocolError: There is no list where one should be.
    """
    for path in paths:
        for row in read_rows(page, path):
            if row and isinstance(row, dict):
                yield Row(path, row)


def _comma(text: str, at: int) -> int:
    if text[at] != ",":
        raise Odd
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """Return where the space at *at*, if there is some, ends."""
    if text[at] not in " \t\n\r":
        return at  # Nearly always: services write as little as they can.
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
