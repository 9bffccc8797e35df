"""Tools for testing code that waits for remote jobs, without waiting."""

from ._virtual_loop import DeadlockError, VirtualLoop, run_virtual

__all__ = ["DeadlockError", "VirtualLoop", "run_virtual"]
