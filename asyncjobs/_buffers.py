"""The memory that replies are received into."""

from __future__ import annotations

from typing import Final

#: More than the 256 KiB into which asyncio receives, whatever comes.
_LARGE: Final = 1024 * 1024


def keep_memory() -> None:
    """
    Let what asyncio receives into come from memory that the process has.

    glibc maps a block of that size anew for each piece that is received, and unmaps it, which takes a tenth of a
    request: until a larger one was freed, for then it takes such sizes to be usual. Elsewhere this changes nothing.
    """
    bytes(_LARGE)
