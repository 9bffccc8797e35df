"""Where a service is: an address that a user gives, checked where it is given."""

from __future__ import annotations

from yarl import URL

from asyncjobs.errors import InvalidArgument


def check_base_url(value: object, field: str = "base_url") -> URL:
    """
    Return *value* as the address of a service, without a trailing slash.

    Raises:
        InvalidArgument: It is no absolute ``http`` or ``https`` address, or has a user, query or fragment.
    """
    url = _parse(value) if isinstance(value, str) else None
    if not isinstance(value, str):
        problem = f"expected an address as str, got {type(value).__name__}"
    elif url is None:
        problem = "is no address"
    elif url.scheme not in {"http", "https"} or not url.host:
        problem = "expected an absolute http or https address"
    elif url.user or url.password or url.query_string or url.fragment:
        problem = "an address has no user, password, query or fragment here"
    else:
        return url
    del value, url  # It may hold a password, and some tracebacks show local variables.
    raise InvalidArgument(field, problem)


def _parse(address: str) -> URL | None:
    try:
        url = URL(address.rstrip("/"))
        # Names with an empty label, or one of more than 63 bytes, break the look-up itself.
        (url.raw_host or "").encode("idna")
    except ValueError:
        return None
    return url
