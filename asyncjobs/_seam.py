"""The seam between values and the network: ``send(Request) -> Reply``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._heads import Head
    from asyncjobs._wire import Reply, Request


class Transport(Protocol):
    """Whatever can carry a request to a service and bring the reply back."""

    async def send(self, request: Request) -> Reply:
        """
        Send *request* once and return the reply, whatever its status, read to the end.

        Raises:
            TransportError: There was no complete reply.
            ProtocolError: The body is larger than the bound.
            ClientClosed: The application has closed its session.
        """
        ...

    async def begin(self, request: Request, headers: Mapping[str, str]) -> Head:
        """Send *request* once, with *headers* besides, and return the reply when its head has come; see there."""
        ...

    async def begin_elsewhere(self, address: str) -> Head:
        """Read what is at an *address* that the service gave, without the key; see there."""
        ...

    @property
    def connections(self) -> int:
        """How many connections there can be at once, 0 for any number."""
        ...

    async def aclose(self) -> None:
        """Close what was opened."""
        ...

    def abandon(self) -> None:
        """Let go of what was opened without waiting for anything."""
        ...
