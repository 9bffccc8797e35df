"""The name of one job: plain data that travels between tasks, processes and logs."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn, Self
from urllib.parse import quote, unquote

import attrs

from asyncjobs.errors import InvalidArgument

#: No documented id is longer: Exa takes run ids of up to 200 characters and external ids of up to 300.
MAX_ID_LENGTH: Final = 300

#: More than any kind needs; a ref may come from anywhere.
_LONGEST_KIND: Final = 100
_MOST_PARTS: Final = 16
#: What the longest ref of all has: a character is at most four bytes, and each of these an escape of three characters.
_LONGEST_REF: Final = _LONGEST_KIND + _MOST_PARTS * (12 * MAX_ID_LENGTH + 1)

_KIND: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_STEPS: Final = frozenset({".", ".."})
#: What is a segment of a path as it is.
_SEGMENT: Final = re.compile(rf"(?!\.\.?\Z)[A-Za-z0-9_.~-]{{1,{MAX_ID_LENGTH}}}")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_id(value: object, field: str) -> str:
    """
    Return *value* if it can be one segment of a path.

    Raises:
        InvalidArgument: It is no string, empty, ``.`` or ``..``, too long, or has control characters
            or lone surrogates.
    """
    if not isinstance(value, str):
        raise InvalidArgument(field, f"expected an id as str, got {type(value).__name__}")
    if not value:
        raise InvalidArgument(field, "an id cannot be empty")
    if len(value) > MAX_ID_LENGTH:
        raise InvalidArgument(field, f"an id has at most {MAX_ID_LENGTH} characters, got {len(value)}")
    if value in _STEPS:
        raise InvalidArgument(field, "'.' and '..' are steps of a path, not ids")
    if not value.isprintable():
        raise InvalidArgument(field, "an id has no control or unprintable characters")
    return value


def is_kind_name(value: object) -> bool:
    """Whether *value* can be the name of a kind."""
    return isinstance(value, str) and len(value) <= _LONGEST_KIND and _KIND.fullmatch(value) is not None


def encode_segment(value: str) -> str:
    """Return *value* percent-encoded as one segment of a path: no slash of it can add another."""
    return value if _SEGMENT.fullmatch(value) else quote(value, safe="")


def segment(value: object, field: str) -> str:
    """
    Return the id *value* as one segment of a path.

    Raises:
        InvalidArgument: See :func:`check_id`.
    """
    if type(value) is str and _SEGMENT.fullmatch(value):
        return value  # Nearly all are, and there is one in each request.
    return encode_segment(check_id(value, field))


def _check_kind(_: object, __: object, value: Any) -> None:
    if not is_kind_name(value):
        raise InvalidArgument("kind", "expected a name such as 'exa.search'")


def _check_parts(_: object, __: object, value: Any) -> None:
    if not isinstance(value, tuple) or not value:
        raise InvalidArgument("parts", "expected a tuple of at least one id")
    if len(value) > _MOST_PARTS:
        raise InvalidArgument("parts", f"a job is named by at most {_MOST_PARTS} ids, got {len(value)}")
    for each in value:
        check_id(each, "parts")


@attrs.frozen(order=True)
class JobRef:
    """
    Which job, on which kind of endpoint: ``exa.search:ws_1/s_1``.

    A ref holds no secret, compares and sorts, and can be pickled. *kind* is the name of the
    kind of job, *parts* are the ids in the order of the kind's path.
    """

    kind: str = attrs.field(validator=_check_kind)
    parts: tuple[str, ...] = attrs.field(validator=_check_parts)

    @property
    def id(self) -> str:
        """The job's own id, without those of its containers."""
        return self.parts[-1]

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the ref that *text* spells, the reverse of ``str(ref)``.

        Raises:
            InvalidArgument: *text* is no ref.
        """
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - untrusted text
            raise InvalidArgument("ref", f"expected text such as 'exa.search:ws_1/s_1', got {type(text).__name__}")
        if len(text) > _LONGEST_REF:
            raise InvalidArgument("ref", f"no ref has {len(text)} characters")
        kind, colon, path = text.partition(":")
        if not colon or not is_kind_name(kind):
            raise InvalidArgument("ref", "expected text such as 'exa.search:ws_1/s_1'")
        if _BAD_ESCAPE.search(path):
            raise InvalidArgument("ref", "'%' begins an escape of two hexadecimal digits")
        if path.count("/") >= _MOST_PARTS:
            raise InvalidArgument("ref", f"a job is named by at most {_MOST_PARTS} ids")
        try:
            parts = tuple(unquote(part, errors="strict") for part in path.split("/"))
        except UnicodeDecodeError:
            raise InvalidArgument("ref", "its escapes are no UTF-8") from None
        for each in parts:
            check_id(each, "ref")
        return cls(kind, parts)

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle may come from anywhere, too: what it holds is checked like any other argument.
        return type(self), (self.kind, self.parts)

    def __setstate__(self, state: object) -> NoReturn:
        raise InvalidArgument("ref", "is no pickle of a ref")

    def __str__(self) -> str:
        return f"{self.kind}:{'/'.join(map(encode_segment, self.parts))}"
