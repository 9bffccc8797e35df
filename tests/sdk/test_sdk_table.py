"""The SDKs as they are installed, unpatched but for the base URL, work against the sandbox; a table says how far."""

from __future__ import annotations

import importlib
import inspect
import operator

import pytest
from sdk_table import EXA, EXA_NAMESPACES, WATERCRAWL
from sdk_world import NAMESPACES, exa_py, opened, watercrawl

# They enter what they demonstrate.
for module in ("sdk_websets", "sdk_webset_sides", "sdk_agent", "sdk_watercrawl", "sdk_crawls", "sdk_sitemaps"):
    importlib.import_module(module)

FLAVOURS = ("Exa", "AsyncExa")
WORKING = sorted(EXA)
WATERCRAWL_WORKING = sorted(WATERCRAWL)


def public_methods(part):
    """Return the names of the public methods of *part*'s class."""
    return {name for name, _ in inspect.getmembers(type(part), callable) if not name.startswith("_")}


def exa_methods(flavour):
    client = getattr(exa_py, flavour)("key")
    return {f"{path}.{name}" for path in NAMESPACES for name in public_methods(operator.attrgetter(path)(client))}


def parts_below(client, path):
    """Return the paths of the parts that hang on the part at *path*, at any depth."""
    for name, part in vars(operator.attrgetter(path)(client)).items():
        if not name.startswith("_") and type(part).__module__.startswith("exa_py."):
            yield f"{path}.{name}"
            if f"{path}.{name}" not in EXA_NAMESPACES:
                yield from parts_below(client, f"{path}.{name}")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_sdk_table_names_every_method_of_exa_py(flavour):
    """A method that a new version adds is missing here until somebody has looked at it; one that went is too much."""
    installed = exa_methods(flavour)

    assert installed - set(EXA) == set()
    assert set(EXA) - installed == set()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_sdk_table_names_every_part_of_the_exa_clients(flavour):
    """So that no methods hide in a part that nobody looks into."""
    client = getattr(exa_py, flavour)("key")
    parts = {"websets", "agent", "beta"}
    for root in tuple(parts):
        parts.update(parts_below(client, root))

    assert parts == set(NAMESPACES) | set(EXA_NAMESPACES)


def test_sdk_table_names_every_method_of_watercrawl_py():
    """The same for WaterCrawl, whose client is one object."""
    installed = public_methods(watercrawl.WaterCrawlAPIClient("key"))

    assert installed == set(WATERCRAWL)


def test_sdk_table_would_miss_a_method():
    """The check of the table is not blind: a client with one method more does not pass it."""

    class Newer(watercrawl.WaterCrawlAPIClient):
        def pause_search_request(self, item_id): ...

    assert public_methods(Newer("key")) - set(WATERCRAWL) == {"pause_search_request"}


@pytest.mark.real_time
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("path", WORKING)
async def test_sdk_method_of_exa_py_works(flavour, path):
    """Its demonstration passes and did use it; every model in its replies knows every key."""
    part, _, _ = path.rpartition(".")
    async with opened(flavour) as sdk:
        await EXA[path](sdk, operator.attrgetter(part)(sdk.client))

        assert path in sdk.called


@pytest.mark.real_time
@pytest.mark.parametrize("name", WATERCRAWL_WORKING)
async def test_sdk_method_of_watercrawl_py_works(name):
    """Its demonstration passes and did use it."""
    async with opened("WaterCrawl") as sdk:
        await WATERCRAWL[name](sdk, sdk.client)

        assert name in sdk.called


@pytest.mark.real_time
async def test_sdk_search_that_fails_is_returned_and_one_that_is_cancelled_elsewhere_is_an_exception():
    """As measured: the SDK reads the stream to its end, and knows two of its three last words."""
    async with opened("WaterCrawl") as sdk:
        failed = await sdk(sdk.client.create_search_request, "failed")
        with pytest.raises(Exception, match=r"^Search request failed$"):
            await sdk(sdk.client.create_search_request, "canceled")

        assert (failed["status"], failed["result"]) == ("failed", None)


@pytest.mark.real_time
async def test_sdk_list_of_a_thousand_is_cut_to_a_hundred():
    """Without a hint, as measured."""
    async with opened("WaterCrawl") as sdk:
        for _ in range(101):
            await sdk(sdk.client.create_search_request, "stuck", sync=False)
        page = await sdk(sdk.client.get_search_requests_list, 1, 1000)

        assert (page["count"], len(page["results"])) == (101, 100)
