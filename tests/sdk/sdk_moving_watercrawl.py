"""From watercrawl-py to asyncjobs, call by call: what a user of the SDK writes instead."""

from __future__ import annotations

from typing import Final

#: What every other method of the SDK goes through; here the client does it.
PLUMBING: Final = ("init_session", "process_response", "process_eventstream")

#: Calls of the SDK, and what stands in their place, in the order in which they are read.
ROWS: Final[tuple[tuple[str, str], ...]] = (
    ("create_search_request(query, sync=False)", "job = await watercrawl.searches.create(query)"),
    (
        "create_search_request(query)",
        "async with watercrawl.searches.create(query) as job: rows = (await job).results",
    ),
    ("get_search_request(uuid)", "job = await watercrawl.searches.get(uuid)"),
    ("get_search_request(uuid, download=True)", "rows = (await (await watercrawl.searches.get(uuid))).results"),
    ("get_search_requests_list(page, page_size)", "async for job in watercrawl.searches.list(page_size=100): ..."),
    ("monitor_search_request(uuid)", "async for event in watercrawl.searches.monitor(uuid, download=True): ..."),
    ("stop_search_request(uuid)", "outcome = await watercrawl.searches.cancel(uuid)"),
    (
        "create_crawl_request(url, spider_options, page_options)",
        'job = await watercrawl.crawls.create(url, spider_options={"page_limit": 3}, page_options={})',
    ),
    ("create_batch_crawl_request(urls)", "job = await watercrawl.crawls.create_batch(urls)"),
    (
        "scrape_url(url)",
        (
            "async with watercrawl.crawls.create(url) as job: await job; "
            "page = await anext(watercrawl.crawls.results(job.id, download=True))"
        ),
    ),
    ("get_crawl_request(uuid)", "job = await watercrawl.crawls.get(uuid)"),
    ("get_crawl_requests_list(page, page_size)", "async for job in watercrawl.crawls.list(page_size=100): ..."),
    ("monitor_crawl_request(uuid)", "async for event in watercrawl.crawls.monitor(uuid, download=True): ..."),
    ("stop_crawl_request(uuid)", "outcome = await watercrawl.crawls.cancel(uuid)"),
    (
        "get_crawl_request_results(uuid, page, page_size)",
        "async for result in watercrawl.crawls.results(uuid, page_size=100): ...",
    ),
    (
        "get_crawl_request_results(uuid, download=True)",
        "async for result in watercrawl.crawls.results(uuid, download=True): ...",
    ),
    ("download_result(result)", "await watercrawl.download(result.result_url, path)"),
    ("download_crawl_request(uuid)", "size = await watercrawl.crawls.download(uuid, path)"),
    ("get_crawl_request_sitemap(uuid)", "pages = await watercrawl.crawls.sitemap(uuid)"),
    ('get_crawl_request_sitemap(uuid, "graph")', "tree = await watercrawl.crawls.sitemap_graph(uuid)"),
    ('get_crawl_request_sitemap(uuid, "markdown")', "text = await watercrawl.crawls.sitemap_markdown(uuid)"),
    ("download_sitemap(uuid)", "pages = await watercrawl.crawls.sitemap(uuid)"),
    ("download_sitemap_graph(uuid)", "tree = await watercrawl.crawls.sitemap_graph(uuid)"),
    ("download_sitemap_markdown(uuid)", "text = await watercrawl.crawls.sitemap_markdown(uuid)"),
    ('create_sitemap_request(url, {"search": "cats"})', 'job = await watercrawl.sitemaps.create(url, search="cats")'),
    ("get_sitemap_request(uuid)", "job = await watercrawl.sitemaps.get(uuid)"),
    ("get_sitemap_requests_list(page, page_size)", "async for job in watercrawl.sitemaps.list(page_size=100): ..."),
    ("get_sitemap_results(uuid)", "pages = (await (await watercrawl.sitemaps.get(uuid))).results"),
    ('get_sitemap_results(uuid, "graph")', "tree = await watercrawl.sitemaps.graph(uuid)"),
    ('get_sitemap_results(uuid, "markdown")', "text = await watercrawl.sitemaps.markdown(uuid)"),
    ("monitor_sitemap_request(uuid)", "async for event in watercrawl.sitemaps.monitor(uuid, download=True): ..."),
    ("stop_sitemap_request(uuid)", "outcome = await watercrawl.sitemaps.cancel(uuid)"),
)
