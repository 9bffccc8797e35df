"""
Tools for testing code that waits for remote jobs, without waiting, and kinds of job of your own, without a service.

Nothing here needs pytest, and all of it goes well with it.

- :func:`run_virtual` runs a coroutine on a :class:`VirtualLoop`, whose time jumps instead of passing;
  :class:`ManualClock` is a time that moves only when told.
- :func:`open_sandbox` gives a sandbox and clients of both of its services, :func:`replay` runs your code against a race
  that was measured.
- :func:`contract` gives the promises of a :class:`~asyncjobs.Job` as a list of :class:`Case`, to be held against a kind
  of job of your own and the truth about its :class:`Service`.
"""

from ._clock import ManualClock
from ._contract import Case, contract
from ._sandboxes import open_sandbox, replay
from ._service import Cancel, Service, Words
from ._virtual_loop import DeadlockError, VirtualLoop, run_virtual

__all__ = [
    "Cancel",
    "Case",
    "DeadlockError",
    "ManualClock",
    "Service",
    "VirtualLoop",
    "Words",
    "contract",
    "open_sandbox",
    "replay",
    "run_virtual",
]
