"""Signed links in messages, with which people act on an incident without a key."""

from typing import NamedTuple, TypedDict


class LinkBody(TypedDict):
    """The links as JSON and templates have them."""

    acknowledge: str
    silence: str


class MessageLinks(NamedTuple):
    """Addresses of pages with buttons; empty where there are none.

    Attributes:
        acknowledge: shows the incident, to acknowledge or snooze it.
        silence: to silence its alerts.
    """

    acknowledge: str = ""
    silence: str = ""

    def body(self) -> LinkBody:
        """The links as JSON and templates have them."""
        return {"acknowledge": self.acknowledge, "silence": self.silence}


NO_LINKS = MessageLinks()
