"""Exa's resources: every field of the reference documents, and replies that lack some of them."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._convert import KeyStyle, structure
from asyncjobs.errors import ProtocolError
from asyncjobs.exa import (
    _agent_models,
    _agent_request,
    _import_models,
    _item_models,
    _monitor_models,
    _parts,
    _properties,
    _webset_models,
)
from asyncjobs.exa._agent_events import AgentEvent
from asyncjobs.exa._agent_models import AgentRun, AgentRunStatus, AgentStopReason, DeletedAgentRun
from asyncjobs.exa._agent_request import AgentEffort
from asyncjobs.exa._import_models import Import, ImportStatus
from asyncjobs.exa._item_models import EnrichmentResultStatus, Satisfied, WebsetItem
from asyncjobs.exa._monitor_models import Monitor, MonitorRunStatus
from asyncjobs.exa._parts import Entity, EntityType, SourceType, WebsetSearchBehavior
from asyncjobs.exa._properties import (
    ArticleFields,
    ArticleProperties,
    CompanyProperties,
    CustomProperties,
    PersonProperties,
    ResearchPaperProperties,
    UnknownProperties,
)
from asyncjobs.exa._webset_models import (
    Webset,
    WebsetEnrichment,
    WebsetEnrichmentStatus,
    WebsetSearch,
    WebsetSearchCanceledReason,
    WebsetSearchProgress,
    WebsetSearchStatus,
    WebsetStatus,
)

START, START_TEXT = datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000Z"
END, END_TEXT = datetime(2026, 3, 1, 12, 5, tzinfo=UTC), "2026-03-01T12:05:00Z"
TIMES = {"createdAt": START_TEXT, "updatedAt": END_TEXT}

SEARCH: dict[str, Any] = TIMES | {
    "id": "s_1",
    "object": "webset_search",
    "status": "canceled",
    "websetId": "ws_1",
    "query": "wooden bicycles",
    "entity": {"type": "custom", "description": "makers of bicycles"},
    "criteria": [{"description": "frames are of wood", "successRate": 37.5}, {"description": "sells online"}],
    "count": 12.0,
    "maxPeoplePerCompany": 2,
    "behavior": "append",
    "exclude": [{"source": "import", "id": "imp_1"}],
    "scope": [{"source": "webset", "id": "ws_0", "relationship": {"definition": "rivals of", "limit": 5.5}}],
    "progress": {"found": 4, "analyzed": 20, "completion": 33.3, "timeLeft": 61},
    "recall": {
        "expected": {"total": 30, "confidence": "low", "bounds": {"min": 10, "max": 44}},
        "reasoning": "few makers",
    },
    "metadata": {"team": "blue"},
    "canceledAt": END_TEXT,
    "canceledReason": "out_of_credits",
}
ENRICHMENT: dict[str, Any] = TIMES | {
    "id": "e_1",
    "object": "webset_enrichment",
    "status": "pending",
    "websetId": "ws_1",
    "title": "Wood",
    "description": "Which wood?",
    "format": "options",
    "options": [{"label": "ash"}, {"label": "oak"}],
    "instructions": "Look at the frame.",
    "metadata": {},
}
COMPANY = {
    "name": "Ash & Co",
    "location": "Graz",
    "employees": 7,
    "industry": "bicycles",
    "about": "small",
    "logoUrl": "l",
}
REFERENCE = {"title": "Shop", "snippet": "of ash", "url": "https://bikes.example/shop"}
ITEM: dict[str, Any] = TIMES | {
    "id": "i_1",
    "object": "webset_item",
    "source": "search",
    "sourceId": "s_1",
    "websetId": "ws_1",
    "properties": {
        "type": "company",
        "url": "https://bikes.example",
        "description": "builds frames",
        "content": "We build",
        "company": COMPANY,
    },
    "evaluations": [
        {"criterion": "frames are of wood", "reasoning": "said so", "satisfied": "yes", "references": [REFERENCE]}
    ],
    "enrichments": [
        {
            "object": "enrichment_result",
            "status": "completed",
            "format": "number",
            "result": ["7"],
            "reasoning": "counted",
            "references": [REFERENCE],
            "enrichmentId": "e_1",
        }
    ],
}
IMPORT: dict[str, Any] = TIMES | {
    "id": "imp_1",
    "object": "import",
    "status": "failed",
    "format": "csv",
    "entity": {"type": "company"},
    "title": "Known makers",
    "count": 3,
    "metadata": {},
    "failedReason": "invalid_format",
    "failedAt": END_TEXT,
    "failedMessage": "no header",
    "uploadUrl": "https://storage.example/put?signature=x",
    "uploadValidUntil": END_TEXT,
}
MONITOR: dict[str, Any] = TIMES | {
    "id": "m_1",
    "object": "monitor",
    "status": "enabled",
    "websetId": "ws_1",
    "cadence": {"cron": "0 5 * * *", "timezone": "Europe/Vienna"},
    "behavior": {
        "type": "search",
        "config": {
            "query": "wooden bicycles",
            "criteria": [{"description": "new"}],
            "entity": {"type": "company"},
            "count": 2,
            "behavior": "append",
        },
    },
    "lastRun": TIMES
    | {
        "id": "r_1",
        "object": "monitor_run",
        "status": "failed",
        "monitorId": "m_1",
        "type": "search",
        "completedAt": None,
        "failedAt": END_TEXT,
        "failedReason": "no credits",
        "canceledAt": None,
    },
    "nextRunAt": END_TEXT,
    "metadata": {},
}
WEBSET: dict[str, Any] = TIMES | {
    "id": "ws_1",
    "object": "webset",
    "status": "running",
    "dashboardUrl": "https://websets.example/ws_1",
    "externalId": "mine",
    "title": "Bicycles",
    "searches": [SEARCH],
    "imports": [IMPORT],
    "enrichments": [ENRICHMENT],
    "monitors": [MONITOR],
    "excludes": [{"source": "import", "id": "imp_1"}],
    "metadata": {"team": "blue"},
    "items": [ITEM],
}
RUN: dict[str, Any] = {
    "id": "agent_run_1",
    "object": "agent_run",
    "status": "completed",
    "stopReason": "budget_reached",
    "createdAt": START_TEXT,
    "completedAt": END_TEXT,
    "request": {
        "query": "Who builds wooden bicycles?",
        "systemPrompt": "Be brief.",
        "effort": "auto",
        "input": {"data": [{"name": "Ash & Co"}], "exclusion": [{"name": "Oak Ltd"}]},
        "outputSchema": {"type": "object"},
        "previousRunId": "agent_run_0",
        "metadata": {"row": "9"},
        "dataSources": [{"provider": "similarweb"}],
        "budget": {"maxCostDollars": 2.5, "maxDurationSeconds": 600},
        "userIdentifier": "u-1",
    },
    "output": {
        "text": "One.",
        "structured": {"makers": ["Ash & Co"]},
        "grounding": [
            {
                "field": "structured.makers[0]",
                "citations": [{"url": "https://bikes.example", "title": "Ash"}, {"url": "https://b.example"}],
                "score": 0.5,
                "confidence": "high",
            }
        ],
    },
    "usage": {
        "agentComputeUnits": 1.5,
        "searches": 3.5,
        "emails": 1,
        "phoneNumbers": 0,
        "dataSources": {"similarweb": 2},
    },
    "costDollars": {
        "total": 2.5,
        "agentCompute": 2,
        "search": 0.25,
        "emails": 0.05,
        "phoneNumbers": 0,
        "dataSources": {"similarweb": 0.2},
    },
    "error": {
        "type": "INVALID_REQUEST",
        "code": "INVALID_OUTPUT_SCHEMA",
        "message": "bad",
        "path": "a.b",
        "keyword": "type",
        "expected": "string",
        "actual": 4,
    },
}
SAMPLES: list[tuple[type, dict[str, Any]]] = [
    (WebsetSearch, SEARCH),
    (WebsetEnrichment, ENRICHMENT),
    (WebsetItem, ITEM),
    (Import, IMPORT),
    (Monitor, MONITOR),
    (Webset, WEBSET),
    (AgentRun, RUN),
]
MODULES = [
    _agent_models,
    _agent_request,
    _import_models,
    _item_models,
    _monitor_models,
    _parts,
    _properties,
    _webset_models,
]


def read(payload: object, cls: type) -> Any:
    return structure(payload, cls, KeyStyle.CAMEL)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _unread(payload: Any, resource: Any, path: str = "$") -> list[str]:
    """Paths of the keys that have no attribute, and of attributes that did not get their value."""
    if isinstance(resource, tuple):
        return [
            hit for i, (p, r) in enumerate(zip(payload, resource, strict=True)) for hit in _unread(p, r, f"{path}[{i}]")
        ]
    if not attrs.has(type(resource)):
        return [] if payload is None or resource is not None else [path]
    attributes = {_camel(name): name for name in attrs.fields_dict(type(resource))}
    return [f"{path}.{key}" for key in payload.keys() - attributes.keys()] + [
        hit
        for key in payload.keys() & attributes.keys()
        for hit in _unread(payload[key], getattr(resource, attributes[key]), f"{path}.{key}")
    ]


@pytest.mark.parametrize(("cls", "payload"), SAMPLES)
def test_every_field_of_the_reference_arrives(cls, payload):
    """No key of a full reply is dropped on the way, at any depth."""
    assert _unread(payload, read(payload, cls)) == []


@pytest.mark.parametrize(("cls", "payload"), SAMPLES)
def test_unknown_keys_change_nothing(cls, payload):
    """A newer service may say more."""
    assert read(payload, cls) == read(payload | {"brandNew": {"deep": [1]}}, cls)


@pytest.mark.parametrize("cls", [cls for cls, _ in SAMPLES if cls is not WebsetItem])
def test_an_id_and_a_status_are_enough(cls):
    """An older service may say less; an unknown word is kept."""
    resource = read({"id": "x", "status": "novel"}, cls)
    assert (resource.id, resource.status, type(resource.status)) == ("x", "novel", str)


@pytest.mark.parametrize(("cls", "payload"), SAMPLES)
def test_resources_travel(cls, payload):
    """A resource survives pickling and copying, and cannot be changed."""
    resource = read(payload, cls)
    assert resource == pickle.loads(pickle.dumps(resource)) == copy.deepcopy(resource)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        resource.id = "other"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_modules_export_their_classes_sorted_and_documented(module):
    """What is public is listed, frozen, slotted and says what it is."""
    assert module.__all__ == sorted(module.__all__)
    for cls in vars(module).values():
        if isinstance(cls, type) and cls.__module__ == module.__name__ and not cls.__name__.startswith("_"):
            assert cls.__name__ in module.__all__
            assert cls.__doc__
            assert not attrs.has(cls) or "__slots__" in vars(cls)


def test_a_search():
    """Words become members, times UTC, counts ints."""
    search = read(SEARCH, WebsetSearch)
    assert search.status is WebsetSearchStatus.CANCELED
    assert search.canceled_reason is WebsetSearchCanceledReason.OUT_OF_CREDITS
    assert (search.count, type(search.count)) == (12, int)
    assert search.entity == Entity(type=EntityType.CUSTOM, description="makers of bicycles")
    assert search.progress == WebsetSearchProgress(found=4, analyzed=20, completion=33.3, time_left=61.0)
    assert search.scope[0].relationship.limit == 5.5
    assert search.exclude[0].source is SourceType.IMPORT
    assert search.criteria[1].success_rate is None
    assert (search.created_at, search.canceled_at) == (START, END)


def test_a_search_of_2025_lacks_its_webset():
    """The oldest documented reply has neither webset nor scope."""
    old = {name: value for name, value in SEARCH.items() if name not in {"websetId", "scope"}}
    search = read(old, WebsetSearch)
    assert (search.webset_id, search.scope) == (None, ())


def test_a_bare_search_has_defaults():
    """Zeros, empty collections and None stand for what was not said."""
    search = read({"id": "s", "status": "created", "progress": None, "criteria": None, "metadata": None}, WebsetSearch)
    assert search == WebsetSearch(id="s", status=WebsetSearchStatus.CREATED)
    assert search.progress.found == 0
    assert search.behavior is WebsetSearchBehavior.OVERRIDE


def test_an_enrichment():
    """Options are plain labels; no format yet is None."""
    assert read(ENRICHMENT, WebsetEnrichment).status is WebsetEnrichmentStatus.PENDING
    assert [option.label for option in read(ENRICHMENT, WebsetEnrichment).options] == ["ash", "oak"]
    undecided = read(ENRICHMENT | {"format": None, "options": None, "title": None}, WebsetEnrichment)
    assert (undecided.format, undecided.options, undecided.title) == (None, (), None)


def test_a_webset_tells_no_items_from_items_not_asked_for():
    """``items`` is None unless the reply carries them."""
    assert read(WEBSET, Webset).status is WebsetStatus.RUNNING
    assert read(WEBSET | {"items": []}, Webset).items == ()
    assert read({"id": "ws", "status": "idle"}, Webset).items is None


def test_an_item():
    """Evaluations and enrichment results keep their words and references."""
    item = read(ITEM, WebsetItem)
    assert isinstance(item.properties, CompanyProperties)
    assert item.properties.company.employees == 7
    assert item.evaluations[0].satisfied is Satisfied.YES
    assert item.enrichments[0].status is EnrichmentResultStatus.COMPLETED
    assert item.enrichments[0].result == ("7",)
    assert read(ITEM | {"enrichments": None}, WebsetItem).enrichments == ()


ARTICLE = {"title": "On ash", "author": "A. Sher", "publishedAt": "2024"}


@pytest.mark.parametrize(
    ("details", "cls", "name", "expected"),
    [
        ({"type": "article", "article": ARTICLE}, ArticleProperties, "article", "2024"),
        ({"type": "research_paper", "researchPaper": ARTICLE}, ResearchPaperProperties, "research_paper", "2024"),
        ({"type": "custom", "custom": ARTICLE}, CustomProperties, "custom", "2024"),
    ],
)
def test_texts_among_the_items(details, cls, name, expected):
    """Three kinds share their facts; the paper's key is camelCase although its type is not."""
    properties = read(
        {"id": "i", "properties": details | {"url": "u", "description": "d", "content": None}}, WebsetItem
    ).properties
    assert type(properties) is cls
    assert getattr(properties, name) == ArticleFields(title="On ash", author="A. Sher", published_at=expected)


