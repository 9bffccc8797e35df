"""``exa.websets.monitors``: searches and refreshes on a schedule, and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import InvalidArgument
from asyncjobs.exa._calls import ALL_MONITORS, PAGING, TRACE, websets
from asyncjobs.exa._monitor_models import Monitor
from asyncjobs.exa._webset_kinds import MONITOR_RUN
from asyncjobs.exa._wireform import body
from asyncjobs.kinds import Survey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._job import Job
    from asyncjobs.errors import CreateUncertain
    from asyncjobs.exa._monitor_models import MonitorRun
    from asyncjobs.kinds import Client, Pages

#: What errors call a monitor.
MONITOR: Final = "exa.monitor"
_CREATE: Final = websets("POST", "monitors", repeatable=False)
_GET: Final = websets("GET", "monitors/{id}")
_UPDATE: Final = websets("PATCH", "monitors/{id}")
_DELETE: Final = websets("DELETE", "monitors/{id}")
_RUNS: Final = websets("GET", "monitors/{monitor}/runs")
_ALL: Final = Survey(ALL_MONITORS, rows="data", paging=PAGING)


class Monitors:
    """Monitors: each gives its webset new paid work, at most once a day."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.runs: MonitorRuns = MonitorRuns(client)

    async def create(
        self,
        webset: str,
        *,
        cron: str,
        behavior: Mapping[str, Any],
        timezone: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Monitor:
        """
        Create a monitor of the webset with the id *webset*; it is switched on.

        *cron* has five fields and comes round at most once a day, in the IANA *timezone* (``None``: UTC). *behavior* is
        in the service's own form: ``{"type": "search", "config": {"query": …, "count": …}}``. *metadata* are your own
        labels.

        Raises:
            CreateUncertain: The outcome is unknown, and the monitor was not found; see ``exa.reconcile``.
            APIError, TransportError: The service refused, or could not be reached.
        """
        fields = body(
            webset_id=webset, cadence=body(cron=cron, timezone=timezone), behavior=behavior, metadata=metadata
        )
        return await self._client.make(_CREATE, kind=MONITOR, into=Monitor, body=fields, trace=TRACE, roll=_ALL)

    async def reconcile(self, uncertain: CreateUncertain) -> Monitor:
        """
        Look again for the monitor of a create whose outcome was unknown, and return it.

        Raises:
            CreateUncertain: It was not found; it may still be late.
            InvalidArgument: It is about something else.
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        if getattr(uncertain, "kind", None) != MONITOR:
            raise InvalidArgument("uncertain", f"expected a CreateUncertain of {MONITOR}")
        return await self._client.remake(uncertain, into=Monitor, trace=TRACE, roll=_ALL)

    async def get(self, monitor: str) -> Monitor:
        """
        Return one monitor with its latest run: ``exa.job(monitor.last_run)``.

        Raises:
            NotFound: There is no such monitor.
        """
        return await self._client.fetch(_GET, monitor, into=Monitor)

    def list(self, *, webset: str | None = None, page_size: int | None = None) -> Pages[Monitor]:
        """
        Return the monitors, fetched *page_size* at a time (at most 200; ``None`` is the service's default of 25).

        *webset* is the id of theirs; ``None`` takes those of all websets.
        """
        query = [] if webset is None else [("websetId", webset)]
        return self._client.rows(ALL_MONITORS, into=Monitor, at="data", paging=PAGING, page_size=page_size, query=query)

    async def update(
        self,
        monitor: str,
        *,
        status: str | None = None,
        cron: str | None = None,
        timezone: str | None = None,
        behavior: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Monitor:
        """
        Change what is given (``None`` leaves it) and return the monitor as it then is; see :meth:`create`.

        *status* is ``enabled`` or ``disabled``: a disabled one makes no more runs. A new *timezone* needs its *cron*.

        Raises:
            InvalidArgument: *timezone* without *cron*.
        """
        if timezone is not None and cron is None:
            raise InvalidArgument("timezone", "needs a cron: the service takes both together")
        cadence = None if cron is None else body(cron=cron, timezone=timezone)
        fields = body(status=status, cadence=cadence, behavior=behavior, metadata=metadata)
        return await self._client.fetch(_UPDATE, monitor, into=Monitor, body=fields)

    async def delete(self, monitor: str) -> Monitor:
        """Delete the monitor; return what it was. What its runs have started goes on."""
        return await self._client.fetch(_DELETE, monitor, into=Monitor)


class MonitorRuns:
    """
    The runs of monitors: jobs that their schedule starts.

    Nothing cancels a run (``NotSupported``): disable its monitor, or cancel the search that it started in the webset.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, monitor: str) -> Pages[Job[MonitorRun]]:
        """Return the runs of a monitor."""
        # The service documents no size of a page here, and gives a cursor all the same.
        return self._client.list_jobs(MONITOR_RUN, Survey(_RUNS, rows="data", paging=PAGING), monitor)

    async def get(self, monitor: str, run: str) -> Job[MonitorRun]:
        """
        Look once at a run and return its handle.

        Raises:
            NotFound: There is no such run.
        """
        return await self._client.get(MONITOR_RUN, monitor, run)
