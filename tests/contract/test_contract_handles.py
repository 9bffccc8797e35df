"""DESIGN section 3: what a handle is, where it comes from, and what it does not do."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle

import pytest
from contract_world import KINDS, World, later, start

from asyncjobs import Exa, InvalidArgument, Job, JobRef, JobState, WaterCrawl, WrongLoop
from asyncjobs.sandbox import Sandbox
from asyncjobs.testing import VirtualLoop

EXAMPLES = {
    "exa.search": "exa.search:ws_1/s_1",
    "exa.enrichment": "exa.enrichment:ws_1/e_1",
    "exa.agent_run": "exa.agent_run:agent_run_01j",
    "watercrawl.search": "watercrawl.search:0b0c8d7e-0000-4000-8000-000000000000",
    "watercrawl.crawl": "watercrawl.crawl:0b0c8d7e-0000-4000-8000-000000000000",
    "watercrawl.sitemap": "watercrawl.sitemap:0b0c8d7e-0000-4000-8000-000000000000",
}


def closed_client(kind):
    """Return a client that was never opened, outside any event loop."""
    return (Exa if kind.startswith("exa.") else WaterCrawl)("key", base_url="http://sandbox.test")


# -- identity -------------------------------------------------------------------


async def test_making_a_handle_does_no_io(kind):
    """From a ref, its text or a resource."""
    async with World(kind) as world:
        job = await world.create()
        before = world.asked_anything()
        handles = [world.client.job(job.ref), world.client.job(str(job.ref)), world.client.job(job.snapshot.resource)]
        assert all(isinstance(handle, Job) for handle in handles)
        assert world.asked_anything() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_can_be_made_without_an_event_loop(kind):
    """It is only a name until somebody asks it something."""
    job = closed_client(kind).job(EXAMPLES[kind])
    assert str(job.ref) == EXAMPLES[kind]


async def test_handles_of_one_job_are_equal(kind):
    """Equality and hash are identity of the core."""
    async with World(kind) as world:
        job, other = await world.create(), await world.create()
        twins = [world.client.job(job.ref), world.client.job(job.snapshot.resource)]
        assert {job, *twins} == {job}
        assert job != other
        assert len({job, other}) == 2


async def test_handles_of_two_clients_differ(kind):
    """Another client has another core."""
    async with World(kind) as world, world.another_client() as other:
        job = await world.create()
        assert other.job(job.ref) != job


async def test_handles_of_one_job_share_what_is_known(kind):
    """One core: what one handle sees, all know."""
    async with World(kind) as world:
        job = await world.create(works=1)
        twin = world.client.job(job.ref)
        await job.wait()
        assert twin.state is JobState.COMPLETED
        assert twin.snapshot is job.snapshot


async def test_handles_of_one_job_share_one_poll(kind):
    """Waiting through five handles asks no more than waiting through one."""
    async with World(kind) as world:
        alone = await world.create(works=60)
        await alone.wait()
        looks = world.sent("look")
        job = await world.create(works=60)
        await asyncio.gather(*(world.client.job(job.ref).wait() for _ in range(5)))
        assert world.sent("look") - looks <= looks + 3


async def test_a_handle_says_its_name(kind):
    """ref, id and kind need no look."""
    async with World(kind) as world:
        job = await world.unseen()
        assert job.kind == job.ref.kind == kind
        assert job.id == job.ref.parts[-1] == job.ref.id


async def test_pickling_a_handle_is_a_type_error_that_names_the_ref(kind):
    """The error says what to pickle instead."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(TypeError) as caught:
            pickle.dumps(job)
        assert str(job.ref) in str(caught.value)
        assert "job.ref" in str(caught.value)
        with pytest.raises(TypeError):
            copy.copy(job)


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_belongs_to_its_clients_loop(kind):
    """Used on another loop, it says so at once and sends nothing."""

    async def first():
        world = World(kind)
        await world.__aenter__()
        job = await world.create()
        return world, job

    with asyncio.Runner(loop_factory=VirtualLoop) as home, asyncio.Runner(loop_factory=VirtualLoop) as abroad:
        world, job = home.run(first())
        sent = world.asked_anything()
        for verb in (job.wait, job.refresh, job.cancel, job.result):
            with pytest.raises(WrongLoop):
                abroad.run(verb())
        assert world.asked_anything() == sent
        home.run(world.__aexit__(None, None, None))


