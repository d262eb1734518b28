"""Where the layers meet: settings to services to blueprints."""

from functools import partial

import gevent
from flask import Flask

from analytics.api.bodies import BodyReader
from analytics.api.dashboard import dashboard_blueprint
from analytics.api.docs import docs_blueprint
from analytics.api.events import events_acceptor, events_blueprint
from analytics.api.guards import Guard
from analytics.api.health import health_blueprint
from analytics.api.heartbeat import heartbeat_blueprint
from analytics.api.metrics import metrics_acceptor, metrics_blueprint
from analytics.api.problems import handle_problems
from analytics.api.services import services_blueprint
from analytics.api.shortcut import Shortcut
from analytics.api.stats import stats_blueprint
from analytics.clock import Clock, SystemClock
from analytics.config import Settings
from analytics.ingest.recorder import Recorder
from analytics.live.commands import Commands
from analytics.live.handshake import INBOUND_LIMIT
from analytics.live.hub import Hub
from analytics.live.opening import Openings
from analytics.live.socketio import SocketIo
from analytics.live.websocket import OPTIONS, websocket_blueprint
from analytics.query.reader import Reader
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.ticker import Ticker
from analytics.state.state import State


class Service:
    """What runs beside the requests: `app.extensions["analytics"]`."""

    def __init__(self, hub: Hub, socketio: SocketIo, ticker: Ticker, state: State) -> None:
        self.hub, self.ticker, self._socketio, self._state = hub, ticker, socketio, state

    def start(self) -> None:
        """Begin to tick; in the process that serves, never in one that forks."""
        self.ticker.start()
        self.hub.start()

    def drain(self) -> None:
        """Get ready to stop: live clients are sent away, and `not_ready` says why no more should come."""
        self.hub.drain()
        self._socketio.drain()

    def stop(self) -> None:
        """End what `start` began, and let go of the state."""
        self.ticker.stop()
        self.hub.stop()
        self._state.close()

    def not_ready(self) -> list[str]:
        """Why the service should get no work now."""
        reasons = {"the service is stopping": self.hub.draining, "the ticker has stalled": self.ticker.stalled}
        return [reason for reason, holds in reasons.items() if holds]


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole service as a WSGI application.

    Raises:
        ConfigError: a setting in the environment is wrong.
    """
    settings, clock = settings or Settings.from_env(), clock or SystemClock()
    state = State(settings, clock.wall())
    hub = Hub(partial(state.counters.dropped, "live_event"))
    connections = partial(len, hub)
    recorder = Recorder(state, settings, clock, hub.publish_events)
    reader = Reader(state, clock)
    snapshots = SnapshotSource(state, reader, connections)
    openings = Openings(reader, snapshots)
    commands = Commands(hub, openings)
    packets = BodyReader(INBOUND_LIMIT, settings.body_timeout)
    patience = settings.client_timeout
    socketio = SocketIo(commands, lambda: hub.draining, lambda environ: packets.read(environ).data, patience)

    def beat() -> None:
        hub.ping()
        hub.publish_update(lambda: (snapshots.current(), openings.newest))

    ticker = Ticker(beat, clock, state.counters.dropped)
    service = Service(hub, socketio, ticker, state)
    bodies = BodyReader(settings.max_body, settings.body_timeout)
    pause = partial(gevent.sleep, 0)
    events = events_acceptor(recorder, bodies, SchemaDecoder(EventSchema(), NewEvent, settings.max_batch, pause))
    metrics = metrics_acceptor(recorder, bodies, SchemaDecoder(MetricSchema(), NewMetric, settings.max_batch, pause))

    app = Flask("analytics", static_folder=None)
    app.extensions["analytics"] = service
    app.config["SOCK_SERVER_OPTIONS"] = OPTIONS
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a service's name may begin with a slash
    shortcut = Shortcut(app.wsgi_app, {"/events": events, "/metrics": metrics})
    app.wsgi_app = Guard(shortcut, settings.cors_origins)  # type: ignore[method-assign]
    handle_problems(app)
    app.register_blueprint(events_blueprint(events, reader))
    app.register_blueprint(metrics_blueprint(metrics, reader, connections))
    app.register_blueprint(heartbeat_blueprint(recorder, bodies))
    app.register_blueprint(services_blueprint(reader))
    app.register_blueprint(dashboard_blueprint(snapshots))
    app.register_blueprint(stats_blueprint(reader))
    app.register_blueprint(health_blueprint(reader, connections, service.not_ready))
    app.register_blueprint(docs_blueprint(settings.max_body, settings.max_batch))
    app.register_blueprint(websocket_blueprint(commands, patience))
    app.register_blueprint(socketio.blueprint())
    return app
