"""Imports: what is sent, where to, and what becomes of it."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from clients import open_exa
from services import URL, answer, serving

from asyncjobs import (
    APIError,
    AuthenticationError,
    Exa,
    InvalidArgument,
    JobFailed,
    JobState,
    NotFound,
    NotSupported,
    ProtocolError,
    Settings,
    TransportError,
)
from asyncjobs.exa import IMPORT, Import
from asyncjobs.exa._csv import encoded, records
from asyncjobs.sandbox import Answer, Drop, Fault, Life, Lose, Redirect, Stall

ROWS = "name,url\nOne,https://one.example\nTwo,https://two.example\n"
COMPANY = {"type": "company"}


def uploads(sandbox):
    return [row for row in sandbox.ledger.requests if row.verb == "upload"]


# -- the rows ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b"name\na\nb\n", 2),
        (b"name\na\nb", 2),
        (b"\xef\xbb\xbfname\r\na\r\n\r\nb\r\n", 2),
        (b'name,text\na,"two\nlines, one ""row"""\nb,c\n', 2),
        (b"name\n", 0),
    ],
)
def test_rows_are_counted_as_csv_counts_them(data, number):
    """Without the headings and blank lines; a line break in quotes ends no row."""
    assert records(data) == number


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (None, "expected CSV as str or bytes, got NoneType"),
        (["a"], "got list"),
        ("", "are empty"),
        (b" \n", "are empty"),
        ("\ud800", "lone surrogates"),
        (b"x" * 50_000_001, "more than 50,000,000 bytes"),
        ("\u00fc" * 25_000_001, "more than 50,000,000 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_rows_that_cannot_be_sent_are_refused_at_once(rows, wrong):
    """By their type or their size, as they would be on the wire."""
    with pytest.raises(InvalidArgument, match=wrong) as caught:
        encoded(rows)
    assert caught.value.field == "rows"


def test_rows_that_are_no_text_are_refused():
    """The service would only find out later."""
    with pytest.raises(InvalidArgument, match="no UTF-8"):
        records(b"name\n\xff\xfe\n")


# -- the whole way ---------------------------------------------------------------


async def test_sent_rows_are_imported():
    """Size and count are worked out, the rows arrive whole, and the job reads them to its end."""
    async with open_exa() as (sandbox, exa):
        job = await exa.websets.imports.send(ROWS, entity=COMPANY, title="CRM", metadata={"a": "b"})
        made = await job

        assert (job.kind, made.status, made.count, made.title, made.metadata) == (
            "exa.import",
            "completed",
            2,
            "CRM",
            {"a": "b"},
        )
        [put] = uploads(sandbox)
        assert put.body == ROWS.encode()


async def test_the_upload_carries_no_key():
    """Not even where the rows go to the same origin as everything else; nor any other header of ours."""
    async with open_exa(headers={"X-Secret": "s"}) as (sandbox, exa):
        await exa.websets.imports.send(ROWS, entity=COMPANY)

        [put] = uploads(sandbox)
        assert not put.key_sent
        assert all(row.key_sent for row in sandbox.ledger.requests if row.verb != "upload")


async def test_an_upload_elsewhere_gets_type_and_length_and_nothing_that_tells_who_asks():
    """No key, no cookie, no header of the session or the settings."""
    seen = []

    async def service(request):
        if request.method == "PUT":
            await request.read()
            seen.append(request)
            return web.Response()
        return answer({"id": "i", "status": "pending", "uploadUrl": "http://elsewhere.test/put?sig=1%2F2"})

    options = {"headers": {"X-Mine": "m"}, "cookies": {"a": "b"}}
    async with serving(service, **options) as session:
        settings = Settings(headers={"X-Secret": "s"})
        async with Exa("key-key-key", base_url=URL, session=session, settings=settings) as exa:
            await exa.websets.imports.send(ROWS, entity=COMPANY)
    [put] = seen
    assert put.raw_path.endswith("/put?sig=1%2F2")
    assert put.headers["Content-Type"] == "text/csv"
    assert {name.lower() for name in put.headers} <= {
        *("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length")
    }


async def test_an_upload_follows_no_redirect():
    """Whoever answers with another place does not get the rows there."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(Redirect("http://elsewhere.test/x"), verb="upload"))
        with pytest.raises(APIError) as caught:
            await exa.websets.imports.send(ROWS, entity=COMPANY)

        assert caught.value.status // 100 == 3
        assert str(caught.value.ref).startswith("exa.import:")
        assert len(uploads(sandbox)) == 1


@pytest.mark.parametrize("action", [Answer(503), Drop(), Lose()], ids=repr)
async def test_an_upload_that_failed_is_sent_again(action):
    """Its effect twice is its effect once."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(action, verb="upload", times=2))
        job = await exa.websets.imports.send(ROWS, entity=COMPANY)

        assert (await job).status == "completed"
        assert len(uploads(sandbox)) == 3
        assert len(sandbox.ledger.created("exa.import")) == 1


async def test_an_upload_that_is_refused_says_so_without_its_address():
    """The address is as good as a key: neither it nor the body of the store's reply is shown, only the store's code."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(Answer(403, body=b"<Error><Code>AccessDenied</Code><S>sig-1</S></Error>"), verb="upload"))
        with pytest.raises(APIError) as caught:
            await exa.websets.imports.send(ROWS, entity=COMPANY)

        assert not isinstance(caught.value, AuthenticationError)
        assert (caught.value.status, caught.value.tag, caught.value.url) == (403, "AccessDenied", sandbox.url)
        assert "sig-1" not in str(caught.value)
        assert "Signature" not in str(caught.value)


async def test_an_upload_gives_up_after_the_retry_budget():
    """A store that is away ends in a TransportError that names the import."""
    async with open_exa(retry_budget=10.0) as (sandbox, exa):
        sandbox.fault(Fault(Drop(), verb="upload", times=None))
        with pytest.raises(TransportError) as caught:
            await exa.websets.imports.send(ROWS, entity=COMPANY)

        assert caught.value.ref is not None
        assert "Signature" not in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://x.test/a", "nowhere", "http://u:p@x.test/a", "", "http://[x/"])
async def test_an_address_that_cannot_be_one_is_not_followed(address):
    """It is the service's mistake, and the rows stay here."""

    async def service(request):
        assert request.method != "PUT"
        return answer({"id": "i", "status": "pending", "uploadUrl": address})

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(ProtocolError, match="address for the upload"):
            await exa.websets.imports.send(ROWS, entity=COMPANY)


async def test_rows_do_not_leave_a_secure_service_over_an_open_line():
    """An address without TLS from a service with it is refused."""

    async def service(request):
        return answer({"id": "i", "status": "pending"})

    async with serving(service) as session, Exa("key", base_url="https://service.test", session=session) as exa:
        made = Import(id="i", status="pending", upload_url="http://elsewhere.test/x")
        with pytest.raises(ProtocolError, match="not secure"):
            await exa.websets.imports.upload(made, ROWS)


async def test_an_import_whose_address_was_lost_says_so():
    """The create is found again and not sent twice, but its address was only in the reply that was lost."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(Lose(), verb="create", kind="exa.import"))
        with pytest.raises(ProtocolError, match="address for its rows was lost") as caught:
            await exa.websets.imports.send(ROWS, entity=COMPANY)

        assert len(sandbox.ledger.created("exa.import")) == 1
        assert str(caught.value.ref) == sandbox.ledger.created("exa.import")[0].ref


async def test_an_import_whose_sender_is_cancelled_while_it_uploads_is_adopted():
    """It was created, and nobody else could ever say which it is."""
    async with open_exa() as (sandbox, exa):
        sandbox.fault(Fault(Stall(), verb="upload"))
        sending = asyncio.create_task(exa.websets.imports.send(ROWS, entity=COMPANY))
        await asyncio.sleep(1.0)
        sending.cancel()
        await asyncio.wait((sending,))
        assert sending.cancelled()
        assert [str(job.ref) for job in exa.adopted] == [row.ref for row in sandbox.ledger.created()]


@pytest.mark.parametrize("reply", [{"id": "i"}, {"id": "i", "status": "pending", "count": "two"}], ids=str)
async def test_an_import_whose_creation_makes_no_sense_is_named(reply):
    """It exists, so the error says which it is."""

    async def service(_):
        return answer(reply)

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(ProtocolError) as caught:
            await exa.websets.imports.send(ROWS, entity=COMPANY)
    assert str(caught.value.ref) == "exa.import:i"


async def test_rows_without_any_row_create_nothing():
    """A line of headings alone is no import."""
    async with open_exa() as (sandbox, exa):
        with pytest.raises(InvalidArgument, match="nothing else"):
            await exa.websets.imports.send("name,url\n", entity=COMPANY)
        assert sandbox.ledger.requests == []


async def test_many_rows_are_counted_aside():
    """Megabytes of them, while others go on; and all of them arrive."""
    rows = "name,url\n" + "One,https://one.example\n" * 20_000
    async with open_exa() as (sandbox, exa):
        job = await exa.websets.imports.send(rows, entity=COMPANY)
        assert job.snapshot.resource.count == 20_000
        assert uploads(sandbox)[0].body == rows.encode()


# -- step by step ------------------------------------------------------------------


@pytest.mark.parametrize("form", [lambda job: job, lambda job: job.snapshot.resource], ids=["job", "resource"])
async def test_an_import_waits_for_its_rows(form):
    """Created, it is pending for ever; uploaded, it ends."""
    async with open_exa() as (_, exa):
        job = await exa.websets.imports.create(size=len(ROWS), count=2, entity=COMPANY, identifier=1)
        assert job.state is JobState.PENDING
        await asyncio.sleep(60)
        given = form(job)
        await exa.websets.imports.upload(given, ROWS)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_only_an_import_as_it_was_created_can_take_rows():
    """Later looks have no address, and other things never had one."""
    async with open_exa() as (_, exa):
        job = await exa.websets.imports.create(size=len(ROWS), count=2, entity=COMPANY)
        await asyncio.sleep(1)
        await job.refresh()
        for wrong in (job, job.snapshot.resource, exa.job("exa.import:i"), "i", None):
            with pytest.raises(InvalidArgument, match="as its creation gave it"):
                await exa.websets.imports.upload(wrong, ROWS)


async def test_rows_of_another_number_are_refused():
    """Before they are sent; whether the headings count is the user's own business."""
    async with open_exa() as (sandbox, exa):
        job = await exa.websets.imports.create(size=len(ROWS), count=7, entity=COMPANY)
        with pytest.raises(InvalidArgument, match="of 7 rows, and these are 2"):
            await exa.websets.imports.upload(job, ROWS)
        with_headings = await exa.websets.imports.create(size=len(ROWS), count=3, entity=COMPANY)
        await exa.websets.imports.upload(with_headings, ROWS)
        assert len(uploads(sandbox)) == 1


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": 50_000_001}, "size"),
        ({"size": 10.0}, "size"),
        ({"size": True}, "size"),
        ({"count": 0}, "count"),
        ({"count": "2"}, "count"),
        ({"identifier": -1}, "identifier"),
        ({"identifier": "url"}, "identifier"),
    ],
    ids=str,
)
async def test_sizes_and_counts_that_cannot_be_are_refused_at_once(options, field):
    """Nothing is sent."""
    async with open_exa() as (sandbox, exa):
        with pytest.raises(InvalidArgument) as caught:
            exa.websets.imports.create(**{"size": 10, "count": 2, "entity": COMPANY} | options)
        assert caught.value.field == field
        assert sandbox.ledger.requests == []


