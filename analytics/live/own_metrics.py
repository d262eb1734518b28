"""Own metrics of the live clients: how many there are, and what waits for them."""

from collections.abc import Callable, Iterator

from analytics.live.hub import Hub
from analytics.own_metrics.family import Family, by_label, gauge


def live_families(hub: Hub, socketio: Callable[[], int]) -> Iterator[Family]:
    """The metrics of the clients of `hub`, of which `socketio` use Socket.IO."""
    clients = {"socketio": socketio(), "websocket": len(hub) - socketio()}
    yield by_label("live_clients", "gauge", "Connected live clients, by protocol", "protocol", clients)
    waiting = hub.waiting()
    yield gauge("live_outbox_clients", "Live clients for which something waits in the outbox", waiting.clients)
    yield gauge("live_outbox_events", "Events that wait in the outboxes of live clients", waiting.events)
    yield gauge("live_outbox_bytes", "Bytes of the events that wait in the outboxes of live clients", waiting.bytes)
