"""A job at the kit's server, and what can go wrong with requests about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.define(eq=False)
class Remote:
    """One job at the service: its words with the times from which they hold, in order."""

    ids: tuple[str, ...]
    steps: list[tuple[float, str]]
    #: What happens from the moment in which a cancel is accepted.
    after_cancel: Sequence[tuple[float, str]]
    #: The status that denies it, once it is forgotten.
    denied: int | None = None
    #: Set when a cancel is accepted.
    accepted: asyncio.Event = attrs.field(factory=asyncio.Event)
    #: What the service keeps of the create.
    kept: dict[str, Any] = attrs.field(factory=dict[str, Any])

    def word(self, now: float) -> str:
        """Return the word at *now*."""
        return [word for at, word in self.steps if at <= now + 1e-9][-1]

    def goes_on(self, now: float, steps: Sequence[tuple[float, str]]) -> None:
        """Take another way from *now* on."""
        self.steps = [(at, word) for at, word in self.steps if at <= now] + [(now + at, word) for at, word in steps]


@attrs.define(eq=False)
class Fault:
    """
    What happens to the next *times* requests of a verb (``None``: all).

    They wait for *seconds* (``None``: for ever); then they take effect if *processed*; then they get *status* and
    *body*, or are cut off where *status* is ``None``. A status of 0 is the service's own reply after all.
    """

    status: int | None = 0
    body: bytes = b'{"error": "out of order"}'
    processed: bool = False
    seconds: float | None = 0.0
    times: int | None = 1
    headers: dict[str, str] = attrs.field(factory=dict[str, str])