def test_a_person_among_the_items():
    """A person has an employer, perhaps."""
    person = {"name": "Jo", "location": None, "position": "owner", "company": {"name": "Ash & Co"}, "pictureUrl": "p"}
    properties = read({"id": "i", "properties": {"type": "person", "person": person}}, WebsetItem).properties
    assert isinstance(properties, PersonProperties)
    assert (properties.person.company.name, properties.person.picture_url) == ("Ash & Co", "p")


def test_an_item_of_an_unknown_kind_is_kept_whole():
    """A kind that the service invents later is readable at once."""
    details = {"type": "podcast", "url": "u", "podcast": {"hosts": 2}}
    properties = read({"id": "i", "properties": details}, WebsetItem).properties
    assert isinstance(properties, UnknownProperties)
    assert (properties.type, properties.url, properties.raw) == ("podcast", "u", details)


def test_a_secret_address_is_not_shown():
    """Whoever has the upload address may write there."""
    assert read(IMPORT, Import).status is ImportStatus.FAILED
    assert "signature" not in repr(read(IMPORT, Import))


def test_a_monitor_that_refreshes():
    """The second kind of behavior has a target and no search."""
    behavior = {"type": "refresh", "config": {"target": "enrichments", "enrichments": {"ids": ["e_1"]}}}
    monitor = read(MONITOR | {"behavior": behavior}, Monitor)
    assert (monitor.behavior.config.target, monitor.behavior.config.enrichments) == ("enrichments", {"ids": ["e_1"]})
    assert monitor.behavior.config.query is None
    assert monitor.last_run.status is MonitorRunStatus.FAILED


