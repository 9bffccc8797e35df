"""What a create is about: what to send, how to read the reply, where to look, and who takes what nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from asyncjobs._finding import Finder
    from asyncjobs._kinds import Refusal
    from asyncjobs._tracing import Intent
    from asyncjobs._wire import Reply, Request
    from asyncjobs.errors import CreateUncertain

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Orphanage(Protocol[T_contra]):
    """Takes what was made for a caller who has gone."""

    def take(self, made: T_contra, *, owned: bool) -> Awaitable[object] | None:
        """Take what was made; *owned* says whether the caller meant to own it. What is returned is the clean-up."""
        ...

    def hear(self, error: CreateUncertain) -> object:
        """Hear of a create whose outcome stayed unknown."""
        ...


@attrs.frozen(kw_only=True)
class Plan(Generic[T]):
    """
    What is to be created, and how.

    *request* may be repeatable: then a name of the user's own keeps it from taking effect twice, and ``Conflict``
    says that it did once. *parse* reads the reply, *finder* looks for what was made (``None``: it cannot be found),
    and *tell* gives what tells one from another.
    """

    intent: Intent
    request: Request
    parse: Callable[[Reply], T]
    tell: Callable[[T], object]
    orphanage: Orphanage[T]
    finder: Finder[T] | None = None
    refusals: Sequence[Refusal] = ()


@attrs.frozen
class Orphans(Generic[T]):
    """What was made for a caller who has gone: cancelled if it was owned and *clean_up* can do that, else adopted."""

    adopt: Callable[[T], object]
    uncertain: list[CreateUncertain]
    clean_up: Callable[[T], asyncio.Task[Any]] | None = None

    def take(self, made: T, *, owned: bool) -> asyncio.Task[Any] | None:
        if owned and self.clean_up is not None:
            return self.clean_up(made)
        self.adopt(made)
        return None

    def hear(self, error: CreateUncertain) -> None:
        self.uncertain.append(error)
