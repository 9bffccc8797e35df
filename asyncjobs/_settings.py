"""How a client behaves: one frozen value, checked where it is made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs._kinds import Pace
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How a connection is used is not for a user to say: a wrong one could make two requests of one.
_OF_THE_CONNECTION: Final = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_seconds(value: Any, field: str, *, zero: bool = True) -> float:
    """
    Return *value* if it is a length of time: a number, not negative, not NaN.

    Raises:
        InvalidArgument: It is not; with ``zero=False`` also if it is 0.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidArgument(field, f"expected seconds as int or float, got {type(value).__name__}")
    try:
        seconds = float(value)
    except OverflowError:
        raise InvalidArgument(field, "is longer than a float can say; math.inf is no bound") from None
    if math.isnan(seconds) or value < 0 or (value == 0 and not zero):
        raise InvalidArgument(
            field, f"expected {'no negative' if zero else 'a positive'} number of seconds, got {value}"
        )
    return seconds


def check_timeout(value: Any, field: str = "timeout") -> float | None:
    """Return *value* as the bound of an operation in seconds; ``None`` and infinity mean no bound."""
    return None if value is None or value == math.inf else check_seconds(value, field)


def check_count(value: Any, field: str) -> int:
    """
    Return *value* if it is a whole number of at least 1.

    Raises:
        InvalidArgument: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(field, f"expected an int of at least 1, got {type(value).__name__}")
    if value < 1:
        raise InvalidArgument(field, f"expected at least 1, got {value}")
    return value


def check_header(value: Any, field: str) -> str:
    """
    Return *value* if it can be the value of a header. The value itself is never shown.

    Raises:
        InvalidArgument: It is no string, blank, not ASCII, or has control characters.
    """
    if not isinstance(value, str):
        problem = f"expected str, got {type(value).__name__}"
    elif not value.strip():
        problem = "is blank"
    elif not value.isascii() or not value.isprintable():
        problem = "has a line break, a control character or one outside ASCII"
    else:
        return value.strip()
    del value  # It may be a key, and some tracebacks show local variables.
    raise InvalidArgument(field, problem)


def _seconds(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    check_seconds(value, attribute.name)


def _positive_seconds(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    check_seconds(value, attribute.name, zero=False)


def _count(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    check_count(value, attribute.name)


def _items(value: object, field: str) -> Iterable[tuple[Any, Any]]:
    # Users who do without a type checker must not get an AttributeError from in here.
    if not isinstance(value, Mapping):
        raise InvalidArgument(field, f"expected a mapping, got {type(value).__name__}")
    return value.items()


def _headers(_: object, attribute: attrs.Attribute[Any], value: Mapping[str, str]) -> None:
    for name, content in _items(value, attribute.name):
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise InvalidArgument(attribute.name, "has a name that is no header name")
        if name.lower() in _OF_THE_CONNECTION:
            raise InvalidArgument(attribute.name, f"{name} belongs to the connection")
        check_header(content, f"{attribute.name}[{name!r}]")


def _rates(_: object, attribute: attrs.Attribute[Any], value: Mapping[str, float] | None) -> None:
    for name, rate in () if value is None else _items(value, attribute.name):
        if not isinstance(name, str):
            raise InvalidArgument(attribute.name, f"expected names as str, got {type(name).__name__}")
        check_seconds(rate, f"{attribute.name}[{name!r}]", zero=False)


def _paces(_: object, attribute: attrs.Attribute[Any], value: Mapping[str, Pace]) -> None:
    for name, pace in _items(value, attribute.name):
        if not isinstance(name, str):
            raise InvalidArgument(attribute.name, f"expected names of kinds as str, got {type(name).__name__}")
        if not isinstance(pace, Pace):
            raise InvalidArgument(f"{attribute.name}[{name!r}]", f"expected Pace, got {type(pace).__name__}")


@attrs.frozen(kw_only=True)
class Settings:
    """
    How a client behaves. All times are in seconds.

    *request_timeout* bounds one attempt of one request, its reply's body included;
    *connect_timeout* the part of it until the connection stands. A stream of events is bounded by neither once it has
    begun, but ends when nothing came for *idle_timeout* seconds, comments included. *cleanup_timeout* bounds the
    cancel that leaving a block causes, from when its request leaves the queue, and how long a cancelled owner or
    a client that closes waits for a create on the wire. *connections* is how many requests run at once.

    *rates* are requests per second by the name of the provider's limit, the only limits that are then kept;
    ``None`` takes the provider's own figures at its own address and none elsewhere, ``{}`` switches them off.
    *retry_budget* is for how long a request is tried again, pauses that the service asks for included, and waiting for
    a sign of life while it is away.

    A create whose outcome is unknown is looked for, and never sent again by itself: it may only be late. *resend_after*
    changes that for those who would rather pay twice than not have the job: it is then looked for for so long and
    sent again if it was not found. ``None`` is never.

    *unreachable_after*, *unknown_after* and *appear_grace* end waits that would never end: no
    successful look for so long, a status word that nobody knows for so long, and a job that was never seen, or
    first so lately, and is answered with 404 for so long. Looks that are held because the service is away count as
    failed; time in which nothing ran, such as a machine's sleep, does not count.

    *backstop* is how often a job is looked at whose news comes by itself, by webhooks, events or a stream. *feed_from*
    is over how many containers (websets) the jobs must be spread that are waited for, so that the service's list of
    events is read for them; ``None`` never reads it.

    *max_body_bytes* bounds every reply, after decompression. *paces* replaces the pace of looking by the name of
    the kind. *headers* are sent with every request, for example ``{"Exa-Beta": "agent-2026-05-07"}``.
    """

    request_timeout: float = attrs.field(default=60.0, validator=_positive_seconds)
    connect_timeout: float = attrs.field(default=10.0, validator=_positive_seconds)
    idle_timeout: float = attrs.field(default=60.0, validator=_positive_seconds)
    cleanup_timeout: float = attrs.field(default=10.0, validator=_positive_seconds)
    connections: int = attrs.field(default=100, validator=_count)
    rates: Mapping[str, float] | None = attrs.field(default=None, validator=_rates)
    retry_budget: float = attrs.field(default=120.0, validator=_seconds)
    resend_after: float | None = attrs.field(default=None, validator=attrs.validators.optional(_seconds))
    unreachable_after: float = attrs.field(default=300.0, validator=_positive_seconds)
    unknown_after: float = attrs.field(default=600.0, validator=_positive_seconds)
    appear_grace: float = attrs.field(default=10.0, validator=_seconds)
    backstop: float = attrs.field(default=60.0, validator=_positive_seconds)
    feed_from: int | None = attrs.field(default=None, validator=attrs.validators.optional(_count))
    max_body_bytes: int = attrs.field(default=64 * 1024 * 1024, validator=_count)
    paces: Mapping[str, Pace] = attrs.field(factory=dict[str, Pace], validator=_paces)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], validator=_headers, repr=False)