# -- refs -----------------------------------------------------------------------


async def test_a_ref_travels(kind):
    """As text and pickled, it comes back equal and names the same job."""
    async with World(kind) as world:
        job = await world.create()
        assert JobRef.parse(str(job.ref)) == job.ref
        assert pickle.loads(pickle.dumps(job.ref)) == job.ref
        assert world.client.job(str(job.ref)) == job


@pytest.mark.parametrize("kind", KINDS)
def test_a_ref_is_kind_colon_ids(kind):
    """The text is the kind, a colon, and the ids joined by slashes."""
    ref = JobRef.parse(EXAMPLES[kind])
    assert ref.kind == kind
    assert str(ref) == f"{kind}:{'/'.join(ref.parts)}" == EXAMPLES[kind]


def test_each_id_is_one_encoded_segment():
    """A slash, a space or a percent sign within an id cannot change the path."""
    ref = JobRef("exa.search", ("a/b", "50% é"))
    assert str(ref) == "exa.search:a%2Fb/50%25%20%C3%A9"
    assert JobRef.parse(str(ref)) == ref


@pytest.mark.parametrize("part", [".", ".."])
def test_steps_of_a_path_are_refused_as_ids(part):
    """They would lead elsewhere."""
    with pytest.raises(InvalidArgument):
        JobRef("exa.search", ("ws_1", part))
    with pytest.raises(InvalidArgument):
        JobRef.parse(f"exa.search:ws_1/{part}")


def test_refs_are_ordered():
    """They sort by kind, then by ids."""
    texts = ["watercrawl.search:a", "exa.search:b/a", "exa.search:a/b", "exa.agent_run:z"]
    assert [str(ref) for ref in sorted(map(JobRef.parse, texts))] == [
        "exa.agent_run:z",
        "exa.search:a/b",
        "exa.search:b/a",
        "watercrawl.search:a",
    ]


async def test_a_ref_holds_no_secret(kind):
    """Neither the key nor the address is in it."""
    async with World(kind) as world:
        job = await world.create()
        assert b"sandbox" not in pickle.dumps(job.ref)
        assert b"key" not in pickle.dumps(job.ref)


# -- where handles come from ------------------------------------------------------


async def test_a_handle_of_a_ref_follows_the_job(kind):
    """A ref that was stored is all that is needed to wait for the job elsewhere."""
    async with World(kind) as world:
        job = await world.unseen(works=5)
        assert (await job.wait()).state is JobState.COMPLETED


@pytest.mark.parametrize("kind", KINDS)
def test_a_ref_of_another_service_is_refused(kind):
    """A client makes handles of its own kinds only."""
    stranger = WaterCrawl if kind.startswith("exa.") else Exa
    with pytest.raises(InvalidArgument, match="kind"):
        stranger("key").job(EXAMPLES[kind])


async def test_get_looks_once_and_gives_the_handle(kind):
    """One look, one handle, of the same core."""
    async with World(kind) as world:
        job = await world.create()
        assert await world.client.get(world.kind, *job.ref.parts) == job
        assert world.sent("look") == 1


@pytest.mark.parametrize("kind", ["exa.agent_run", "watercrawl.search"])
async def test_a_list_gives_jobs_with_what_their_rows_show(kind):
    """One request, handles of the same cores, and the snapshots say that a survey showed them."""
    async with World(kind) as world:
        old = await world.create()
        unseen = await world.unseen()
        runs = world.client.agent.runs if kind == "exa.agent_run" else world.client.searches
        assert [job async for job in runs.list()] == [unseen, old]
        assert unseen.snapshot.source == "survey"
        assert unseen.snapshot.status == world.working
        assert (world.sent("list"), world.sent("look")) == (1, 0)


