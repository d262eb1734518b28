"""The hub, initial messages and commands on a rig, without sockets, and clients whose outboxes tests read."""

import json
from typing import Any

from analytics.jobs.supervisor import Supervisor
from analytics.live.commands import Commands, options_in_query
from analytics.live.delivery import Closing
from analytics.live.hub import Client, Hub
from analytics.live.initial import InitialMessages
from analytics.live.outbox import OutboxContents
from analytics.live.wire.encoding import json_text
from analytics.records import Kept, NewEvent
from analytics.snapshot.source import SnapshotSource
from tests.state.rig import Rig


class DeadConnection:
    """A connection to which nothing is ever sent, so that the outbox keeps everything."""

    encode = staticmethod(json_text)
    is_ready = False

    def __init__(self) -> None:
        self.pings = 0

    def push(self, data: bytes) -> bool:
        raise AssertionError("the connection is not ready")

    def send(self, backlog: OutboxContents) -> None:
        raise AssertionError("the writer must not run")

    def ping(self) -> bool:
        self.pings += 1
        return True

    def close(self, closing: Closing) -> None:
        raise AssertionError("the writer must not run")


class Stage(Rig):
    """A rig whose events go to a hub."""

    def __init__(self, **limits: Any) -> None:
        self.drops = 0
        super().__init__(**limits)
        self.hub = Hub(self._drop, Supervisor(self.clock))
        self.snapshots = SnapshotSource(self.state, self.reader, lambda: len(self.hub))
        self.initial = InitialMessages(self.reader, self.snapshots)
        self.commands = Commands(self.hub, self.initial)

    def _drop(self, count: int) -> None:
        self.drops += count

    def _publish(self, kept: Kept[NewEvent], last: int) -> None:
        self.hub.publish_events(kept, last)

    def join(self, query: str = "") -> Client:
        """Add a client with the options in `query`; nothing is sent to it yet."""
        return self.commands.join(options_in_query(query), DeadConnection())

    def tick(self) -> None:
        """Let a second pass."""
        self.clock.advance(1)
        self.hub.publish_update(lambda: (self.snapshots.current(), self.initial.newest))

    def received(self, client: Client) -> list[dict[str, Any]]:
        """Take the messages out of the outbox of `client`."""
        self.hub.flush()
        return [json.loads(text) for text in client.outbox.take().encode_each(json_text)]


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    """Types of messages, in order."""
    return [message["type"] for message in messages]
