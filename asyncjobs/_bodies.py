"""What can be sent: JSON bodies, and where in them the trouble is."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Under this key the objects that services keep for their callers carry the token of a create; nobody is shown it.
MARK_KEY: Final = "asyncjobs_token"
_MARK_BYTES: Final = MARK_KEY.encode()

#: Deeper than any service reads.
_DEEPEST: Final = 100
# In bits: Python writes no integer of more than 4,300 digits.
_LONGEST_INTEGER: Final = 8192


def _unsendable(value: Any, path: str, depth: int = 0) -> tuple[str, str] | None:
    """Find what keeps *value* from being JSON: the path and the problem."""
    if isinstance(value, (int, float)):
        writable = math.isfinite(value) if isinstance(value, float) else value.bit_length() <= _LONGEST_INTEGER
        return None if writable else (path, "expected a finite number of at most 2,400 digits")
    if value is None or isinstance(value, str):
        return None
    if not isinstance(value, (dict, list, tuple)):
        return path, f"cannot be sent as JSON: {type(value).__name__}"
    if depth > _DEEPEST:
        return path, "is nested too deeply"
    if isinstance(value, dict):
        strange = next((key for key in value if not isinstance(key, str)), None)
        if strange is not None:
            return path, f"expected keys of type str, got {type(strange).__name__}"
        inner = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    else:
        inner = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    problems = (_unsendable(item, place, depth + 1) for place, item in inner)
    return next((problem for problem in problems if problem), None)


def encode_body(body: Mapping[str, Any]) -> bytes:
    """
    Return *body* as JSON.

    Raises:
        InvalidArgument: Something in it is no JSON; the error names its path and type.
    """
    if problem := _unsendable(body, ""):
        path, what = problem
        # A list has no key to name.
        raise InvalidArgument(f"body{path}" if path.startswith("[") else path or "body", what)
    return json.dumps(body, separators=(",", ":")).encode()


def is_encodable(text: str) -> bool:
    """Whether *text* can be sent at all: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


#: What json.loads would make anew for each reply.
_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
#: Reads the value that begins at an index of a text: returns it and its end; a ``ValueError`` says that it is none.
scan_json: Final = _DECODER.raw_decode


def _without_token(pairs: dict[str, Any]) -> dict[str, Any]:
    pairs.pop(MARK_KEY, None)
    return pairs


def read_json(body: bytes, *, token: bool = False, again: bool = False) -> Any:
    """
    Return what JSON text holds, without the tokens of our creates unless *token* asks for them.

    *again* reads what was read and written before: of a number beyond all bounds (``1e999``) that leaves ``Infinity``.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    # A service may escape any letter; most use no escapes at all, which is soon seen.
    plain = _MARK_BYTES not in body and (b"\\" not in body or b"\\u00" not in body)
    hook = None if token or plain else _without_token
    constant = None if again else _no_constant
    if hook is None and not again:
        try:
            text = body.decode()
            value, end = scan_json(text, 0)
            if not text[end:].strip(" \t\n\r"):
                return value
        except ValueError:
            pass
        # Space before it, another encoding of Unicode, or no JSON: what follows knows.
    return json.loads(body, parse_constant=constant, object_hook=hook)


def without_tokens(value: Any) -> Any:
    """Return a copy of what JSON text held, as users are shown it."""
    return json.loads(json.dumps(value), object_hook=_without_token)
