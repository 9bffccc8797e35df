"""The web as WaterCrawl's crawls and sitemaps find it; pure functions of a job and a time."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import attrs

from ._lives import IDLE, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._jobs import RemoteJob

# A crawl that has no end of its own finds a page in so many seconds.
_STEP: Final = 1.0
_TOLERANCE: Final = 1e-6
_PATHS: Final = ("", "/about", "/blog", "/blog/first", "/blog/first?page=2")
_FILES: Final = {"screenshot": ("screenshot.png", "image/png"), "pdf": ("page.pdf", "application/pdf")}


@attrs.frozen
class Document:
    """A page that a crawl found *at* a reading of the clock; *number* counts from 0."""

    number: int
    at: float
    url: str
    uuid: str


def documents(job: RemoteJob, now: float) -> list[Document]:
    """Return what a crawl has found until *now*, oldest first. They come at even intervals while it works."""
    found = _schedule(job, now)
    ended, word = job.ended(now), job.word(now)
    until = now if ended is None else ended
    if word in SUCCESS and job.canceled is None:
        return [attrs.evolve(each, at=min(each.at, until)) for each in found]
    return [each for each in found if each.at <= until + _TOLERANCE]


def next_document(job: RemoteJob, now: float) -> float | None:
    """Return when a crawl that is not disturbed finds its next page, ``None`` if it finds no more."""
    if job.ended(now) is not None:
        return None
    return next((each.at for each in _schedule(job, now) if each.at > now + _TOLERANCE), None)


def _schedule(job: RemoteJob, now: float) -> list[Document]:
    began = next((at for at, word in job.steps(now) if word not in IDLE), None)
    if job.life.results is False or began is None:
        return []
    urls = _addresses(job)
    end = job.life.end()
    every = _STEP if end is None else max(job.epoch + end - began, 0.0) / (len(urls) + 1)
    return [
        Document(number, began + every * (number + 1), url, _part_id(job, f"result {number}"))
        for number, url in enumerate(urls)
    ]


def _addresses(job: RemoteJob) -> list[str]:
    if job.body["crawl_type"] == "batch":
        return list(job.body["urls"])
    most = max(1, job.body["options"]["spider_options"]["page_limit"])
    root = job.body["url"].rstrip("/")
    return [job.body["url"], *(f"{root}/{number}" for number in range(1, most))]


def _part_id(job: RemoteJob, name: str) -> str:
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.UUID(job.id), name).bytes, version=4))


def content(job: RemoteJob, document: Document) -> dict[str, Any]:
    """Return what a crawl read on a page, as far as its options ask for it."""
    wanted = job.body["options"]["page_options"]
    title = f"Page {document.number} of {urlsplit(document.url).netloc}"
    result: dict[str, Any] = {
        "metadata": {"title": title, "url": document.url},
        "markdown": f"# {title}\n\nWhat there is to read at {document.url}.\n",
    }
    if wanted["include_links"]:
        result["links"] = [f"{document.url.rstrip('/')}/next"]
    if wanted["include_html"]:
        result["html"] = f"<h1>{title}</h1>"
    return result


def result(job: RemoteJob, document: Document, stamp: str, media: str, *, prefetched: bool) -> dict[str, Any]:
    """Return a page's row; its content is an address under *media*, or itself if *prefetched*."""
    place = f"{media}/results/{document.uuid}"
    kinds = [action["type"] for action in job.body["options"]["page_options"]["actions"]]
    return {
        "uuid": document.uuid,
        "url": document.url,
        "result": content(job, document) if prefetched else signed(job, f"{place}/result.json"),
        "attachments": [
            {
                "uuid": _part_id(job, f"{kind} {document.number}"),
                "attachment": signed(job, f"{place}/{_FILES[kind][0]}"),
                "attachment_type": kind,
                "filename": _FILES[kind][0],
            }
            for kind in kinds
        ],
        "created_at": stamp,
        "updated_at": stamp,
    }


def attachment(name: str) -> tuple[bytes, str] | None:
    """Return the bytes and the type of a file that is made of a page, ``None`` if there is none of that *name*."""
    types = dict(_FILES.values())
    return (f"this is {name}".encode(), types[name]) if name in types else None


def signed(job: RemoteJob, address: str) -> str:
    """Return *address* with a signature, which is what lets its reader in."""
    return f"{address}?X-Amz-Expires=25200&X-Amz-Signature={job.id[:8]}"


def packed(job: RemoteJob, found: Iterable[Document], output_format: str) -> bytes:
    """Return all pages as one archive of JSON or markdown files, named after their addresses."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in found:
            name, page = file_name(document.url), content(job, document)
            if output_format == "json":
                archive.writestr(f"{name}.json", json.dumps(page))
            else:
                archive.writestr(f"{name}.md", page["markdown"])
    return buffer.getvalue()


def file_name(url: str) -> str:
    """Return what a page's file is called."""
    return url.partition("://")[2].replace("/", "_")


# Sitemaps.


def site(job: RemoteJob) -> list[dict[str, str]]:
    """Return the pages of a site."""
    root = job.body["url"].rstrip("/")
    return [{"url": f"{root}{path}", "title": f"Page {number}"} for number, path in enumerate(_PATHS)]


def crawled(job: RemoteJob, found: Iterable[Document]) -> list[dict[str, str]]:
    """Return the pages that a crawl has come across."""
    return [{"url": each.url, "title": content(job, each)["metadata"]["title"]} for each in found]


def graph(pages: Iterable[dict[str, str]]) -> dict[str, Any]:
    """Return *pages* as a tree: host, then a level for each part of the path; a page is at ``__self__``.

    Those which differ in their query only follow at ``__query__``.
    """
    tree: dict[str, Any] = {}
    for each in pages:
        url = unquote(each["url"])
        parts = urlsplit(url)
        node = tree
        for name in (parts.netloc, *filter(None, parts.path.split("/"))):
            node = node.setdefault(name, {})
        entry = {**each, "url": url}
        if "__self__" not in node:
            node["__self__"] = entry
        elif parts.query:
            node.setdefault("__query__", []).append(entry)
    return tree


def markdown(pages: Iterable[dict[str, str]]) -> str:
    """Return *pages* as a list of links."""
    return "\n".join(f"- [{each['title']}]({unquote(each['url'])})" for each in pages)
