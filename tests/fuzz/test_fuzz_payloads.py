"""Damaged payloads, read by themselves: no loop, no client."""

from __future__ import annotations

import json

import attrs
import pytest
from fuzz_corpus import KINDS, corpus, ref_of
from fuzz_edits import SECRET, WORDS, bitten, byte_edits, copied, damaged, edits, share, written
from fuzz_rules import check_error, check_path, check_snapshot, reply_of
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import json_values

from asyncjobs import AsyncJobsError, JobState, ProtocolError, Settings, exa, watercrawl
from asyncjobs._convert import KeyStyle, structure
from asyncjobs._record import Record
from asyncjobs._wire import decode, identify, read_answer, read_row, read_snapshot

#: What is made of which payload of the corpus.
RESOURCES = {
    "webset": exa.Webset,
    "exa.search": exa.WebsetSearch,
    "exa.enrichment": exa.WebsetEnrichment,
    "exa.agent_run": exa.AgentRun,
    "item": exa.WebsetItem,
    "event": exa.AgentEvent,
    "deleted run": exa.DeletedAgentRun,
    "watercrawl.search": watercrawl.SearchRequest,
    "watercrawl.crawl": watercrawl.CrawlRequest,
    "watercrawl.sitemap": watercrawl.SitemapRequest,
    "result": watercrawl.CrawlResult,
}


#: Which of the genuine payloads of a kind the damage begins from.
PICKS = st.integers(0, 99)


def chosen(name, pick):
    return corpus()[name][pick % len(corpus()[name])]


def style_of(name):
    return KeyStyle.SNAKE if name.startswith("watercrawl") or name == "result" else KeyStyle.CAMEL


# -- structuring -------------------------------------------------------------


@pytest.mark.parametrize("name", RESOURCES)
@share(2)
@given(PICKS, edits)
def test_a_damaged_payload_is_structured_or_refused(name, pick, changes):
    """An instance, or a ``ProtocolError`` that shows no value; the payload itself is not touched."""
    payload = damaged(chosen(name, pick), changes)
    before = copied(payload)
    try:
        made = structure(payload, RESOURCES[name], style_of(name))
    except ProtocolError as error:
        check_error(error)
        told = str(error)
    else:
        told = ""
        assert type(made) is RESOURCES[name]
        assert isinstance(hash(type(made)), int)
        assert attrs.evolve(made) == made
    assert SECRET not in told
    assert written(payload) == written(before)


@share(2)
@given(PICKS, edits)
def test_the_jobs_of_a_damaged_webset_are_all_its_jobs(pick, changes):
    """A handle for each search and each enrichment that it shows, or a typed error that names the argument."""
    payload = damaged(chosen("webset", pick), changes)
    try:
        webset = structure(payload, exa.Webset, KeyStyle.CAMEL)
        jobs = exa.Exa("any-key").jobs(webset)
    except AsyncJobsError as error:
        check_error(error)
    else:
        assert [job.id for job in jobs] == [
            each["id"] for key in ("searches", "enrichments") for each in payload.get(key) or ()
        ]


@pytest.mark.parametrize("name", RESOURCES)
@share(0.25)
@given(json_values)
def test_any_json_is_structured_or_refused(name, value):
    """JSON of any shape in the place of a resource."""
    try:
        assert type(structure(value, RESOURCES[name], style_of(name))) is RESOURCES[name]
    except ProtocolError as error:
        check_error(error)


@pytest.mark.parametrize("name", RESOURCES)
def test_genuine_payloads_are_structured(name):
    """What the damage begins from is whole."""
    for payload in corpus()[name]:
        assert type(structure(payload, RESOURCES[name], style_of(name))) is RESOURCES[name]


# -- looks -------------------------------------------------------------------


def readable(body):
    """Return the JSON object that a body is, ``None`` if it is none."""
    try:
        return decode(reply_of(body))
    except ProtocolError as error:
        check_error(error)
        return None


def names_another(kind, ref, payload):
    """Whether a payload is about another job, which a connection out of step can bring."""
    *_, own = kind.identity.values()
    return isinstance(payload.get(own), str) and payload[own].casefold() != ref.id.casefold()


def check_look(kind, body):
    """Read one body as all that it may be: a look, a row, an answer, a create."""
    ref, payload, reply = ref_of(kind.name), readable(body), reply_of(body)
    for read in (read_snapshot, read_answer):
        try:
            snapshot = read(kind, ref, reply, "poll")
        except ProtocolError as error:
            assert read is read_snapshot
            check_error(error)
            assert payload is None or not isinstance(payload.get("status"), str) or names_another(kind, ref, payload)
        else:
            if snapshot is None:
                continue
            assert snapshot.status == payload["status"]
            assert snapshot.state is kind.words.get(snapshot.status, JobState.UNKNOWN)
            check_snapshot(snapshot, payload)
    if payload is None:
        return
    try:
        named = identify(kind, payload, ref.parts[:-1])
    except ProtocolError as error:
        check_error(error)
    else:
        assert named.id == payload[list(kind.identity.values())[-1]]
    try:
        check_snapshot(read_row(kind, ref, payload, reply, "survey"), payload)
    except ProtocolError as error:
        check_error(error)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(2)
@given(PICKS, edits)
def test_a_damaged_look_is_a_snapshot_or_a_typed_error(kind, pick, changes):
    """The state by the kind's words, the word and the payload as they came."""
    check_look(kind, written(damaged(chosen(kind.name, pick), changes)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(1.5)
@given(PICKS, byte_edits)
def test_bitten_bytes_are_a_snapshot_or_a_typed_error(kind, pick, changes):
    """The same for bytes that were flipped, cut, doubled and stuffed."""
    check_look(kind, bitten(written(chosen(kind.name, pick)), changes))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(0.5)
@given(st.binary(max_size=80) | json_values.map(json.dumps).map(str.encode))
@example(b"\xff\xfe{\x00}\x00")
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_a_snapshot_or_a_typed_error(kind, body):
    """Nothing at all, noise, other encodings, JSON of another shape."""
    check_look(kind, body)


# -- the record --------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(0.5)
@given(PICKS, st.lists(st.tuples(edits, st.sampled_from([*WORDS[:15], None]), st.booleans()), max_size=6))
def test_any_sequence_of_damaged_looks_keeps_the_table(kind, pick, looks):
    """Whatever is seen in whatever order, the end stays, and what is held is what was seen."""
    record, now, path, seen = Record(kind, ref_of(kind.name), Settings()), 0.0, [], []
    for number, (changes, word, late) in enumerate(looks):
        now += 1.0
        if number == 2:
            record.cancel_sent()
            record.cancel_answered(now)
            record.cancel_accepted(now)
        payload = damaged(chosen(kind.name, pick + number), changes)
        if isinstance(payload, dict) and word is not None:
            payload["status"] = word
        began = now - 2.5 if late else now
        try:
            snapshot = read_snapshot(kind, record.ref, reply_of(written(payload)), "poll")
        except AsyncJobsError as error:
            record.fail(error, now=now, queued=0.0, observed_at=snapshot_time())
        else:
            seen.append(snapshot.raw)
            record.see(snapshot, began=began, now=now)
        path.append(record.state)
        assert record.next_look(now, 0.5) >= now
        assert record.snapshot is None or record.snapshot.raw in seen
        assert record.final == record.state.final
    check_path(path)


def snapshot_time():
    return reply_of(b"").received_at
