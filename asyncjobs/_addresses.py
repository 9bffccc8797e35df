"""Where a service is, as a user says, and where it says that its files are: addresses, checked where they come in."""

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


def check_given_address(value: object, home: URL, field: str = "address") -> URL:
    """
    Return *value* as the address of a file, which the service at *home* gave; a path is one at *home*.

    Raises:
        InvalidArgument: It is no ``http`` or ``https`` address, has a user, or is not secure although *home* is.
    """
    if not isinstance(value, str):
        raise InvalidArgument(field, f"expected an address as str, got {type(value).__name__}")
    at_home = value.startswith("/") and not value.startswith("//")
    url = given_address(f"{home.origin()}{value}" if at_home else value, secure=home.scheme == "https")
    if isinstance(url, URL):
        return url
    problem = url
    del value, url  # It may hold a signature.
    raise InvalidArgument(field, problem)


def given_address(value: str, *, secure: bool) -> URL | str:
    """Return the address that a service gave, or what is wrong with it; a *secure* one gives secure ones only."""
    try:
        url: URL | None = URL(value, encoded=True)
    except ValueError:
        url = None
    if url is None or url.scheme not in {"http", "https"} or not url.host or url.user or url.password:
        return "is no http or https address of a file"
    if secure and url.scheme != "https":
        return "is not secure, although the service is"
    return url


def _parse(address: str) -> URL | None:
    try:
        url = URL(address.rstrip("/"))
        # Names with an empty label, or one of more than 63 bytes, break the look-up itself.
        (url.raw_host or "").encode("idna")
    except ValueError:
        return None
    return url
