"""Single JSON values, read strictly: nothing is guessed, and no finding shows the value that caused it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[Any, Any], Any]

# Hours may pass a day: nothing says that the service normalises.
_DURATION: Final = re.compile(r"(?:(-?[0-9]{1,9}) )?([0-9]{1,9}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?")
_JSON_NAMES: Final[dict[type, str]] = {NoneType: "null", dict: "object"}


class Misfit(Exception):
    """What is wrong with one value, in words that do not show it."""


def json_name(cls: type) -> str:
    """Return what messages call values of this type."""
    return _JSON_NAMES.get(cls, cls.__name__)


def expected(what: str, value: object) -> Misfit:
    """Return the finding that *value* is of another type than *what*."""
    return Misfit(f"expected {what}, got {json_name(type(value))}")


def demand(shape: type, value: Any) -> Any:
    """Return *value* if it is of that JSON type."""
    if not isinstance(value, shape):
        raise expected(json_name(shape), value)
    return value


def text(value: Any, _: Any = str) -> str:
    """Accept a string."""
    # Written out: most values are strings.
    if not isinstance(value, str):
        raise expected("str", value)
    return value


def flag(value: Any, _: Any = bool) -> bool:
    """Accept true or false."""
    return bool(demand(bool, value))


def integer(value: Any, _: Any = int) -> int:
    """Accept a whole number, also as 5.0: services declare counts as "number"."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise expected("int", value)
    return int(value)


def number(value: Any, _: Any = float) -> float:
    """Accept a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("float", value)
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if not math.isfinite(converted):
        raise Misfit("not a finite number")
    return converted


def moment(value: Any, _: Any = datetime) -> datetime:
    """Accept an ISO 8601 time with an offset, and return it in UTC."""
    try:
        parsed = datetime.fromisoformat(text(value))
        if parsed.tzinfo is None:
            raise Misfit("no UTC offset")
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Misfit("not an ISO 8601 time") from None


def duration(value: Any, _: Any = timedelta) -> timedelta:
    """Accept ``[days ]HH:MM:SS[.ffffff]``."""
    match = _DURATION.fullmatch(text(value))
    if match is None:
        raise Misfit("not a duration")
    days, hours, minutes, seconds, fraction = match.groups(default="0")
    try:
        return timedelta(int(days), int(seconds), int(fraction.ljust(6, "0")), 0, int(minutes), int(hours))
    except OverflowError:
        raise Misfit("not a duration") from None


SCALARS: Final[dict[type, Hook]] = {
    str: text,
    bool: flag,
    int: integer,
    float: number,
    datetime: moment,
    timedelta: duration,
}
