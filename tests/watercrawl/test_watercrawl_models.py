"""WaterCrawl's resources: what its server writes at each stage of a search."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import watercrawl
from asyncjobs._convert import KeyStyle, structure
from asyncjobs.errors import ProtocolError
from asyncjobs.watercrawl import _models
from asyncjobs.watercrawl._models import (
    SearchDepth,
    SearchOptions,
    SearchRequest,
    SearchRequestStatus,
    SearchResult,
    SearchTimeRange,
)

ROW = {"url": "https://bikes.example", "title": "Ash", "description": "Frames", "order": 0, "depth": "advanced"}
NEW: dict[str, Any] = {
    "uuid": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "query": "wooden bicycles",
    "search_options": {
        "language": "de",
        "country": None,
        "time_renge": "week",
        "search_type": "web",
        "depth": "advanced",
    },
    "result_limit": 3,
    "duration": None,
    "status": "new",
    "result": None,
    "created_at": "2026-03-01T12:00:00.000001Z",
}
FINISHED = NEW | {"status": "finished", "duration": "00:01:02.500000", "result": "https://store.example/r.json?sig=1"}


def read(payload: object, cls: type = SearchRequest) -> Any:
    return structure(payload, cls, KeyStyle.SNAKE)


def test_a_new_search():
    """Every key of the server's object has its attribute."""
    search = read(NEW)
    assert search.uuid == NEW["uuid"]
    assert search.status is SearchRequestStatus.NEW
    assert search.search_options == SearchOptions(
        language="de", time_range=SearchTimeRange.WEEK, depth=SearchDepth.ADVANCED
    )
    assert (search.query, search.result_limit, search.duration) == ("wooden bicycles", 3, None)
    assert search.created_at == datetime(2026, 3, 1, 12, 0, 0, 1, UTC)
    assert (search.result_url, search.results) == (None, None)


def test_a_finished_search_has_an_address():
    """Without prefetching, the result is a link."""
    search = read(FINISHED)
    assert search.duration == timedelta(minutes=1, seconds=2.5)
    assert (search.result_url, search.results) == (FINISHED["result"], None)


@pytest.mark.parametrize("rows", [[], [ROW], [ROW, ROW | {"depth": "basic", "title": None}]])
def test_a_prefetched_search_has_its_results(rows):
    """No result at all is an empty tuple, which is not the same as none yet."""
    search = read(FINISHED | {"result": rows})
    assert search.result_url is None
    assert search.results == tuple(read(row, SearchResult) for row in rows)


def test_a_result():
    """A row says at which depth it was made."""
    assert read(ROW, SearchResult) == SearchResult(
        url="https://bikes.example", title="Ash", description="Frames", order=0, depth=SearchDepth.ADVANCED
    )
    assert read({"url": "u", "markdown": "# new"}, SearchResult) == SearchResult(url="u")


def test_the_servers_spelling_of_the_time_range_counts():
    """The documented spelling is not the one on the wire."""
    assert read({"time_range": "week"}, SearchOptions).time_range is SearchTimeRange.ANY
    assert read({"time_renge": "decade"}, SearchOptions).time_range == "decade"


def test_an_id_and_a_status_are_enough():
    """What an older server leaves out has a default."""
    search = read({"uuid": "u", "status": "paused", "search_options": None})
    assert search == SearchRequest(uuid="u", status="paused")
    assert search.search_options.depth is SearchDepth.BASIC


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"uuid": 5}, "$.uuid: expected str, got int"),
        ({"result": {}}, "$.result: expected str or list, got object"),
        ({"result": [{"title": "no url"}]}, "$.result[0].url: missing"),
        ({"duration": "2.5s"}, "$.duration: not a duration"),
        ({"search_options": {"time_renge": 7}}, "$.search_options.time_renge: expected str, got int"),
        ({"created_at": "2026-03-01T12:00:00"}, "$.created_at: no UTC offset"),
    ],
)
def test_what_does_not_fit_is_named_as_the_server_spells_it(change, expected):
    """Paths use the keys of the reply, misspelt ones too."""
    with pytest.raises(ProtocolError) as caught:
        read(NEW | change)
    assert str(caught.value) == f"SearchRequest does not fit: {expected}"


def test_resources_travel():
    """A resource survives pickling and cannot be changed."""
    search = read(FINISHED | {"result": [ROW]})
    assert search == pickle.loads(pickle.dumps(search))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        search.uuid = "other"


