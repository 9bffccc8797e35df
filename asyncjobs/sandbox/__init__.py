"""A local server that behaves like Exa Websets, Exa agent runs and WaterCrawl.

Jobs live scripted lives on an injectable clock, faults are rules, and a ledger tells what was asked for, created,
billed and still active::

    async with Sandbox() as sandbox:
        sandbox.script("exa.search", Life.ordinary("exa.search", works=None))   # never ends by itself
        sandbox.fault(Fault(Answer(429, headers={"Retry-After": "1"}), verb="look", times=3))
        ...  # let a client talk to sandbox.url
        assert not sandbox.ledger.active()

Everything is offered over real HTTP, on a loopback port or, with ``sockets=False``, within the process.
"""

from . import races
from ._courier import Deliveries
from ._faults import Answer, Choice, Cut, Drop, Fault, Lose, Redirect, Replace, Restart, Say, Stale, Stall, Truncate
from ._interruptions import Interrupt, Repeat
from ._ledger import JobRow, Ledger, RequestRow
from ._lives import Life
from ._sandbox import Sandbox
from ._serve import serve

__all__ = [
    "Answer",
    "Choice",
    "Cut",
    "Deliveries",
    "Drop",
    "Fault",
    "Interrupt",
    "JobRow",
    "Ledger",
    "Life",
    "Lose",
    "Redirect",
    "Repeat",
    "Replace",
    "RequestRow",
    "Restart",
    "Sandbox",
    "Say",
    "Stale",
    "Stall",
    "Truncate",
    "races",
    "serve",
]
