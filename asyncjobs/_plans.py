"""What a create is about: what to send, how to read the reply, where to look, and who takes what nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from asyncjobs._finding import Finder
    from asyncjobs._kinds import Refusal
    from asyncjobs._tracing import Intent
    from asyncjobs._wire import Reply, Request
    from asyncjobs.errors import CreateUncertain

T = TypeVar("T")


@attrs.frozen
class Orphans(Generic[T]):
    """
    Takes what nobody waits for.

    What was made is cancelled if it was owned and *clean_up* can do that, else *adopt* takes it; *uncertain* gathers
    the errors that nobody hears.
    """

    adopt: Callable[[T], object]
    uncertain: list[CreateUncertain]
    clean_up: Callable[[T], asyncio.Task[Any]] | None = None

    def take(self, made: T, *, owned: bool) -> asyncio.Task[Any] | None:
        """Take what was made, and return the clean-up if there is one."""
        if owned and self.clean_up is not None:
            return self.clean_up(made)
        self.adopt(made)
        return None


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
    orphans: Orphans[T]
    finder: Finder[T] | None = None
    refusals: Sequence[Refusal] = ()
