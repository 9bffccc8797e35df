"""What Websets tells by itself, in webhooks and in its feed: events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from asyncjobs._convert import KeyStyle, structure
from asyncjobs.exa._import_models import Import
from asyncjobs.exa._item_models import WebsetItem
from asyncjobs.exa._monitor_models import Monitor, MonitorRun
from asyncjobs.exa._webset_models import Webset, WebsetSearch

__all__ = ["WebsetEvent"]

#: The classes of what events carry, by the service's names for them.
_CARRIED: Final[Mapping[str, type[Any]]] = {
    "webset": Webset,
    "webset_search": WebsetSearch,
    "webset_item": WebsetItem,
    "import": Import,
    "monitor": Monitor,
    "monitor_run": MonitorRun,
}


@frozen(kw_only=True)
class WebsetEvent:
    """One event of Websets. Source: Exa Websets reference, events."""

    id: str
    """The service's id of the event, the same in every delivery of it."""
    type: str
    """What happened, such as ``webset.search.completed``; new ones appear over time."""
    data: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    """The whole resource as it was at that moment, as received."""
    created_at: datetime | None = None
    """When it happened, in UTC; ``None`` if the event does not say."""
    object: str = "event"
    """The service's name for this class."""

    @property
    def resource(self) -> Webset | WebsetSearch | WebsetItem | Import | Monitor | MonitorRun | None:
        """
        What *data* is, as the class for it; ``None`` for what is not known here.

        Raises:
            ProtocolError: It does not fit its class.
        """
        name = self.data.get("object")
        cls = _CARRIED.get(name) if isinstance(name, str) else None
        return None if cls is None else structure(self.data, cls, KeyStyle.CAMEL)
