"""Which lists show which of the jobs that are waited for: bookkeeping without a clock."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from asyncjobs._rounds import Group, Route

K = TypeVar("K", bound=Hashable)


class Routes(Generic[K]):
    """The lists through which each key can be seen, the narrowest first; each is part of the next."""

    def __init__(self) -> None:
        self._chains: dict[K, tuple[Group[K], ...]] = {}
        self._groups: dict[Route, Group[K]] = {}

    def __len__(self) -> int:
        """How many lists there are."""
        return len(self._groups)

    def group(self, route: Route) -> Group[K] | None:
        """Return the list *route*, ``None`` if it shows nobody any more."""
        return self._groups.get(route)

    def join(self, key: K, routes: tuple[Route, ...], every: float) -> None:
        """Count *key* among those that these lists show; none is asked sooner again than after *every* seconds."""
        if key in self._chains or not routes:
            return
        chain = self._chains[key] = self._chain(routes)
        for narrower, group in zip((None, *chain), chain, strict=False):
            group.join(key, narrower, every)

    def leave(self, key: K) -> None:
        """Forget *key* if it is there."""
        narrower = None
        for group in self._chains.pop(key, ()):
            group.leave(key, narrower)
            self.drop_if_empty(group)
            narrower = group

    def drop_if_empty(self, group: Group[K]) -> None:
        """Forget *group* if it shows nobody and is not being read."""
        if not group.members and not group.running and self._groups.pop(group.route, None) is not None:
            group.chain = None

    def best(self, key: K, now: float) -> Group[K] | None:
        """Return the list for which *key* had better wait, ``None`` if it had better be looked at alone."""
        chain = reversed(self._chains.get(key, ()))
        return next((group for group in chain if group.covers(key, now)), None)

    def narrower(self, key: K, group: Group[K]) -> Group[K] | None:
        """Return the list within *group* that shows *key*, too; ``None`` if there is none."""
        chain = self._chains[key]
        place = chain.index(group)
        return chain[place - 1] if place else None

    def shows(self, group: Group[K], key: K) -> bool:
        """Whether *key* is waited for and *group* is to show it."""
        return group in self._chains.get(key, ())

    def _chain(self, routes: tuple[Route, ...]) -> tuple[Group[K], ...]:
        group = self._groups.get(routes[0])
        # One for all that have the same routes. A wider list may have been dropped while this one was being read.
        if group is not None and group.chain is not None and group.chain[0] is routes:
            chain = group.chain[1]
            if all(self._groups.get(each.route) is each for each in chain):
                return chain
        chain = tuple(self._groups.get(route) or self._groups.setdefault(route, Group(route)) for route in routes)
        chain[0].chain = routes, chain
        return chain