async def test_a_failed_import_gives_its_reason():
    """In the service's words, and in the snapshot's ``reason``."""
    async with open_exa() as (_, exa):
        job = await exa.websets.imports.send("name\none\n", entity=COMPANY, identifier=4)
        with pytest.raises(JobFailed) as caught:
            await job
        assert caught.value.snapshot.reason == "missing_identifier"
        assert caught.value.snapshot.resource.failed_message is not None


async def test_an_import_cannot_be_cancelled_and_so_not_owned():
    """There is no such verb: nothing is sent, and a block refuses on entry."""
    async with open_exa() as (sandbox, exa):
        job = await exa.websets.imports.create(size=10, count=2, entity=COMPANY)
        asked = len(sandbox.ledger.requests)
        with pytest.raises(NotSupported):
            await job.cancel()
        with pytest.raises(NotSupported):
            async with exa.websets.imports.create(size=10, count=2, entity=COMPANY):
                pass
        assert len(sandbox.ledger.requests) == asked


async def test_imports_are_listed_read_changed_and_deleted():
    """Jobs where they are jobs, resources where they are changed."""
    async with open_exa() as (_, exa):
        imports = exa.websets.imports
        jobs = [await imports.send(ROWS, entity=COMPANY, title=f"{number}") for number in range(3)]
        assert {job async for job in imports.list(page_size=2)} == set(jobs)
        assert await imports.get(jobs[0].id) == jobs[0]
        changed = await imports.update(jobs[0].id, title="new", metadata={"c": "d"})
        assert (changed.title, changed.metadata) == ("new", {"c": "d"})
        assert (await imports.delete(jobs[0].id)).id == jobs[0].id
        with pytest.raises(NotFound):
            await imports.get(jobs[0].id + "x")
        assert [job async for job in imports.list()] == [jobs[2], jobs[1]]


async def test_many_imports_are_looked_at_with_one_list():
    """Up to 200 in one request."""
    async with open_exa() as (sandbox, exa):
        sandbox.script("exa.import", Life.ordinary("exa.import", works=20.0), times=None)
        jobs = [await exa.websets.imports.send(ROWS, entity=COMPANY) for _ in range(40)]
        await asyncio.gather(*jobs)
        assert sandbox.ledger.count("look", "exa.import") < 40
        assert sandbox.ledger.count("list", "exa.import") > 0


def test_an_import_resource_leads_to_its_job_and_hides_its_address():
    """``exa.job(resource)`` as for every kind; the address is in no repr."""
    exa = Exa("key", base_url=URL)
    made = Import(id="i", status="pending", upload_url="http://elsewhere.test/x?sig=1")
    assert str(exa.job(made).ref) == "exa.import:i"
    assert exa.job(made).kind == IMPORT.name
    assert "elsewhere" not in repr(made)
