"""Who does what with which jobs in a run of a campaign."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import attrs

from benchmarks._faults_blocks import GROUPS, OWNED, WEBSETS
from benchmarks._faults_book import Book, Intent
from benchmarks._faults_lives import lives
from benchmarks._faults_many import MANY
from benchmarks._faults_streams import STREAMS
from benchmarks._faults_truth import AGENT, IMPORT, RUN, WEBSET, text_of
from benchmarks._faults_uses import USES, Plan
from benchmarks._faults_wholes import IMPORTS, WHOLES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from asyncjobs import Exa
    from asyncjobs.sandbox import Sandbox
    from benchmarks._faults_clients import Fleet, Setup

_JOBS_OF_A_WEBSET: Final = 20


@attrs.frozen(eq=False)
class _Sort:
    """Uses, how often they are drawn, and of how many jobs: of exactly these *kinds*, or of any."""

    uses: Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]
    share: float
    sizes: tuple[int, int] = (1, 1)
    kinds: tuple[str, ...] = ()


_SORTS: Final = (
    _Sort(USES, 0.55),
    _Sort(OWNED, 0.25),
    _Sort(MANY, 0.08, (3, 10)),
    _Sort(GROUPS, 0.06, (2, 6)),
    _Sort(WEBSETS, 0.06, kinds=("exa.search", "exa.enrichment")),
    _Sort(STREAMS, 0.08, kinds=(AGENT,)),
    _Sort(WHOLES, 0.08, kinds=(WEBSET,)),
    _Sort(IMPORTS, 0.05, kinds=(IMPORT,)),
)


async def plans(
    setup: Setup, sandbox: Sandbox, book: Book, fleet: Fleet, exa: Exa, rng: random.Random
) -> AsyncGenerator[Plan]:
    """Make up what is done with so many jobs, give each of them a life, and yield one plan after the other."""
    sorts = [sort for sort in _SORTS if set(sort.kinds) <= set(setup.kinds)]
    count = 0
    while count < setup.jobs:
        if count // _JOBS_OF_A_WEBSET >= len(book.websets):
            await _open_webset(setup, book, exa)
        sort = rng.choices(sorts, [sort.share for sort in sorts])[0]
        use = rng.choices(list(sort.uses), [weight for _, weight in sort.uses.values()])[0]
        size = rng.randint(*sort.sizes)
        # Some creates are alike to the letter: nothing but the library can tell them apart.
        twins = size > 1 and rng.random() < 0.3
        kinds = sort.kinds or (rng.choices(setup.kinds, k=1) * size if twins else rng.choices(setup.kinds, k=size))
        intents = [Intent(f"job-{count + (0 if twins else index):06d}", kind, use) for index, kind in enumerate(kinds)]
        count += len(intents)
        for intent in intents:
            book.intents.setdefault(intent.text, []).append(intent)
            for kind, life in lives(intent, rng):
                intent.life = life.faster(setup.speed)
                if kind != RUN:
                    sandbox.script(kind, intent.life, when=_is_about(intent.text))
        clients = fleet.draw(kinds, rng)
        dice = random.Random(f"{setup.seed} {count}")
        plan = Plan(use, intents, dice, book, clients.exa, clients.watercrawl, book.websets[-1])
        plan.speed, plan.closing, plan.program = setup.speed, clients.closing, sort.uses[use][0]
        yield plan


async def _open_webset(setup: Setup, book: Book, exa: Exa) -> None:
    """Make one more container, and a monitor that runs when we say so."""
    webset = (await exa.websets.create()).id
    book.websets.append(webset)
    if RUN in setup.kinds:
        refresh = {"type": "refresh", "config": {"target": "enrichments"}}
        monitor = await exa.websets.monitors.create(webset, cron="0 0 1 1 *", behavior=refresh)
        await exa.websets.monitors.update(monitor.id, status="disabled")
        book.monitors[webset] = monitor.id


def _is_about(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: text_of(body) == text
