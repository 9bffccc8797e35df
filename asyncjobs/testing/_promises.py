"""What a sentence of the contract is: a name, words for people, and a coroutine that holds a scene to it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ._scene import Scene

    Check: TypeAlias = "Callable[[Scene], Coroutine[object, object, None]]"


@attrs.frozen
class Promise:
    """
    One sentence: *needs* are the abilities that a service must have (or, with ``no_``, lack) for it to apply.

    *alone* and *listed* say whether it is held to jobs that are looked at one by one, and to those that a list shows.
    """

    name: str
    sentence: str
    needs: frozenset[str]
    own_pace: bool
    alone: bool
    listed: bool
    check: Check


class Book:
    """The sentences of one chapter, in the order in which they were written."""

    def __init__(self) -> None:
        self.promises: list[Promise] = []

    def promise(
        self, *needs: str, own_pace: bool = False, alone: bool = True, listed: bool = True
    ) -> Callable[[Check], Check]:
        """Take in a coroutine function as a sentence; its name is the sentence's, its docstring the words."""

        def take(check: Check) -> Check:
            sentence = inspect.getdoc(check)
            assert sentence is not None
            self.promises.append(Promise(check.__name__, sentence, frozenset(needs), own_pace, alone, listed, check))
            return check

        return take