async def test_jobs_of_a_webset_are_made_without_io():
    """exa.jobs gives the searches and enrichments that the webset shows."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        webset = await exa.websets.create(
            search={"query": "cats", "count": 5}, enrichments=[{"description": "age"}, {"description": "name"}]
        )
        sent = sandbox.ledger.count()
        assert [job.kind for job in exa.jobs(webset)] == ["exa.search", "exa.enrichment", "exa.enrichment"]
        assert all(job.ref.parts[0] == webset.id for job in exa.jobs(webset))
        assert sandbox.ledger.count() == sent


async def test_refs_use_the_services_ids_after_a_create():
    """An external id that was passed does not end up in the ref."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        webset = await exa.websets.create(external_id="mine", metadata={})
        search = await exa.websets.searches.create("mine", query="cats", count=5)
        enrichment = await exa.websets.enrichments.create("mine", description="age")
        assert {search.ref.parts[0], enrichment.ref.parts[0]} == {webset.id}


async def test_refs_use_the_services_ids_after_a_get():
    """However the job was asked for, it is one job with one handle."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        webset = await exa.websets.create(external_id="mine", metadata={})
        search = await exa.websets.searches.create(webset.id, query="cats", count=5)
        found = await exa.websets.searches.get("mine", search.id)
        assert found == search
        assert found.snapshot is not None
        assert sandbox.ledger.count("look", "exa.search") == 1


# -- what handles and clients do not do -----------------------------------------------


async def test_dropping_a_handle_does_nothing_remote(kind):
    """The job goes on, and nobody is told."""
    async with World(kind) as world:
        job = await world.create()
        ref, sent = job.ref, world.asked_anything()
        del job
        gc.collect()
        await later(100)
        assert world.asked_anything() == sent
        assert world.word(world.client.job(ref)) == world.working


async def test_nobody_looks_while_nobody_waits(kind):
    """A handle alone polls nothing."""
    async with World(kind) as world:
        job = await world.create(works=5)
        await later(1000)
        assert world.sent("look") == 0
        assert not job.done


async def test_ceasing_to_wait_never_cancels(kind):
    """A wait that was cancelled leaves the job running and sends no more."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait())
        await later(10)
        waiting.cancel()
        await later(0)
        looks = world.sent("look")
        await later(100)
        assert (world.sent("cancel"), world.sent("look")) == (0, looks)
        assert world.word(job) == world.working


async def test_a_client_opens_nothing_before_its_first_request(kind):
    """Clients open lazily."""
    async with World(kind) as world:
        before = world.connections
        async with world.another_client() as client:
            client.job(EXAMPLES[kind])
        assert world.connections == before


async def test_a_client_works_without_being_entered(kind):
    """async with only closes."""
    async with World(kind) as world:
        client = world.another_client()
        job = await world.creation(client=client, works=1)
        assert (await job.wait()).state is JobState.COMPLETED
        await client.aclose()
        await client.aclose()


async def test_closing_a_client_leaves_unowned_jobs_running(kind):
    """What nobody owns is nobody's to cancel."""
    async with World(kind) as world:
        async with world.another_client() as client:
            job = await world.creation(client=client)
            ref = job.ref
        assert world.sent("cancel") == 0
        assert world.word(world.client.job(ref)) == world.working


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_was_not_closed_warns_and_names_its_owned_jobs(kind):
    """The ResourceWarning says what may still be running."""
    refs = []

    async def forget_to_close():
        world = World(kind)
        await world.__aenter__()
        client = world.another_client()
        owned, free = await world.creation(client=client), await world.creation(client=client)
        await owned.__aenter__()
        refs.extend([str(owned.ref), str(free.ref)])
        await world.__aexit__(None, None, None)

    with (
        pytest.warns(ResourceWarning, match="not closed") as caught,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        runner.run(forget_to_close())
        gc.collect()
    said = " ".join(str(warning.message) for warning in caught)
    assert refs[0] in said
    assert refs[1] not in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_was_never_used_does_not_warn(kind):
    """There is nothing to close."""
    closed_client(kind).job(EXAMPLES[kind])
    gc.collect()
