"""The contract as a list of cases: each runs by itself, in virtual time, against one service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import attrs

from . import (
    _cancel_cases,
    _create_cases,
    _early_cases,
    _look_cases,
    _own_cases,
    _result_cases,
    _sheet_cases,
    _wait_cases,
)
from ._scene import Scene
from ._virtual_loop import run_virtual

if TYPE_CHECKING:
    from asyncjobs.kinds import Survey

    from ._promises import Promise
    from ._service import Service

_CHAPTERS: Final = (
    _sheet_cases,
    _look_cases,
    _wait_cases,
    _result_cases,
    _cancel_cases,
    _early_cases,
    _own_cases,
    _create_cases,
)
# Virtual seconds after which a case has failed: every promise of the contract is kept sooner.
_BOUND: Final = 1000.0


@attrs.frozen(repr=False)
class Case:
    """
    One sentence of the contract, to be held against one service.

    Calling it, as :meth:`run` does, plays it in virtual time. ``str(case)`` is its *name*, *sentence* says it in words.
    """

    name: str
    sentence: str
    _service: Service = attrs.field(alias="service")
    _promise: Promise = attrs.field(alias="promise")
    _survey: Survey | None = attrs.field(default=None, alias="survey")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Case {self.name} of {self._service.kind.name}>"

    def __call__(self) -> None:
        """
        Do as :meth:`run` does.

        Raises:
            AssertionError: The kind breaks the promise.
        """
        self.run()

    def run(self) -> None:
        """
        Hold the kind to this sentence.

        Raises:
            AssertionError: The kind breaks the promise; the message says what was promised and what was seen.
            RuntimeError: An event loop runs here, and a case needs one of its own.
        """
        if asyncio._get_running_loop() is not None:  # noqa: SLF001
            raise RuntimeError("a case runs an event loop of its own: call it where none runs")
        try:
            run_virtual(self._play())
        except AssertionError as error:
            raise AssertionError(f"{self._promised}\n{error}") from error.__cause__
        except Exception as error:
            seen = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{self._promised}\nseen {seen}") from error

    @property
    def _promised(self) -> str:
        by = "" if self._survey is None else f", shown by {self._survey.call.method} {self._survey.call.path}"
        return f"{self._service.kind.name}{by}: {self.sentence}"

    async def _play(self) -> None:
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context["message"])))
        await self._hold()
        # Callbacks that are on their way arrive.
        await asyncio.sleep(0)
        complaints += [f"{task.get_name()} goes on" for task in asyncio.all_tasks() - {asyncio.current_task()}]
        if complaints:
            raise AssertionError("the client left something behind: " + "; ".join(complaints))

    async def _hold(self) -> None:
        seconds = _BOUND + (3 * self._service.kind.pace.ceiling if self._promise.own_pace else 0.0)
        async with Scene(self._service, own_pace=self._promise.own_pace, survey=self._survey) as scene:
            bound = asyncio.timeout(seconds)
            try:
                async with bound:
                    await self._promise.check(scene)
            except TimeoutError:
                if bound.expired():
                    raise AssertionError(f"it had not come to an end after {seconds:g} s") from None
                raise


def contract(service: Service) -> tuple[Case, ...]:
    """
    Return the sentences of the contract that apply to a service, to be run one by one.

    Which ones apply follows from what the service can do, not from what its kind makes of that: a kind without the
    cancel that its service has fails the cases of cancelling. For each survey of the kind the sentences about its jobs
    come once more (``…_by_list``, ``…_by_list_2``): the client then waits for many others, too, and reads the list,
    which the server gives as the survey describes it. With pytest::

        @pytest.mark.parametrize("case", contract(SERVICE), ids=str)
        def test_contract(case):
            case()
    """
    can = _abilities(service)
    promises = [
        promise
        for chapter in _CHAPTERS
        for promise in chapter.BOOK.promises
        if all((need.removeprefix("no_") in can) != need.startswith("no_") for need in promise.needs)
    ]
    alone = [Case(promise.name, promise.sentence, service, promise) for promise in promises if promise.alone]
    # A list that is a single job is a look at it.
    surveys = [survey for survey in service.kind.surveys if survey.rows]
    listed = [
        Case(f"{promise.name}_by_list{f'_{number}' if number else ''}", promise.sentence, service, promise, survey)
        for number, survey in zip((0, *range(2, len(surveys) + 1)), surveys, strict=False)
        for promise in promises
        if promise.listed
    ]
    return (*alone, *listed)


def _abilities(service: Service) -> set[str]:
    cancel, words = service.cancel, service.words
    abilities = {
        "create": service.create is not None,
        "cancel": cancel is not None,
        "stop": service.stop is not None,
        "result": service.result is not None,
        "listing": service.listing is not None,
        "failed": bool(words.failed),
        "canceled": bool(words.canceled),
        "canceling": bool(words.canceling),
        "reason": service.reason is not None,
        "progress": bool(service.progress),
        "flips": cancel is not None and cancel.flips > 0,
        # Whether there is a word in which it is too early for a cancel.
        "early": cancel is not None and not set(words.waiting) <= set(service.accepts()),
        "prompt": cancel is not None and bool(words.waiting) and set(words.waiting) <= set(service.accepts()),
    }
    return {ability for ability, has in abilities.items() if has}
