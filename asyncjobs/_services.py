"""What the cores of one client's jobs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncjobs._deadlines import Deadlines
from asyncjobs._runners import Runners
from asyncjobs._trust import Trust
from asyncjobs._words import UnknownWords

if TYPE_CHECKING:
    from asyncjobs._caller import Caller
    from asyncjobs._kinds import JobKind, Refusal
    from asyncjobs._settings import Settings
    from asyncjobs._tasks import Tasks
    from asyncjobs._watcher import Watcher


class Services:
    """What a core needs of its client: a value made once, so that nothing here knows the client."""

    __slots__ = (
        "_by_kind",
        "_refusals",
        "caller",
        "cancels",
        "deadlines",
        "settings",
        "tasks",
        "trust",
        "unknown_words",
        "watcher",
    )

    def __init__(
        self, caller: Caller, watcher: Watcher, settings: Settings, refusals: tuple[Refusal, ...], tasks: Tasks
    ) -> None:
        self.caller: Caller = caller
        self.watcher: Watcher = watcher
        self.settings: Settings = settings
        self._refusals = refusals
        self._by_kind: dict[str, tuple[Refusal, ...]] = {}
        self.tasks: Tasks = tasks
        self.cancels: Runners = Runners(tasks, "cancels")
        self.deadlines: Deadlines = Deadlines()
        self.trust: Trust = Trust(settings.backstop)
        self.unknown_words: UnknownWords = UnknownWords()

    def refusals_of(self, kind: JobKind[Any]) -> tuple[Refusal, ...]:
        """Return how the service says no to requests about a job of *kind*: the kind's own ways first."""
        refusals = self._by_kind.get(kind.name)
        if refusals is None:
            refusals = self._by_kind[kind.name] = kind.refusals + self._refusals
        return refusals
