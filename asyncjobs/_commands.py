"""
The commands of ``asyncjobs``, one function each; its docstring is what ``--help`` says.

A command imports what it needs when it runs, so that ``asyncjobs --help`` is quick.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from asyncjobs._cli_help import ENVIRONMENT, FOOT

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from asyncjobs._cli_screen import Screen
    from asyncjobs._job import Job

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    # A traceback is for whoever reports it; locals in it could show an API key.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the signature that typer calls
    if wanted:
        typer.echo(f"asyncjobs {version('asyncjobs')}")
        raise typer.Exit


_Refs = Annotated[
    list[str],
    typer.Argument(
        metavar="REF",
        show_default=False,
        help="The jobs, as str(job.ref) gives them, such as exa.agent_run:run_1; of any services, mixed.",
    ),
]
_Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON object per job to standard output, and nothing else there.")
]


@app.callback(epilog=ENVIRONMENT)
def asyncjobs(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """
    Look at, wait for and cancel long-running jobs at Exa and WaterCrawl, all with the same few commands.

    A job is named by its REF, which a program has from `str(job.ref)`:

    - `exa.search:WEBSET/SEARCH`
    - `exa.enrichment:WEBSET/ENRICHMENT`
    - `exa.webset:WEBSET`
    - `exa.import:IMPORT`
    - `exa.monitor_run:MONITOR/RUN`
    - `exa.agent_run:RUN`
    - `watercrawl.search:UUID`
    - `watercrawl.crawl:UUID`
    - `watercrawl.sitemap:UUID`
    """


def _carry_out(
    refs: list[str], verb: Callable[[Sequence[Job[Any]], Screen], Coroutine[Any, Any, int]], *, as_json: bool
) -> NoReturn:
    from asyncjobs._cli_run import run  # noqa: PLC0415
    from asyncjobs._cli_screen import Screen  # noqa: PLC0415
    from asyncjobs._cli_services import opened, read_refs  # noqa: PLC0415

    screen = Screen(as_json=as_json)

    async def command() -> int:
        async with opened(read_refs(refs)) as jobs:
            return await verb(jobs, screen)

    raise typer.Exit(run(command(), screen))


@app.command(epilog=FOOT)
def show(refs: _Refs, *, as_json: _Json = False) -> None:
    """
    Look once at each job.

    Shows its state, the service's own word for that, its progress, and why it ended. For example:

    - `asyncjobs show exa.search:ws_1/s_1 watercrawl.search:7d1c…`
    - `asyncjobs show --json exa.agent_run:run_1 | jq -r .state`

    Exit code: 0 if all could be looked at, however they are; 1 if not.
    """
    from asyncjobs import _cli_verbs  # noqa: PLC0415

    _carry_out(refs, _cli_verbs.show, as_json=as_json)


@app.command(epilog=FOOT)
def wait(
    refs: _Refs,
    *,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", show_default="none", help="Give up after so long; 0 looks once. The jobs go on."
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """
    Wait until all jobs have ended.

    Shows how they get on: a live table, or in a pipe one line for each change. For example:

    - `asyncjobs wait exa.search:ws_1/s_1 && echo completed`
    - `asyncjobs wait --timeout 600 --json exa.agent_run:run_1 exa.agent_run:run_2 2>/dev/null`

    With --json, each job's line comes when it has ended. Giving up and Ctrl-C leave the jobs running, and say which
    command cancels them. A service that cannot be reached at the start is given up after ten to twenty seconds; one
    that falls silent later, after five minutes.

    Exit code: 0 if all completed; 1 if one failed, was cancelled, is gone, or was not seen to end.
    """
    from asyncjobs import _cli_verbs  # noqa: PLC0415

    bound = _seconds(timeout)
    _carry_out(refs, partial(_cli_verbs.wait, timeout=bound), as_json=as_json)


@app.command(epilog=FOOT)
def cancel(
    refs: _Refs,
    *,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm/--no-confirm",
            help="Wait until each job was seen to have ended, or only until its service has taken the request.",
        ),
    ] = True,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="For all jobs together; inf has no bound.")] = 60.0,
    concurrency: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many requests wait for their answer at the same time.")
    ] = 32,
    as_json: _Json = False,
) -> None:
    """
    Cancel jobs, see that they have ended, and report on each.

    For example:

    - `asyncjobs cancel exa.search:ws_1/s_1 watercrawl.search:7d1c…`
    - `xargs asyncjobs cancel < refs.txt`

    A job that ended first is no error ("already done"), and cancelling twice does no harm. It never asks back.

    Exit code: 0 if all have ended (with --no-confirm: ended, or the request was taken); 1 if one may still be running.
    """
    from asyncjobs import _cli_verbs  # noqa: PLC0415

    verb = partial(_cli_verbs.cancel, confirm=confirm, timeout=_seconds(timeout), concurrency=concurrency)
    _carry_out(refs, verb, as_json=as_json)


def _seconds(timeout: float | None) -> float | None:
    from asyncjobs._settings import check_timeout  # noqa: PLC0415
    from asyncjobs.errors import InvalidArgument  # noqa: PLC0415

    try:
        return check_timeout(timeout)
    except InvalidArgument:
        raise typer.BadParameter("expected seconds, not negative", param_hint="--timeout") from None


@app.command()
def demo() -> None:
    """
    Watch 64 jobs of four kinds live and end, in about ten seconds.

    Starts a local double of Exa and WaterCrawl on a free port of this machine, creates the jobs there over real HTTP,
    awaits one half and cancels the other, and then shows how they ended and what was asked of the services. Needs no
    key and no network. Exits 1 if a job was left running.
    """
    from asyncjobs._cli_screen import open_console  # noqa: PLC0415
    from asyncjobs._demo import run  # noqa: PLC0415

    raise typer.Exit(asyncio.run(run(open_console())))


@app.command()
def sandbox(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Everybody who reaches it can use it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8765,
    speed: Annotated[float, typer.Option(help="How fast jobs live: 2 is twice as fast.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Fixes the ids of the jobs and how long they live.")] = 0,
) -> None:
    """
    Serve a local double of Exa and WaterCrawl, until Ctrl-C.

    Jobs that are created there get on and end as they do at the real services, but cost nothing. Any API key will do.
    Point a program to it with EXA_BASE_URL and WATERCRAWL_BASE_URL, both set to the address that this command prints.
    """
    from asyncjobs.sandbox import serve  # noqa: PLC0415

    if not host:
        raise typer.BadParameter("must be an address", param_hint="--host")
    # `inf` and `nan` are floats to the parser.
    if not 0 < speed < float("inf"):
        raise typer.BadParameter("must be a positive number", param_hint="--speed")
    try:
        serve(host=host, port=port, speed=speed, seed=seed)
    except OSError as error:
        typer.echo(f"asyncjobs: cannot listen on {host}, port {port}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