def test_an_agent_run():
    """Request, output, usage and costs are typed; structured output is as received."""
    run = read(RUN, AgentRun)
    assert run.status is AgentRunStatus.COMPLETED
    assert run.stop_reason is AgentStopReason.BUDGET_REACHED
    assert run.request.effort is AgentEffort.AUTO
    assert run.request.input.data == ({"name": "Ash & Co"},)
    assert run.output.structured == {"makers": ["Ash & Co"]}
    assert run.output.grounding[0].citations[1].title is None
    assert run.usage.searches == 3.5
    assert run.cost_dollars.total == 2.5
    assert run.error.actual == 4


def test_an_active_agent_run_is_empty():
    """Nothing is there yet, and reading it needs no checks."""
    run = read({"id": "a", "status": "queued", "request": None, "output": None, "usage": None}, AgentRun)
    assert (run.output.text, run.output.grounding, run.usage.searches, run.cost_dollars.total) == (None, (), 0, 0)
    assert (run.request, run.stop_reason, run.error) == (None, None, None)


@pytest.mark.parametrize("structured", [None, True, 3, "x", [1], {"a": {}}])
def test_structured_output_may_be_any_json(structured):
    """The schema is the user's."""
    assert (
        structured
        == read({"id": "a", "status": "completed", "output": {"structured": structured}}, AgentRun).output.structured
    )


