"""
The commands of ``asyncjobs``, one function each; its docstring is what ``--help`` says.

A command imports what it needs when it runs, so that ``asyncjobs --help`` is quick.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Annotated

import typer

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


@app.callback()
def asyncjobs(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """One handle for every long-running remote job: wait for it, cancel it, own it, the same on every service."""


@app.command()
def demo() -> None:
    """
    Watch 64 jobs of four kinds live and end, in about ten seconds.

    Starts a local double of Exa and WaterCrawl on a free port of this machine, creates the jobs there over real HTTP,
    awaits one half and cancels the other, and then shows how they ended and what was asked of the services. Needs no
    key and no network. Exits 1 if a job was left running.
    """
    from rich.console import Console  # noqa: PLC0415

    from asyncjobs._demo import run  # noqa: PLC0415

    raise typer.Exit(asyncio.run(run(Console())))


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

    # `inf` and `nan` are floats to the parser.
    if not 0 < speed < float("inf"):
        raise typer.BadParameter("must be a positive number", param_hint="--speed")
    try:
        serve(host=host, port=port, speed=speed, seed=seed)
    except OSError as error:
        typer.echo(f"asyncjobs: cannot listen on {host}, port {port}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
