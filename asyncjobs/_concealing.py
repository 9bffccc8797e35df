"""Taking the API key out of whatever is kept or shown."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote, quote_plus

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: A shorter key is no secret, and would blot out parts of ordinary words and figures.
_SHORTEST: Final = 6
#: Payloads are the user's own data: only what cannot be a word of theirs is taken out of them.
_UNMISTAKABLE: Final = 16


class Hidden(str):
    """A text that is not shown by what shows its holder, such as a traceback with local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def _spellings(key: str) -> tuple[str, ...]:
    """Return how a service may repeat *key*: as it is, in JSON, in an address, in HTML, and without "Bearer"."""
    words = {key, key.rsplit(maxsplit=1)[-1]}
    in_json = {json.dumps(word)[1:-1] for word in words}
    spelled = words | in_json | {word.replace("/", r"\/") for word in in_json}
    spelled |= {way(word) for word in words for way in (quote, quote_plus, html.escape)}
    spelled |= {quote(word, safe="") for word in words}
    # The longest first, so that none leaves half of another.
    return tuple(sorted((word for word in spelled if len(word) >= _SHORTEST), key=len, reverse=True))


class Concealer:
    """Blots one key out of what a service says, should it repeat it."""

    __slots__ = ("_encoded", "_key", "_spellings")

    def __init__(self, key: str) -> None:
        self._key = Hidden(key)
        self._spellings = _spellings(key)
        self._encoded = tuple(spelling.encode() for spelling in self._spellings)

    def __repr__(self) -> str:
        return "<Concealer>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("what knows a key is not copied and not pickled")

    def conceal(self, body: bytes) -> bytes:
        """Return *body* with the key blotted out, should a service repeat it."""
        for spelling in self._encoded:
            body = body.replace(spelling, b"***")
        return body

    def conceal_payload(self, body: bytes) -> bytes:
        """Return *body*, which is the user's data, with the key blotted out if it is too long to be a word."""
        return self.conceal(body) if len(self._key) >= _UNMISTAKABLE else body

    def conceal_text(self, text: str) -> str:
        """Return *text* with the key blotted out."""
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        return text

    def conceal_headers(self, headers: Mapping[str, str], raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
        """Return *headers* with the key blotted out of their values; *raw* are the same ones as they came."""
        values = b"\n".join([value for _, value in raw])
        for spelling in self._encoded:
            if spelling in values:
                return CIMultiDict({name: self.conceal_text(value) for name, value in headers.items()})
        return headers
