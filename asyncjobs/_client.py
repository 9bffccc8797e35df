"""The client of one service: it makes handles, creates jobs, asks for the rest, and closes in order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from asyncjobs._addresses import check_base_url
from asyncjobs._admission import limits_for
from asyncjobs._convert import read_key
from asyncjobs._engine import Engine
from asyncjobs._middlewares import check_session, is_credential
from asyncjobs._refs import JobRef, check_id
from asyncjobs._settings import Settings, check_header
from asyncjobs._telling import Telling
from asyncjobs._transport import AiohttpTransport
from asyncjobs._wire import build, decode, identify, read_snapshot
from asyncjobs.errors import AsyncJobsError, CreateUncertain, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    import aiohttp

    from asyncjobs._job import Job
    from asyncjobs._kinds import JobKind, Provider
    from asyncjobs._models import Source
    from asyncjobs._wire import Reply

R = TypeVar("R")


def _key(given: str | None, provider: Provider) -> str:
    if given is None and provider.key_env not in os.environ:
        raise InvalidArgument("api_key", f"is missing; give it or set {provider.key_env}")
    # The environment's is held in no variable, which some tracebacks would show.
    return check_header(os.environ.get(provider.key_env) if given is None else given, "api_key")


class Client(Telling):
    """
    The client of one service.

    *provider* is the service's data sheet. *api_key* and *base_url* are taken from the provider's
    environment variables when they are ``None``, *base_url* then from the provider. *session* is the application's own
    ``aiohttp.ClientSession``; ``None`` opens one at the first request, which verifies certificates and takes nothing
    from the environment (no proxy, no ``.netrc``). Of a session that is given, its connector, proxy and certificates
    are the application's decision; the service gets the key and no credentials of the session's: default ones are
    refused, cookies and what ``trust_env`` finds in ``.netrc`` are left out. The key goes to the origin of *base_url*
    and nowhere else.

    Nothing is opened before the first request. ``async with client`` only closes it, as :meth:`aclose` does.

    Raises:
        InvalidArgument: There is no key, or an argument cannot be used.
    """

    def __init__(
        self,
        provider: Provider,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        settings: Settings | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        settings = Settings() if settings is None else settings
        if not isinstance(settings, Settings):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            raise InvalidArgument("settings", f"expected Settings, got {type(settings).__name__}")
        for name in settings.headers:
            # A header of the settings follows a redirect to another origin, which a key must not.
            if is_credential(name, provider.key_header):
                raise InvalidArgument("settings", f"headers: {name} carries credentials; give the key to the client")
        url = check_base_url(os.environ.get(provider.url_env) or provider.base_url if base_url is None else base_url)
        home = check_base_url(provider.base_url)
        limits = limits_for(provider, settings, at_home=url.origin() == home.origin())
        transport = AiohttpTransport(
            url,
            key_header=provider.key_header,
            key=_key(api_key, provider),
            headers={"Accept": "application/json", "User-Agent": "asyncjobs", **provider.headers, **settings.headers},
            settings=settings,
            session=None if session is None else check_session(session, provider.key_header),
        )
        self._engine = Engine(provider, settings, transport, limits)
        self.adopted: list[Job[Any]] = self._engine.adopted
        self.uncertain: list[CreateUncertain] = self._engine.uncertain

    def __repr__(self) -> str:
        # Also where one was refused its arguments: a traceback with local variables shows it.
        engine: Engine | None = getattr(self, "_engine", None)
        return f"<{type(self).__name__} {'unmade' if engine is None else 'closed' if engine.closed else 'open'}>"

    # -- handles -------------------------------------------------------------

    @overload
    def job(self, target: str | JobRef) -> Job[Any]: ...
    @overload
    def job(self, target: R) -> Job[R]: ...
    def job(self, target: Any) -> Job[Any]:
        """
        Return the handle of a job, without asking the service: from its ref, the text of its ref, or its resource.

        Raises:
            InvalidArgument: It is none of these, or the job belongs to another service.
        """
        if isinstance(target, (str, JobRef)):
            ref = JobRef.parse(target) if isinstance(target, str) else target
            return self.job_of(self._engine.provider.kind(ref.kind), *ref.parts)
        for kind in self._engine.provider.kinds:
            if type(target) is kind.resource:
                return self.job_of(kind, *(read_key(target, key, kind.keys) for key in kind.identity.values()))
        raise InvalidArgument("target", f"expected a ref, its text or a job's resource, got {type(target).__name__}")

    async def get(self, kind: JobKind[R], *ids: str) -> Job[R]:
        """
        Look once at the job with these *ids* and return its handle.

        Raises:
            NotFound: The service does not know it.
            InvalidArgument: An id cannot be one.
            APIError, TransportError, ProtocolError: The look failed, retries included.
        """
        asked = self.job_of(kind, *ids).ref

        def parse(reply: Reply) -> Job[R]:
            # The service may have been asked by another name; the handle has its own ids.
            ref = identify(kind, decode(reply), asked.parts)
            return self._sighted(kind, read_snapshot(kind, ref, reply, "poll"), reply)

        self._engine.enter()
        request = build(kind.look, asked.parts, verb="look")
        try:
            return await self._send(request, parse, kind.refusals)
        except AsyncJobsError as error:
            raise error.about(asked, None) from error.__cause__

    # -- news from outside ----------------------------------------------------

    def push(self, kind: JobKind[Any], payload: Mapping[str, Any], *ids: str, source: Source) -> None:
        """
        Take in *payload*, a whole object of *kind* as the service sent it by itself, by *source*.

        *ids* are the ids of its containers, for payloads that leave them out. If somebody holds the job, and this is
        the latest that is known of it, those who wait get it as a snapshot without a request; if that is not certain,
        a look will decide. What is older, repeated, unreadable or about other jobs changes nothing.

        Raises:
            ClientClosed, WrongLoop: The client is closed, or belongs to another event loop.
        """
        self._engine.enter()
        self._engine.pushes.take(kind, payload, ids, source)

    def hint(self, kind: JobKind[Any], *ids: str) -> None:
        """
        Look soon at the job of *kind* with these *ids*, or if they are fewer at all that are held in that container.

        Nothing is asked for nobody, and no job more often than its pace allows.

        Raises:
            InvalidArgument: An id cannot be one, or there are too many.
            ClientClosed, WrongLoop: The client is closed, or belongs to another event loop.
        """
        self._engine.enter()
        if len(ids) > len(kind.identity):
            raise InvalidArgument("ids", f"{kind.name} is named by {len(kind.identity)} ids, got {len(ids)}")
        self._engine.pushes.hint(kind, [check_id(value, name) for name, value in zip(kind.identity, ids, strict=False)])

    def tell(self, name: str, data: Mapping[str, Any], *, source: Source) -> None:
        """
        Take in an event of the type *name* that the service sent; what its *data* mean stands in ``provider.feed``.

        Raises:
            ClientClosed, WrongLoop: The client is closed, or belongs to another event loop.
        """
        self._engine.enter()
        if self._engine.provider.feed is not None:
            self._engine.pushes.tell(self._engine.provider.feed, name, data, source)

    def expect_events(self, types: Iterable[str]) -> AbstractContextManager[None]:
        """Count on the news of all kinds whose ends are told by events of these *types*; see :meth:`expect_pushes`."""
        provider = self._engine.provider
        told = [] if provider.feed is None else provider.feed.told_by(types)
        return self.expect_pushes(*(kind for kind in provider.kinds if kind.name in told))

    def expect_pushes(self, *whose: JobKind[Any] | JobRef) -> AbstractContextManager[None]:
        """
        Count on the news of these kinds and jobs while the block runs: somebody feeds it with :meth:`push`.

        They are then looked at every ``Settings.backstop`` seconds only. When the block ends, the usual pace is back
        at once. A kind whose jobs are seen to end while nothing at all is pushed is looked at as usual, too.
        """
        return self._engine.pushes.expect([each if isinstance(each, JobRef) else each.name for each in whose])

    # -- the end -------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._engine.check_open()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """
        Close the client; closing twice is harmless.

        Whoever still waits gets ``ClientClosed``. Creates that queue are withdrawn, those on the wire are finished;
        jobs that a block owns are cancelled, each within ``Settings.cleanup_timeout`` seconds; all other
        jobs go on at the service. Then the tasks and connections are closed. Being cancelled meanwhile does not
        interrupt this, being cancelled twice leaves it to itself.
        """
        await self._engine.aclose()
