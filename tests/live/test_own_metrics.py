"""Own metrics of live clients: by protocol, and the messages queued in their outboxes."""

from analytics.live.own_metrics import live_families
from tests.live.stage import Stage
from tests.own_metrics.reading import figures


def test_clients_and_their_queued_messages_are_counted() -> None:
    stage = Stage()
    slow, quick = stage.join(), stage.join()
    stage.received(slow)
    stage.received(quick)
    for kind in ("purchase", "refund", "search"):
        stage.event(kind)
    stage.hub.flush()
    stage.received(quick)
    found = figures(live_families(stage.hub, lambda: 1))
    size = found.pop(("live_outbox_bytes",))
    assert found == {
        ("live_clients", "socketio"): 1,
        ("live_clients", "websocket"): 1,
        ("live_outbox_clients",): 1,
        ("live_outbox_events",): 3,
    }
    assert size == sum(batch.size for batch in slow.outbox.take().batches) > 300
    assert figures(live_families(stage.hub, lambda: 0))["live_outbox_events",] == 0


def test_an_update_that_waits_is_no_event_but_its_client_counts() -> None:
    stage = Stage()
    client = stage.join("events=none")
    stage.received(client)
    stage.tick()
    found = figures(live_families(stage.hub, lambda: 0))
    assert (found["live_outbox_clients",], found["live_outbox_events",]) == (1, 0)
