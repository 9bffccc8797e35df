"""Keys come first, each service refusing in its own way."""

from __future__ import annotations

import asyncio

import pytest

EXA = ["/websets/v0/websets", "/websets/v0/websets/nobody", "/agent/runs", "/agent/runs/nobody"]
WATERCRAWL = ["/api/v1/core/search/", "/api/v1/core/search/nobody/", "/api/v1/core/search/nobody/status/"]


@pytest.mark.parametrize("path", EXA)
@pytest.mark.parametrize("headers", [{}, {"x-api-key": " "}, {"x-api-key": "wrong"}, {"Authorization": "Basic x"}])
async def test_exa_refuses_with_the_flat_body(opened, path, headers):
    """Before existence, and with the id of the request."""
    async with opened(api_keys={"right"}) as talk:
        reply = await talk("GET", path, key=None, headers=headers)

        assert (reply.status, reply.body["tag"]) == (401, "INVALID_API_KEY")
        assert reply.body["requestId"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("headers", [{"X-Api-Key": "right"}, {"Authorization": "Bearer right"}])
async def test_exa_takes_the_key_in_either_header(opened, headers):
    """Header names may have any case."""
    async with opened(api_keys={"right"}) as talk:
        assert (await talk("GET", EXA[0], key=None, headers=headers)).status == 200


@pytest.mark.parametrize("path", WATERCRAWL)
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Authentication credentials were not provided."),
        ({"X-API-Key": ""}, "Authentication credentials were not provided."),
        ({"Authorization": "Token right"}, "Authentication credentials were not provided."),
        ({"X-API-Key": "wrong"}, "Invalid API key"),
    ],
)
async def test_watercrawl_refuses_with_the_triple(opened, path, headers, message):
    """Before existence, without a WWW-Authenticate header."""
    async with opened(api_keys={"right"}) as talk:
        reply = await talk("GET", path, key=None, headers=headers)

        assert reply.body == {"code": 401, "errors": None, "message": message}
        assert "WWW-Authenticate" not in reply.headers


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "right"}])
async def test_watercrawl_refuses_a_bearer_token_even_beside_a_good_key(opened, headers):
    """Then the message is an object."""
    async with opened(api_keys={"right"}) as talk:
        reply = await talk("GET", WATERCRAWL[0], key=None, headers=headers | {"Authorization": "Bearer right"})

        assert reply.status == 401
        assert reply.body["message"]["code"] == "token_not_valid"


async def test_any_key_will_do_by_default(opened):
    """But there must be one."""
    async with opened() as talk:
        assert (await talk("GET", EXA[0])).status == 200
        assert (await talk("GET", EXA[0], key=None)).status == 401


async def test_too_many_requests_are_told_when_to_return(opened):
    """Starting a run weighs double, reading runs is free, and a second later all is well."""
    async with opened(rate=3) as talk:
        statuses = [(await talk("POST", "/agent/runs", {"query": "x"})).status for _ in range(2)]
        refused = await talk("POST", "/agent/runs", {"query": "x"})
        reads = [(await talk("GET", "/agent/runs")).status for _ in range(5)]
        await asyncio.sleep(1)

        assert statuses == [200, 429]
        assert (refused.body["tag"], refused.headers["Retry-After"]) == ("RATE_LIMIT_EXCEEDED", "1")
        assert reads == [200] * 5
        assert (await talk("POST", "/agent/runs", {"query": "x"})).status == 200
