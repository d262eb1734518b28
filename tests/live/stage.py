"""The live edge without its sockets: hub, openings and commands around a rig, and clients that tests read from."""

import json
from typing import Any

from analytics.jobs.supervisor import Supervisor
from analytics.live.commands import Commands, options_in
from analytics.live.hub import Client, Hub
from analytics.live.messages import as_json
from analytics.live.opening import Openings
from analytics.live.outbox import Parcel
from analytics.records import Kept, NewEvent
from analytics.snapshot.source import SnapshotSource
from tests.state.rig import Rig


class DeadLine:
    """A connection to which nothing is ever sent, so that what waits for it can be looked at."""

    encode = staticmethod(as_json)
    is_ready = False

    def __init__(self) -> None:
        self.pings = 0

    def push(self, frames: bytes) -> bool:
        raise AssertionError("not ready")

    def send(self, parcel: Parcel) -> None:
        raise AssertionError("its writer must not run")

    def ping(self) -> bool:
        self.pings += 1
        return True

    def close(self) -> None:
        raise AssertionError("its writer must not run")


class Stage(Rig):
    """A rig whose events go to a hub."""

    def __init__(self, **limits: Any) -> None:
        self.drops = 0
        super().__init__(**limits)
        self.hub = Hub(self._drop, Supervisor(self.clock))
        self.snapshots = SnapshotSource(self.state, self.reader, lambda: len(self.hub))
        self.openings = Openings(self.reader, self.snapshots)
        self.commands = Commands(self.hub, self.openings)

    def _drop(self, count: int) -> None:
        self.drops += count

    def _publish(self, kept: Kept[NewEvent], last: int) -> None:
        self.hub.publish_events(kept, last)

    def join(self, query: str = "") -> Client:
        """A client with these options that has not been sent anything yet."""
        return self.commands.join(options_in(query), DeadLine())

    def tick(self) -> None:
        """A second passes."""
        self.clock.advance(1)
        self.hub.publish_update(lambda: (self.snapshots.current(), self.openings.newest))

    def told(self, client: Client) -> list[dict[str, Any]]:
        """The messages that wait for `client`; they are sent by this."""
        self.hub.flush()
        return [json.loads(text) for text in client.outbox.take().texts(as_json)]


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    """Their types in order."""
    return [message["type"] for message in messages]
