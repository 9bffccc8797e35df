"""Which jobs are due for a look, and which requests cover them: turns without a clock."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from asyncjobs._rounds import Group, Route, Tally
from asyncjobs._routes import Routes
from asyncjobs._turns import Entry, Turns

if TYPE_CHECKING:
    from collections.abc import Iterable

K = TypeVar("K", bound=Hashable)

_LISTS_FIRST: Final = 2**62
#: How many lists may be found ready beyond those that can be asked now: whoever is due should be counted in first.
_MORE_LISTS: Final = 64


@attrs.frozen
class Errand(Generic[K]):
    """
    One thing to ask and for whom: a look at one job, or the list *route* for all that wait for it.

    *due* is since when the one who has waited longest has.
    """

    keys: tuple[K, ...]
    route: Route | None = None
    due: float = attrs.field(default=0.0, eq=False)


class Agenda(Generic[K]):
    """
    Keys with the times at which they are due. The oldest is served first, so that nobody starves.

    Whatever is done for one key costs the same, but for a logarithm, however many others there are.
    """

    def __init__(self) -> None:
        self._due: dict[K, Entry[K | Group[K]]] = {}
        self._numbers = itertools.count()
        # Keys, and the lists for which somebody waits.
        self._turns: Turns[K | Group[K]] = Turns(self._counts)
        self._ahead: set[K] = set()
        self._urgent: set[K] = set()
        #: Those who were missing in a list: their next look is a single one.
        self._alone: set[K] = set()
        self._routes: Routes[K] = Routes()
        self._waits: dict[K, Group[K]] = {}

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: K) -> bool:
        return key in self._due

    def keys(self) -> list[K]:
        """Return all keys, in no order."""
        return list(self._due)

    # -- who is there -----------------------------------------------------------

    def join(self, key: K, routes: tuple[Route, ...], every: float) -> None:
        """
        Count *key* among those that these lists show, the narrowest first; each is part of the next.

        None of them is asked sooner than *every* seconds after it was last asked.
        """
        self._routes.join(key, routes, every)

    def leave(self, key: K) -> None:
        """Forget *key* if it is there."""
        self.discard(key)
        self._routes.leave(key)

    # -- when -------------------------------------------------------------------

    def schedule(self, key: K, due: float, *, urgent: bool = False, ahead: bool = False, alone: bool = False) -> None:
        """
        Make *key* due at *due* instead of whenever it was.

        *urgent* ones wait for a list only if there are many of them, those that are *alone* for none, and of those that
        are due the ones *ahead* go first.
        """
        self.discard(key)
        entry = self._due[key] = (due, next(self._numbers), key)
        for those, among in ((self._urgent, urgent), (self._alone, alone), (self._ahead, ahead)):
            if among:
                those.add(key)
        self._put(entry)

    def discard(self, key: K) -> None:
        """Take *key* off the agenda; it remains one that lists show."""
        if self._due.pop(key, None) is None:
            return
        for those in (self._urgent, self._alone, self._ahead):
            those.discard(key)
        if group := self._waits.pop(key, None):
            group.forget(key)

    def next_due(self) -> float | None:
        """Return when there is something to do, ``None`` if nothing is due ever."""
        return self._turns.next()

    def overdue(self, now: float) -> list[tuple[K, float]]:
        """Return the keys that are due at *now*, each with its time, in no order; they stay."""
        return [(key, due) for key, (due, _, _) in self._due.items() if due <= now]

    def take(self, now: float, limit: int, *, lists: bool = True) -> list[Errand[K]]:
        """
        Take out at most *limit* errands that are due at *now*; their keys are no longer scheduled.

        Without *lists* all of them are single looks.
        """
        if limit < 1:
            return []
        singles: list[Entry[K | Group[K]]] = []
        ready: list[Entry[K | Group[K]]] = []
        resting: list[Entry[K | Group[K]]] = []
        hurried: dict[Group[K], list[Entry[K | Group[K]]]] = {}
        while len(singles) < limit and len(ready) < limit + _MORE_LISTS:
            entry = self._turns.pop(now)
            if entry is None:
                if not self._hurry(hurried, singles):
                    break
                continue
            due, _, thing = entry
            if isinstance(thing, Group):
                (ready if lists else resting).append(entry)
            elif not lists or thing in self._alone or (group := self._routes.best(thing, now)) is None:
                singles.append(entry)
            elif thing in self._urgent:
                hurried.setdefault(group, []).append(entry)
            else:
                self._wait(group, thing, due)
        self._hurry(hurried, singles)
        # Those ahead, then the oldest; of equal age the lists.
        turns = sorted([*ready, *singles], key=self._rank)
        for entry in (*turns[limit:], *resting):
            self._put(entry)
        return [
            self._ask(entry[2], now) if isinstance(entry[2], Group) else self._look(entry[2], entry[0])
            for entry in turns[:limit]
            # A list before may have taken the job, or all who waited for this one; or its turn has been moved.
            if self._counts(entry)
        ]

    def _rank(self, entry: Entry[K | Group[K]]) -> tuple[float, bool]:
        due, _, thing = entry
        if isinstance(thing, Group):
            return due, False
        return float("-inf") if thing in self._ahead else due, True

    def _hurry(
        self,
        hurried: dict[Group[K], list[Entry[K | Group[K]]]],
        singles: list[Entry[K | Group[K]]],
    ) -> bool:
        """Let those who are in a hurry wait for a list if they are many, else not; return whether some do wait."""
        waiting = False
        for group, entries in hurried.items():
            if len(entries) < group.cost:
                singles += entries
                continue
            waiting = True
            group.hurry()
            for due, _, key in entries:
                assert not isinstance(key, Group)
                self._wait(group, key, due)
        hurried.clear()
        return waiting

    # -- lists ------------------------------------------------------------------

    def surveyed(self, route: Route, now: float, tally: Tally, missing: Iterable[K] = ()) -> None:
        """Take in what the reading of a list cost and brought; *missing* should have been there."""
        if (group := self._routes.group(route)) is not None:
            gone = [(key, self._routes.narrower(key, group)) for key in missing if self._routes.shows(group, key)]
            group.ended(now, tally, gone)
            self._settle(group)

    def dropped(self, route: Route) -> None:
        """Take in that the reading of a list was given up, since nobody wanted it any more."""
        if (group := self._routes.group(route)) is not None:
            group.running = False
            self._settle(group)

    def failed(self, route: Route, now: float, *, refused: bool) -> None:
        """Take in that a list could not be read; if it was *refused*, those who wait for it are looked at singly."""
        if (group := self._routes.group(route)) is not None:
            group.failed(now, refused=refused)
            for key, due in list(group.waiting.items()):
                self.schedule(key, due, urgent=key in self._urgent, ahead=key in self._ahead)
            self._settle(group)

    def _settle(self, group: Group[K]) -> None:
        """Give *group* its turn, now that it is not being asked any more, or forget it."""
        if group.waiting:
            self._take_turn(group)
        self._routes.drop_if_empty(group)

    def _wait(self, group: Group[K], key: K, due: float) -> None:
        group.wait(key, due)
        self._waits[key] = group
        self._take_turn(group)

    def _take_turn(self, group: Group[K]) -> None:
        at = max(group.next_at, group.oldest)
        if not group.running and (group.turn is None or group.turn[0] != at):
            # Of equal age lists go first: they serve more jobs.
            group.turn = (at, next(self._numbers) - _LISTS_FIRST)
            self._put((*group.turn, group))

    def _look(self, key: K, due: float) -> Errand[K]:
        self.discard(key)
        return Errand((key,), due=due)

    def _ask(self, group: Group[K], now: float) -> Errand[K]:
        # All whose turn would come before the list's next one: else they would come too late.
        soon = now + group.every
        others = (key for key in group.expected() if key not in group.waiting and key not in self._alone)
        due_soon = (key for key in others if (entry := self._due.get(key)) is not None and entry[0] < soon)
        keys = (*group.waiting, *due_soon)
        due = group.oldest
        if len(keys) == 1 and not group.light:
            return self._look(keys[0], due)
        group.began(now)
        for key in keys:
            self.discard(key)
        return Errand(keys, group.route, due)

    # -- turns ------------------------------------------------------------------

    def _put(self, entry: Entry[K | Group[K]]) -> None:
        self._turns.put(entry, first=entry[2] in self._ahead, valid=len(self._due) + len(self._routes))

    def _counts(self, entry: Entry[K | Group[K]]) -> bool:
        due, number, thing = entry
        if isinstance(thing, Group):
            return bool(thing.waiting) and thing.turn == (due, number)
        return self._due.get(thing) is entry and thing not in self._waits
