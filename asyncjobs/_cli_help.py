"""What the help of the commands says beside their own descriptions."""

from __future__ import annotations

from typing import Final

#: What ``--help`` ends with: a command's, and that of all of them.
ENVIRONMENT: Final = """
Environment:

- `EXA_API_KEY`, `WATERCRAWL_API_KEY`: the keys; only those of services that are asked are needed
- `EXA_BASE_URL`, `WATERCRAWL_BASE_URL`: other addresses, such as that of `asyncjobs sandbox`
- `NO_COLOR`: no colours

Exit codes of show, wait and cancel:

- 0: all is well; each command says what that is
- 1: not so
- 2: the command line or the environment is at fault, and nothing was sent
- 130, 143: ended by Ctrl-C or SIGTERM, which leave jobs running
"""
FOOT: Final = f"""
Keys of an object of --json; all are always there, and null where not known:

- `ref`, `kind`, `id`: the job
- `state`: created, pending, queued, running, paused, canceling, unknown, completed, failed, canceled or gone
- `status`: the service's own word
- `progress`: an object with `percent`, `found`, `analyzed`, `time_left` (seconds)
- `reason`: the service's word for why the job ended
- `observed_at`: when this was seen, in ISO 8601
- `outcome`: of a cancel: canceled, already_done, gone or requested
- `error`: why there is no better answer: an object with `type`, `message`, `http_status`
{ENVIRONMENT}"""
