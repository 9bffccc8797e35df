"""What may go wrong between a client and the service, as data."""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from ._interruptions import Interrupt, Repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ._ledger import RequestRow


@attrs.frozen
class Answer:
    """Answer with *status* and *body* instead.

    *body* is JSON (a dict or a list) or text or bytes as they are; ``None`` is the service's own error body for that
    status. *processed* says that the request takes effect first: a 500 after which the job exists.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    processed: bool = False


@attrs.frozen
class Drop:
    """Close the connection without a byte; *processed* means after the request took effect.

    With *reset* it is broken off, so that the client sees a connection reset instead of its end.
    """

    processed: bool = False
    reset: bool = False


@attrs.frozen
class Lose:
    """Do what was asked, then close the connection without a byte: the job is created and nobody is told."""


@attrs.frozen
class Truncate:
    """Do what was asked, announce the whole reply, and close the connection after *keep* bytes of its body."""

    keep: int = 10


@attrs.frozen
class Cut:
    """Do what was asked, and close the connection when this *share* of the whole reply, head included, was sent.

    0.0 sends nothing, 1.0 all of it.
    """

    share: float = attrs.field(default=0.5, validator=(attrs.validators.ge(0.0), attrs.validators.le(1.0)))


@attrs.frozen
class Stall:
    """Do nothing for *delay* seconds, ``None`` for ever, then go on; with *processed*, do it all and hold the reply."""

    delay: float | None = None
    processed: bool = False


@attrs.frozen
class Stale:
    """Answer a read with the state of *delay* seconds ago; what is younger does not exist yet."""

    delay: float


@attrs.frozen
class Replace:
    """Do what was asked, and send *body* in place of the reply's, under the reply's status."""

    body: bytes = b"{}"
    content_type: str = "application/json"


@attrs.frozen
class Say:
    """Do what was asked, and let every ``status`` in a reply that says success be *word* instead."""

    word: str


@attrs.frozen
class Restart:
    """Break off all connections, this one included, and refuse new ones for *delay* seconds; all jobs are kept.

    *processed* means after the request took effect.
    """

    delay: float = 1.0
    processed: bool = False


@attrs.frozen
class Redirect:
    """Send the client to *location*."""

    location: str
    status: int = 302


Deed: TypeAlias = (
    Answer | Drop | Lose | Truncate | Cut | Stall | Stale | Replace | Say | Restart | Redirect | Interrupt | Repeat
)


def _deeds(value: Iterable[Deed]) -> tuple[Deed, ...]:
    return tuple(value)


@attrs.frozen
class Choice:
    """One of *deeds*, by chance, those named twice twice as often."""

    deeds: tuple[Deed, ...] = attrs.field(converter=_deeds, validator=attrs.validators.min_len(1))


Action: TypeAlias = Deed | Choice


#: What a rule can speak of.
VERBS: Final = ("create", "look", "list", "cancel", "stop", "delete", "update", "events", "result", "upload", "preview")
KINDS: Final = (
    "exa.search",
    "exa.enrichment",
    "exa.agent_run",
    "watercrawl.search",
    "watercrawl.crawl",
    "watercrawl.sitemap",
    "exa.webset",
    "exa.item",
    "exa.import",
    "exa.monitor",
    "exa.monitor_run",
    "exa.webhook",
    "exa.event",
    "exa.team",
    "unknown",
)


@attrs.frozen
class Fault:
    """A rule: what happens to which requests.

    A request fits if its *method*, *verb*, *kind* and *path* (a regular expression, searched for) all do; ``None`` fits
    all. The first *skip* fitting requests pass unharmed, then *times* are struck (``None``: all), each with
    *probability*. With *lasts* each strike begins a spell: for so many seconds every fitting request is struck, and all
    of them count as one. Verbs and kinds are those of the :class:`Ledger`.
    """

    action: Action
    method: str | None = attrs.field(default=None, kw_only=True)
    verb: str | None = attrs.field(default=None, kw_only=True)
    kind: str | None = attrs.field(default=None, kw_only=True)
    path: str | None = attrs.field(default=None, kw_only=True)
    times: int | None = attrs.field(default=1, kw_only=True)
    skip: int = attrs.field(default=0, kw_only=True)
    probability: float = attrs.field(default=1.0, kw_only=True)
    lasts: float | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a rule that no request can ever fit: the test that it was written for would pass for no reason."""
        if self.verb is not None and self.verb not in VERBS:
            raise ValueError(f"no verb {self.verb!r}; there are {', '.join(VERBS)}")
        if self.kind is not None and self.kind not in KINDS:
            raise ValueError(f"no kind {self.kind!r}; there are {', '.join(KINDS)}")

    def fits(self, row: RequestRow) -> bool:
        """Tell whether the rule speaks of this request."""
        return (
            self.method in {None, row.method}
            and self.verb in {None, row.verb}
            and self.kind in {None, row.kind}
            and (self.path is None or re.search(self.path, row.path) is not None)
        )


@attrs.define(eq=False)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0
    # When the present spell is over.
    until: float = -math.inf

    def strikes(self, now: float, rng: random.Random) -> bool:
        if now < self.until:
            return True
        if self.spent(now):
            return False
        self.seen += 1
        if self.seen <= self.fault.skip or rng.random() >= self.fault.probability:
            return False
        self.struck += 1
        if self.fault.lasts is not None:
            self.until = now + self.fault.lasts
        return True

    def spent(self, now: float) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times and now >= self.until


class FaultBook:
    """The rules in force, oldest first; the first that strikes a request is the only one."""

    def __init__(self, seed: int, clock: Callable[[], float]) -> None:
        self._rng = random.Random(seed)  # noqa: S311  (repeatable on purpose)
        self._clock = clock
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Put a rule in force."""
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Drop all rules."""
        self._armed.clear()

    def strike(self, row: RequestRow) -> Deed | None:
        """Return what happens to this request, ``None`` for nothing."""
        now = self._clock()
        for armed in self._armed:
            if armed.fault.fits(row) and armed.strikes(now, self._rng):
                if armed.spent(now):
                    self._armed.remove(armed)
                action = armed.fault.action
                return self._rng.choice(action.deeds) if isinstance(action, Choice) else action
        return None
