"""Text that comes from outside, made fit for messages and logs."""

from __future__ import annotations

from typing import Final

#: In characters: more than a message needs, and less than fills a log.
LONGEST_TEXT: Final = 500


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    """
    Return *text* in one line of at most *longest* characters, and an ellipsis where it was cut.

    Control characters, line breaks and lone surrogates become spaces: it is data, it may end on a terminal, and it
    must not be taken for a line of the log.
    """
    if len(text) <= longest and text.isprintable() and " " not in text:
        return text  # As ids of requests are, which come with every reply.
    text = text[: 4 * longest]
    printable = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    words = " ".join(printable.split())
    return words if len(words) <= longest else f"{words[:longest]}…"