def test_an_event_and_a_deletion():
    """The two replies beside the run."""
    event = read({"id": "1", "event": "agent_run.odd", "data": {"a": 1}, "createdAt": START_TEXT}, AgentEvent)
    assert event == AgentEvent(id="1", event="agent_run.odd", data={"a": 1}, created_at=START)
    gone = read({"id": "a", "object": "agent_run.deleted", "deleted": True}, DeletedAgentRun)
    assert (gone.id, gone.deleted) == ("a", True)


def test_problems_deep_in_a_webset_are_located():
    """The path leads through the lists."""
    search = SEARCH | {"progress": {"found": "4"}, "createdAt": "2026-03-01T12:00:00"}
    with pytest.raises(ProtocolError) as caught:
        read(WEBSET | {"searches": [SEARCH, search]}, Webset)
    assert str(caught.value) == (
        "Webset does not fit: $.searches[1].progress.found: expected int, got str; "
        "$.searches[1].createdAt: no UTC offset"
    )


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(START_TEXT),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "id", "url"]), inner),
    max_leaves=5,
)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_reply_is_a_resource_or_a_protocol_error(sample, data):
    """Whatever replaces one value of a full reply, nothing else is raised."""
    cls, payload = sample[0], copy.deepcopy(sample[1])
    node: Any = payload
    while True:
        place = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not (isinstance(node[place], dict | list) and node[place] and data.draw(st.booleans())):
            break
        node = node[place]
    node[place] = data.draw(_values)
    try:
        resource = read(payload, cls)
    except ProtocolError:
        return
    assert isinstance(resource, cls)