def test_the_module_exports_its_classes_sorted():
    """What is public is listed."""
    assert _models.__all__ == sorted(_models.__all__)
    assert set(_models.__all__) == {
        name for name, cls in vars(_models).items() if isinstance(cls, type) and cls.__module__ == _models.__name__
    }


_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.just(ROW) | st.text())


@given(st.dictionaries(st.sampled_from(sorted(NEW)), _values))
def test_a_damaged_reply_is_a_resource_or_a_protocol_error(change):
    """Whatever replaces its values, nothing else is raised."""
    try:
        search = read(NEW | change)
    except ProtocolError:
        return
    assert isinstance(search, SearchRequest)


CRAWL: dict[str, Any] = {
    "uuid": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "url": "https://bikes.example",
    "urls": ["https://bikes.example"],
    "crawl_type": "single",
    "status": "running",
    "options": {
        "spider_options": {"max_depth": 2, "page_limit": 50, "concurrent_requests": None, "exclude_paths": ["/p/*"]},
        "page_options": {"wait_time": 100, "include_html": False, "actions": [{"type": "pdf"}], "extra_headers": {}},
        "plugin_options": {"mine": {"is_active": True}},
    },
    "created_at": "2026-03-01T12:00:00.000001Z",
    "updated_at": "2026-03-01T12:00:01Z",
    "duration": None,
    "number_of_documents": 7,
    "sitemap": None,
}


def test_a_crawl():
    """Every key of the server's object has its attribute."""
    crawl = read(CRAWL, watercrawl.CrawlRequest)

    assert (crawl.status, crawl.crawl_type) == (watercrawl.RequestStatus.RUNNING, watercrawl.CrawlType.SINGLE)
    assert (crawl.number_of_documents, crawl.sitemap, crawl.duration) == (7, None, None)
    assert crawl.options.spider_options == watercrawl.SpiderOptions(max_depth=2, page_limit=50, exclude_paths=("/p/*",))
    assert crawl.options.page_options.actions == ({"type": "pdf"},)
    assert crawl.options.plugin_options == {"mine": {"is_active": True}}
    assert crawl.updated_at == datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
    assert set(CRAWL) == {field.name for field in attrs.fields(watercrawl.CrawlRequest)}


def test_the_reply_to_a_batch_is_a_crawl():
    """With what it has of one, and words that are new are kept."""
    kept = ("uuid", "urls", "status", "options", "created_at", "updated_at", "duration")
    crawl = read({key: CRAWL[key] for key in kept} | {"status": "simmering"}, watercrawl.CrawlRequest)

    assert (crawl.status, crawl.url, crawl.crawl_type, crawl.number_of_documents) == ("simmering", "", None, None)


@pytest.mark.parametrize(
    ("result", "url", "markdown"),
    [("https://store.example/r", "https://store.example/r", None), ({"markdown": "# A", "links": [1]}, None, "# A")],
)
def test_a_page_that_was_found(result, url, markdown):
    """Its content, or where that is."""
    attachment = {"uuid": "a", "attachment": "https://store.example/p", "attachment_type": "pdf", "filename": "p.pdf"}
    row = {"uuid": "r", "url": "https://bikes.example", "result": result, "attachments": [attachment], "new": 1}
    found = read(row, watercrawl.CrawlResult)

    assert (found.result_url, found.page.markdown if found.page else None) == (url, markdown)
    assert found.attachments[0].attachment_type is watercrawl.AttachmentType.PDF


@pytest.mark.parametrize(
    ("result", "url", "pages"),
    [
        (None, None, None),
        ("https://store.example/r", "https://store.example/r", None),
        ([], None, ()),
        (
            [{"url": "https://a.example", "title": "A"}, "https://b.example"],
            None,
            (
                watercrawl.SitemapPage(url="https://a.example", title="A"),
                watercrawl.SitemapPage(url="https://b.example"),
            ),
        ),
    ],
)
def test_a_sitemap(result, url, pages):
    """An address, or pages, of which some are nothing but addresses."""
    shown = {"uuid": "s", "url": "https://a.example", "status": "finished", "options": {}, "result": result}
    sitemap = read(shown, watercrawl.SitemapRequest)

    assert (sitemap.result_url, sitemap.results) == (url, pages)
