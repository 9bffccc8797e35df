"""
Who sent a webhook: the check of its signature, values in, values out.

The header is ``t=<unix seconds>,v1=<hex>[,v1=<hex>…]``, each ``v1`` the HMAC-SHA256 of ``t``, a dot and the raw body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, Final

from asyncjobs.errors import AsyncJobsError, InvalidArgument

__all__ = ["InvalidSignature", "SigningSecrets", "verify"]

#: In bytes: room for dozens of signatures, and nothing that costs time to take apart.
_LONGEST_HEADER: Final = 4096
_SECONDS: Final = re.compile(rb"[0-9]{1,12}")
_MAC: Final = re.compile(rb"[0-9a-f]{64}")


class InvalidSignature(AsyncJobsError):
    """
    A delivery that nobody signed who knows the secret, or not lately.

    *readable* says whether the header had the form of a signature at all.
    """

    def __init__(self, message: str, *, readable: bool) -> None:
        super().__init__(message)
        self.readable: bool = readable


class SigningSecrets:
    """
    The secrets that a delivery may be signed with: one, or several while one replaces another.

    Nothing shows them: not their ``repr``, not a pickle, not the variables of a frame in a traceback.

    Raises:
        InvalidArgument: There is none, or one is empty or no text.
    """

    __slots__ = ("_keys",)

    def __init__(self, secrets: str | bytes | Iterable[str | bytes]) -> None:
        given = [secrets] if isinstance(secrets, (str, bytes)) else secrets
        del secrets
        self._keys: tuple[bytes, ...] = ()
        if not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            kind = type(given).__name__
            raise InvalidArgument("secret", f"expected str or bytes, or several of them, got {kind}")
        keys = [_key(each) for each in given]
        del given
        problem = next((each for each in keys if isinstance(each, str)), None if keys else "there is none")
        if problem is not None:
            del keys
            raise InvalidArgument("secret", problem)
        self._keys = tuple(key for key in keys if isinstance(key, bytes))

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<{len(self)} signing secrets>"

    def __reduce__(self) -> Any:
        raise TypeError("secrets are not pickled; make the receiver where it is needed")

    def sign(self, time: bytes, body: bytes | bytearray) -> list[bytes]:
        """Return the signature of *time* and *body* by each of them, in hexadecimal."""
        macs = [hmac.new(key, b"%b." % time, hashlib.sha256) for key in self._keys]
        for mac in macs:
            mac.update(body)
        return [mac.hexdigest().encode() for mac in macs]


def _key(secret: Any) -> bytes | str:
    """Return the key that *secret* is, or what is wrong with it."""
    if isinstance(secret, str):
        try:
            secret = secret.strip().encode()
        except UnicodeEncodeError:
            return "has lone surrogates"
    if not isinstance(secret, bytes):
        return f"expected str or bytes, got {type(secret).__name__}"
    # An empty key is one that everybody knows.
    return secret or "is empty"


def verify(
    body: bytes | bytearray,
    signature: str | bytes | None,
    secrets: SigningSecrets,
    *,
    now: float,
    tolerance: float,
) -> None:
    """
    Check that *body*, as it was received, has a *signature* by one of the *secrets* that is of *now*.

    *now* is in Unix seconds; the signature's time may differ from it by *tolerance* seconds, either way.

    Raises:
        InvalidSignature: It has not.
        InvalidArgument: *body* is no bytes (JSON that was read and written again has another signature).
    """
    if not isinstance(body, (bytes, bytearray)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument("body", f"expected the raw bytes that were received, got {type(body).__name__}")
    time, given = _take_apart(signature)
    expected = secrets.sign(time, body)
    # All are compared: how long it takes tells nobody which one is near.
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):  # noqa: C419
        del expected  # Some tracebacks show local variables, and these are what a forger lacks.
        raise InvalidSignature("no signature of the delivery is by a secret that is known here", readable=True)
    del expected
    apart = abs(now - int(time))
    if not apart <= tolerance:
        raise InvalidSignature(f"the delivery was signed {apart:.0f} s from now", readable=True)


def _take_apart(signature: Any) -> tuple[bytes, list[bytes]]:
    """Return the time and the signatures in a header."""
    problem = "the delivery has no signature"
    if isinstance(signature, str):
        # Servers hand over what is no ASCII in ways of their own; a signature has nothing of the kind.
        signature = signature.encode(errors="replace")
    if isinstance(signature, bytes) and signature:
        parts = [part.strip().partition(b"=")[::2] for part in signature[: _LONGEST_HEADER + 1].split(b",")]
        times = {value for name, value in parts if name == b"t"}
        time = times.pop() if len(times) == 1 else b""
        given = [value.lower() for name, value in parts if name == b"v1"]
        given = [value for value in given if _MAC.fullmatch(value)]
        if len(signature) > _LONGEST_HEADER:
            problem = f"the signature of the delivery has {len(signature)} bytes"
        elif not _SECONDS.fullmatch(time):
            problem = "the signature of the delivery has no time"
        elif not given:
            problem = "the signature of the delivery has no v1"
        else:
            return time, given
    raise InvalidSignature(problem, readable=False)
