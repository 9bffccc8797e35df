"""The rows of an import: what can be sent, and how many there are. Values in, values out."""

from __future__ import annotations

import codecs
import csv
import io
from typing import Final

from asyncjobs.errors import InvalidArgument

#: The most bytes that the service takes.
MOST_BYTES: Final = 50_000_000


def encoded(rows: object) -> bytes:
    """
    Return *rows* as they are sent.

    Raises:
        InvalidArgument: They are neither text nor bytes, empty, or too large.
    """
    if not isinstance(rows, (str, bytes)):
        raise InvalidArgument("rows", f"expected CSV as str or bytes, got {type(rows).__name__}")
    # A quick answer for text that is far too long.
    if len(rows) <= MOST_BYTES:
        try:
            data = rows.encode() if isinstance(rows, str) else rows
        except UnicodeEncodeError:
            raise InvalidArgument("rows", "have lone surrogates, which cannot be sent") from None
        if not data.strip():
            raise InvalidArgument("rows", "are empty")
        if len(data) <= MOST_BYTES:
            return data
    raise InvalidArgument("rows", f"have more than {MOST_BYTES:,} bytes")


def records(data: bytes) -> int:
    """
    Return how many rows *data* has, the line of headings not counted, nor blank lines.

    Raises:
        InvalidArgument: They are no CSV in UTF-8, or a cell is longer than ``csv.field_size_limit()``.
    """
    text = io.TextIOWrapper(io.BytesIO(data.removeprefix(codecs.BOM_UTF8)), "utf-8", newline="")
    try:
        number = sum(1 for row in csv.reader(text) if row)
    except UnicodeDecodeError:
        raise InvalidArgument("rows", "are no UTF-8") from None
    except csv.Error as error:
        raise InvalidArgument("rows", f"are no CSV: {error}") from None
    return max(0, number - 1)
