"""
Tools for testing code that waits for remote jobs, without waiting, and kinds of job of your own, without a service.

Nothing here needs pytest, and all of it goes well with it.
"""

from ._contract import Case, contract
from ._service import Cancel, Service, Words
from ._virtual_loop import DeadlockError, VirtualLoop, run_virtual

__all__ = ["Cancel", "Case", "DeadlockError", "Service", "VirtualLoop", "Words", "contract", "run_virtual"]
