"""From the refs on a command line to handles: which service each belongs to, and a client with its key."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._board import clean
from asyncjobs._refs import JobRef
from asyncjobs._settings import Settings
from asyncjobs.errors import AuthenticationError, InvalidArgument, TransportError
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client, Provider
from asyncjobs.watercrawl import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

    from asyncjobs._job import Job
    from asyncjobs.errors import AsyncJobsError

#: The services that the command line knows; everything else follows from their data.
PROVIDERS: Final = (EXA, WATERCRAWL)
BY_KIND: Final[Mapping[str, Provider]] = {kind.name: provider for provider in PROVIDERS for kind in provider.kinds}

#: Somebody sits before a terminal: a service that does not answer is given up much sooner than by a program.
SETTINGS: Final = Settings(connect_timeout=5.0, request_timeout=15.0, retry_budget=10.0)


class UsageProblem(Exception):
    """The command line cannot be carried out; the message, one line, says what to do. Nothing was sent."""


def read_refs(texts: Iterable[str]) -> list[JobRef]:
    """
    Return the refs that *texts* spell, each once, in the order given.

    Raises:
        UsageProblem: One is no ref, or no service here has jobs of that kind.
    """
    return list(dict.fromkeys(map(_read_ref, texts)))


def _read_ref(text: str) -> JobRef:
    try:
        ref = JobRef.parse(text)
    except InvalidArgument as error:
        problem = error.message.removeprefix("ref: ")
        raise UsageProblem(f"{clean(text)!r} is no ref: {problem}; a ref is what str(job.ref) gives") from None
    provider = BY_KIND.get(ref.kind)
    if provider is None:
        raise UsageProblem(f"no service has jobs of the kind {clean(ref.kind)!r}; known are {', '.join(BY_KIND)}")
    identity = provider.kind(ref.kind).identity
    if len(ref.parts) != len(identity):
        form = f"{ref.kind}:{'/'.join(name.upper() for name in identity)}"
        raise UsageProblem(f"{clean(text)!r} is no ref of that kind: expected {form}")
    return ref


def connect(provider: Provider) -> Client:
    """
    Return a client of *provider*, its key and address taken from the environment.

    Raises:
        UsageProblem: There is no key, or what the environment gives cannot be used.
    """
    name = provider.key_env
    if name not in os.environ:
        raise UsageProblem(f"there is no key for {provider.name}; set {name}, as in: export {name}=…")
    try:
        return Client(provider, settings=SETTINGS)
    except InvalidArgument as error:
        field, _, problem = error.message.partition(": ")
        variable = {"api_key": name, "base_url": provider.url_env}.get(field, field)
        raise UsageProblem(f"the environment variable {variable} cannot be used: {problem}") from None


@contextlib.asynccontextmanager
async def opened(
    refs: Iterable[JobRef], make: Callable[[Provider], Client] = connect
) -> AsyncGenerator[list[Job[Any]], None]:
    """
    Give the handles of *refs*; one client for each service that they need lives as long.

    Raises:
        UsageProblem: As :func:`connect`, before anything was sent.
    """
    async with contextlib.AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        jobs: list[Job[Any]] = []
        for ref in refs:
            provider = BY_KIND[ref.kind]
            if provider.name not in clients:
                clients[provider.name] = await stack.enter_async_context(make(provider))
            jobs.append(clients[provider.name].job(ref))
        yield jobs


def address(provider: Provider) -> str:
    """Return where *provider* is looked for, for people."""
    return clean(os.environ.get(provider.url_env) or provider.base_url)


def explain(job: Job[Any], error: AsyncJobsError) -> str:
    """Return what went wrong with *job*, and what to do where that is known."""
    provider, text = BY_KIND[job.kind], str(error)
    if isinstance(error, AuthenticationError):
        text = f"{provider.name} does not accept the key in {provider.key_env}: {text}"
    elif isinstance(error, TransportError) and os.environ.get(provider.url_env):
        text = f"{text} (the address is that of {provider.url_env})"
    return text if text.startswith(str(job.ref)) else f"{job.ref}: {text}"
