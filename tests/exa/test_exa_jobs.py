"""The jobs in a webset, as handles."""

from __future__ import annotations

import asyncio

import pytest
from services import URL, answer, serving

from asyncjobs import Exa, InvalidArgument

# As services of 2025 write it: what is in a webset does not say in which.
OLD = {
    "id": "w1",
    "status": "running",
    "searches": [{"id": "s1", "status": "running"}],
    "enrichments": [{"id": "e1", "status": "pending"}],
}


async def test_jobs_that_do_not_name_their_webset_are_those_of_the_webset_that_shows_them():
    """A reply without ``websetId`` still says which webset it is."""

    async def service(request):
        return answer(OLD)

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        jobs = exa.jobs(await exa.websets.get("w1"))
    assert [str(job.ref) for job in jobs] == ["exa.search:w1/s1", "exa.enrichment:w1/e1"]


async def test_no_job_of_a_webset_whose_creator_has_gone_is_lost():
    """They are kept, also where they do not name their webset."""

    async def service(request):
        await asyncio.sleep(1)
        return answer(OLD)

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await exa.websets.create(search={"query": "x"})
        await asyncio.sleep(2)
        assert [str(job.ref) for job in exa.adopted] == ["exa.search:w1/s1", "exa.enrichment:w1/e1"]


@pytest.mark.parametrize("priority", ["low", "high", None])
async def test_paid_work_has_the_priority_that_was_asked_for(priority):
    """In a header, of a webset and of a search; none is sent unless somebody chose."""
    seen = []

    async def service(request):
        seen.append(request.headers.get("x-exa-websets-priority"))
        return answer(OLD | {"websetId": "w1"})

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        await exa.websets.create(search={"query": "x"}, priority=priority)
        job = await exa.websets.searches.create("w1", query="x", count=1, priority=priority)
        await job.refresh()
    assert seen == [priority, priority, None]


async def test_a_priority_that_the_service_does_not_know_is_refused():
    """Before anything is sent."""
    exa = Exa("key", base_url=URL)
    for create in (
        exa.websets.create,
        lambda **options: exa.websets.searches.create("w", query="x", count=1, **options),
    ):
        with pytest.raises(InvalidArgument) as caught:
            await create(priority="urgent")
        assert caught.value.field == "priority"
