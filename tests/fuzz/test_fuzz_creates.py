"""Creates, answered with anything: never forgotten, never sent twice by themselves."""

from __future__ import annotations

import pytest
from fuzz_answers import ANSWERS, RAW, check_given, http, reply_bytes, said
from fuzz_corpus import KINDS, corpus
from fuzz_edits import bitten, byte_edits, damaged, edits, share, written
from fuzz_rules import check_error, check_snapshot
from fuzz_world import CREATES, PATIENCE, Mouth, RawService, gathered, speaking
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import AsyncJobsError, CreateUncertain, Job
from asyncjobs._wire import decode
from asyncjobs.errors import APIError
from asyncjobs.sandbox import Fault, Replace, Sandbox, Truncate


def unstarted(reply):
    """Whether a reply to a create says that nothing was begun."""
    if reply.status in {429, -1}:
        return True
    return (reply.status == 503 and b"SERVICE_OVERLOADED" in reply.body) or (
        reply.status == 403 and b"concurrent" in reply.body.lower()
    )


def check_create(mouth, value, error):
    """Sent at most once where it may have had an effect; a yes is a job or an uncertainty, never silence."""
    sent = [reply for request, reply in mouth.heard if not request.repeatable]
    assert sent
    assert all(unstarted(reply) for reply in sent[:-1]), sent
    last = sent[-1]
    if 200 <= last.status < 300 or last.status == 0 or (last.status >= 500 and not unstarted(last)):
        assert value is not None or isinstance(error, CreateUncertain), repr(error)
    elif value is None:
        assert isinstance(error, AsyncJobsError)
    if len(mouth.heard) == len(sent) and isinstance(value, Job):
        made = decode(reply_bytes(last))
        assert value.id == made[list(KINDS[value.kind].identity.values())[-1]]
        if value.snapshot is not None:
            check_snapshot(value.snapshot, made)


@pytest.mark.parametrize("name", CREATES)
@share(0.75)
@given(st.lists(ANSWERS, min_size=1, max_size=4))
async def test_any_replies_to_a_create(name, answers):
    """Never forgotten and never sent twice by itself, whatever bytes the reply has."""
    verb, value, problem = CREATES[name], None, None
    mouth = Mouth([said(verb.like, answer) for answer in answers])
    async with speaking(verb.make, mouth) as client:
        try:
            [value] = await gathered(verb.call(client))
        except AsyncJobsError as error:
            check_error(error)
            problem = error
        if value is not None:
            check_given(value, verb.gives, mouth)
        check_create(mouth, value, problem)


@pytest.mark.parametrize("name", [name for name in CREATES if name in KINDS])
@share(0.25)
@given(st.lists(ANSWERS, min_size=1, max_size=4))
async def test_any_replies_to_an_owned_create(name, answers):
    """A block that owns what it creates: entered with a job or not at all, and left with the job ended or an error."""
    verb, entered = CREATES[name], None
    mouth = Mouth([said(verb.like, answer) for answer in answers])
    async with speaking(verb.make, mouth) as client:
        problem = None
        try:
            async with verb.call(client) as job:
                entered = job
        except AsyncJobsError as error:
            check_error(error)
            problem = error
        assert problem is not None or entered.done
        if entered is None:
            check_create(mouth, None, problem)


@pytest.mark.parametrize("name", CREATES)
@share(0.4)
@given(st.lists(RAW, min_size=1, max_size=3))
async def test_any_bytes_in_answer_to_a_create(name, draws):
    """The request goes out once, unless what came back can be read as a refusal; its outcome is told."""
    verb, value, problem = CREATES[name], None, None
    service = RawService([http(verb.like, draw) for draw in draws])
    async with service.serving(verb.make) as client:
        try:
            [value] = await gathered(verb.call(client))
        except AsyncJobsError as error:
            check_error(error)
            problem = error
    sent = [raw for request, raw in service.heard if request.startswith(b"POST")]
    assert sent
    assert all(any(code in raw for code in (b"429", b"503", b"403")) for raw in sent[:-1]), sent
    assert value is not None or isinstance(problem, (CreateUncertain, APIError)), repr(problem)


# -- in truth ----------------------------------------------------------------

PARENTED = {"exa.search", "exa.enrichment"}
DAMAGES = st.one_of(
    st.tuples(st.integers(0, 99), edits, byte_edits).map(lambda drawn: ("replace", *drawn)),
    st.integers(0, 400).map(lambda keep: ("cut", keep)),
    st.just(("none",)),
)


def struck(like, damage):
    """Return what is done to a reply."""
    match damage:
        case ("replace", pick, changes, bites):
            payload = corpus()[like][pick % len(corpus()[like])]
            return Replace(bitten(written(damaged(payload, changes)), bites))
        case ("cut", keep):
            return Truncate(keep=keep)
    return None


@pytest.mark.parametrize("name", [name for name in CREATES if name in KINDS])
@share(0.25)
@given(DAMAGES, DAMAGES, st.integers(0, 3))
async def test_a_create_whose_reply_is_damaged_makes_one_job(name, reply, looking, times):
    """The service has exactly one job, and who created it has that job, another that it was told of, or a doubt."""
    verb, value = CREATES[name], None
    async with Sandbox(sockets=False) as sandbox:
        session = sandbox.session()
        async with verb.make("any-key", base_url=sandbox.url, session=session, settings=PATIENCE) as client:
            parent = (await client.websets.create()).id if name in PARENTED else None
            before = {row.ref for row in sandbox.ledger.created()}
            if action := struck(verb.like, reply):
                sandbox.fault(Fault(action, verb="create"))
            if times and (action := struck(verb.like, looking)):
                sandbox.fault(Fault(action, method="GET", times=times))
            try:
                value = await verb.call(client) if parent is None else await creating(client, name, parent)
            except AsyncJobsError as error:
                check_error(error, __class__=CreateUncertain)
            made = {row.ref for row in sandbox.ledger.created()} - before
            assert len(made) == 1
            if reply == ("none",):
                assert {str(value.ref)} == made
            # Whose reply names another job is told of that job; nobody can know better.
            assert value is None or reply[0] == "replace" or str(value.ref) in made


async def creating(client, name, parent):
    """Create a job within a webset that exists."""
    if name == "exa.search":
        return await client.websets.searches.create(parent, query="x", count=1)
    return await client.websets.enrichments.create(parent, description="x")
