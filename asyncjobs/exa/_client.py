"""The client of Exa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import InvalidArgument
from asyncjobs.exa._agent import Agent
from asyncjobs.exa._calls import websets
from asyncjobs.exa._monitors import MONITOR
from asyncjobs.exa._overview import Team
from asyncjobs.exa._provider import EXA
from asyncjobs.exa._webhooks import WEBHOOK
from asyncjobs.exa._webset_kinds import ENRICHMENT, SEARCH, WEBSET
from asyncjobs.exa._webset_models import Webset
from asyncjobs.exa._websets import Websets
from asyncjobs.kinds import Client

if TYPE_CHECKING:
    import aiohttp

    from asyncjobs._job import Job
    from asyncjobs._settings import Settings
    from asyncjobs.errors import CreateUncertain

_TEAM: Final = websets("GET", "teams/me")


class Exa(Client):
    """
    The client of Exa: ``exa.websets`` and ``exa.agent``.

    *api_key* ``None`` takes the environment's ``EXA_API_KEY``, *base_url* ``None`` its ``EXA_BASE_URL`` or Exa's own
    address. See :class:`asyncjobs.kinds.Client` for the rest.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        settings: Settings | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        super().__init__(EXA, api_key, base_url=base_url, settings=settings, session=session)

    @property
    def websets(self) -> Websets:
        """Websets, with all that is in them and about them."""
        return Websets(self, self._adopt_all, self._adopt)

    @property
    def agent(self) -> Agent:
        """The agent and its runs."""
        return Agent(self)

    async def team(self) -> Team:
        """Return the team to which the key belongs: how many searches it has now, and how many it may have."""
        return await self.fetch(_TEAM, into=Team)

    def jobs(self, webset: Webset) -> list[Job[Any]]:
        """
        Return the handles of all searches and enrichments of *webset*, without asking the service.

        ``exa.job(webset)`` is one handle of all of them together.

        Raises:
            InvalidArgument: *webset* is none, such as its id alone, or an id in it cannot be one.
        """
        if not isinstance(webset, Webset):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            raise InvalidArgument("webset", f"expected a Webset, got {type(webset).__name__}")
        # Replies of 2025 do not say of a job which webset it is in.
        searches = [self.job_of(SEARCH, each.webset_id or webset.id, each.id) for each in webset.searches]
        enrichments = [self.job_of(ENRICHMENT, each.webset_id or webset.id, each.id) for each in webset.enrichments]
        return [*searches, *enrichments]

    async def reconcile(self, uncertain: CreateUncertain) -> Any:
        """
        Look again for what a create made whose outcome was unknown, and return what the create would have.

        That is a job, a webset, a monitor or a webhook. See :meth:`asyncjobs.kinds.Client.reconcile` for the rest.
        """
        kind = getattr(uncertain, "kind", None)
        if kind == WEBSET.name:
            return await self.websets.reconcile(uncertain)
        if kind == MONITOR:
            return await self.websets.monitors.reconcile(uncertain)
        if kind == WEBHOOK:
            return await self.websets.webhooks.reconcile(uncertain)
        return await super().reconcile(uncertain)

    def _adopt_all(self, webset: Webset) -> None:
        for job in self.jobs(webset):
            self._adopt(job)
