"""Application: builds the WSGI application and everything behind it from the settings."""

from functools import partial
from itertools import chain as chained
from pathlib import Path

from analytics.access.chain import chain
from analytics.access.gate import Gate
from analytics.access.identify import Identify
from analytics.access.limits import Defaults, SenderLimits, rate_of
from analytics.access.origins import Origins
from analytics.access.request_metrics import RequestMetrics
from analytics.access.routes import Routes
from analytics.api.annotations import annotations_blueprint
from analytics.api.application import Application
from analytics.api.audit import audit_blueprint
from analytics.api.caching import limit_caching
from analytics.api.catalog import BODY_LIMIT, Resources, catalog_blueprint
from analytics.api.dashboard import dashboard_blueprint
from analytics.api.docs import docs_blueprint
from analytics.api.errors import errors_blueprint
from analytics.api.events import events_blueprint
from analytics.api.export import export_blueprint
from analytics.api.exports import Exports
from analytics.api.health import health_blueprint
from analytics.api.heartbeat import heartbeat_blueprint
from analytics.api.keys import begin_access, keys_blueprint
from analytics.api.metrics import metrics_blueprint
from analytics.api.number_doors import number_blueprints
from analytics.api.oidc import oidc_blueprint
from analytics.api.page import page_blueprint
from analytics.api.prometheus.blueprint import prometheus_blueprint
from analytics.api.prometheus.queries import Queries
from analytics.api.scraping import Scrapes
from analytics.api.sdk import sdk_blueprint
from analytics.api.services import services_blueprint
from analytics.api.session import session_blueprint
from analytics.api.sessions import sessions_blueprint
from analytics.api.sign_ins import SignIns
from analytics.api.stats import stats_blueprint
from analytics.api.summary import summary_blueprint
from analytics.api.users import users_blueprint
from analytics.bus import BatchRecorded, Bus, UsersErased
from analytics.catalog.collections import ANNOTATIONS, REDACTIONS
from analytics.catalog.folder import ConfigFolder
from analytics.clock import Clock, SystemClock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.doors.door import Door
from analytics.doors.heartbeat_door import HeartbeatDoor
from analytics.doors.json_door import events_door, metrics_door
from analytics.doors.limits import BodyLimits
from analytics.doors.media import MANY_RECORDS, ONE_RECORD
from analytics.doors.number_doors import NumberDoors, statsd_door
from analytics.doors.point_recorder import KindLog, PointRecorder
from analytics.doors.shortcut import Shortcut
from analytics.doors.statsd.door import FLUSH_SECONDS
from analytics.factory.access import access_parts
from analytics.jobs.own_metrics import job_families
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import EVENTS, POINTS
from analytics.live.capacity import Capacity
from analytics.live.commands import Commands
from analytics.live.hub import Hub
from analytics.live.initial import InitialMessages
from analytics.live.own_metrics import live_families
from analytics.live.wire.handshake import INBOUND_LIMIT
from analytics.live.wire.socketio import SocketIo
from analytics.live.wire.websocket import SERVER_OPTIONS, websocket_blueprint
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.store import Store
from analytics.log.log import Log, MemoryLog
from analytics.log.recorder import Recorder
from analytics.own_metrics.family import Source
from analytics.privacy.hashing import Hasher, hash_key
from analytics.privacy.redactor import Redactor
from analytics.promql.budget import Limits as QueryLimits
from analytics.query.catalog import held_resources
from analytics.query.cells.build import make_engine
from analytics.query.cells.metadata import metadata
from analytics.query.own_series.families import state_families
from analytics.query.own_series.source import SAMPLE_SECONDS, OwnSeries
from analytics.query.reader import Reader
from analytics.runtime import Runtime
from analytics.snapshot.changes import ChangeDetector
from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.ticker import make_ticker
from analytics.state.state import State
from analytics.yielding import yield_if_due

POINTS_OF_ITEM = 10
"""Points that a request in a protocol for numbers may have, for each item that a batch may have."""


def create_app(
    settings: Settings | None = None, clock: Clock | None = None, identify: Identify | None = None
) -> Application:
    """Create the service as a WSGI application; `app.extensions["analytics"].start` starts its background work.

    Args:
        settings: default: read from the environment.
        clock: default: the system clock.
        identify: authenticates and authorizes requests; default: the keys of the catalog and the settings.

    Raises:
        SettingError: a setting is invalid.
    """
    settings, clock = settings or Settings.from_env(), clock or SystemClock()
    state = State(settings, clock.wall())
    jobs, bus = Supervisor(clock), Bus(state.counters.dropped)
    hub = Hub(partial(state.counters.dropped, "live_event"), jobs)
    connections = partial(len, hub)
    log: Log = MemoryLog()
    if settings.data_dir:
        path = Path(settings.data_dir) / FILE_NAME
        log = DiskLog(state.lock, path, settings.durability, jobs, settings.log_max_bytes)
    recorder = Recorder(state, settings, clock, bus, log)
    store = Store(settings, clock, state, log, recorder, jobs) if isinstance(log, DiskLog) else None
    reader = Reader(state, clock)
    snapshots = SnapshotSource(state, reader, connections)
    initial = InitialMessages(reader, snapshots)
    commands = Commands(hub, initial)

    def refused(code: str) -> None:
        with state.lock:
            state.counters.refused(code)

    access = access_parts(settings, clock, state)
    people, keyring, leases = access.people, access.keyring, access.leases
    capacity = Capacity(settings.max_live, settings.max_live_per_address, refused)
    packets = BodyReader(BodyLimits(INBOUND_LIMIT), MANY_RECORDS)
    client_timeout = settings.client_timeout
    socketio = SocketIo(
        commands, capacity, leases, lambda: hub.draining, lambda environ: packets.read(environ).data, client_timeout
    )

    def publish_events(recorded: BatchRecorded) -> None:
        if recorded.kind == EVENTS.name:
            hub.publish_events(recorded.kept, recorded.last)

    bus.listen(BatchRecorded, publish_events)
    bus.listen(UsersErased, lambda erased: hub.erase(erased.users))
    changes = ChangeDetector(reader, bus)

    def tick() -> None:
        leases.check()
        recorder.tick()
        changes.publish()
        hub.ping()
        hub.publish_update(lambda: (snapshots.current(), initial.newest))

    ticker = make_ticker(tick, jobs, state.counters.dropped)
    config = ConfigFolder(
        Path(settings.config_dir) if settings.config_dir else None,
        lambda: reader.ask(held_resources),
        recorder.take_file,
        clock,
    )
    begin = partial(begin_access, keyring, recorder)
    own = OwnSeries()

    def described() -> dict[str, list[dict[str, str]]]:
        return {**reader.ask(metadata), **numbers.prometheus.kinds.described(), **own.described}

    def sample() -> None:
        if not runtime.is_recovering:
            reported = chained.from_iterable(source() for source in sources)
            own.sample(clock.wall(), [*reported, *reader.ask(state_families, connections())])

    sampler = jobs.periodic("own metrics sampler", SAMPLE_SECONDS, sample, stalled_after=4 * SAMPLE_SECONDS)
    runtime = Runtime(hub, socketio, ticker, sampler, recorder, state, store, settings.durability, config, begin, jobs)
    limits = BodyLimits(settings.max_body)
    batches = limits._replace(advice="send smaller batches")
    hasher = Hasher(partial(hash_key, settings.hash_key, Path(settings.data_dir) if settings.data_dir else None))
    redactor = Redactor(state.catalog, hasher, recorder.count_redacted, yield_if_due)
    events = events_door(recorder, redactor, batches, settings.max_batch)
    metrics = metrics_door(recorder, redactor, batches, settings.max_batch)
    heartbeats = HeartbeatDoor(recorder, redactor, limits)
    points = PointRecorder(KindLog(recorder, POINTS), redactor, POINTS_OF_ITEM * settings.max_batch)
    numbers = NumberDoors(points, lambda name: state.series_store.kind_of(name), clock, batches, settings.max_batch)
    runtime.more.append(jobs.periodic("push repeater", 60.0, numbers.prometheus.pushes.repeat, stalled_after=300.0))

    app = Application()
    app.extensions["analytics"] = runtime
    requests = RequestMetrics(app.url_map)
    sources: list[Source] = [
        requests.families,
        runtime.families,
        partial(live_families, hub, partial(len, socketio)),
        partial(job_families, jobs.reports),
        runtime.loop_lag.families,
        own.own_families,
        *([] if store is None else [store.families]),
    ]
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.register_blueprint(events_blueprint(events, reader))
    app.register_blueprint(errors_blueprint(reader))
    scrapes = Scrapes(reader, clock, connections, sources)
    app.register_blueprint(metrics_blueprint(metrics, reader, scrapes, recorder.keep_percentiles))
    app.register_blueprint(heartbeat_blueprint(heartbeats))
    for blueprint in number_blueprints(numbers):
        app.register_blueprint(blueprint)
    app.register_blueprint(services_blueprint(reader))
    app.register_blueprint(dashboard_blueprint(snapshots))
    app.register_blueprint(stats_blueprint(reader, runtime.storage, jobs.reports))
    app.register_blueprint(summary_blueprint(reader))
    engine = make_engine(reader, state.series.levels, [own])
    queries = Queries(engine, QueryLimits(), yield_if_due)
    app.register_blueprint(prometheus_blueprint(engine, queries, clock, described))
    app.register_blueprint(export_blueprint(reader, Exports(settings.max_exports, leases)))
    resource_bodies = BodyReader(BodyLimits(BODY_LIMIT), ONE_RECORD)
    annotations = Resources(ANNOTATIONS, recorder, reader, resource_bodies, clock)
    app.register_blueprint(annotations_blueprint(annotations))
    app.register_blueprint(Resources(REDACTIONS, recorder, reader, resource_bodies, clock).blueprint())
    app.register_blueprint(catalog_blueprint(reader))
    app.register_blueprint(users_blueprint(recorder, redactor.user_ids, runtime.copies, clock))
    app.register_blueprint(
        keys_blueprint(
            recorder,
            reader,
            resource_bodies,
            clock,
            lambda: keyring.is_locked,
            has_settings_key=bool(settings.admin_key),
            is_required=access.is_required,
        )
    )
    sign_ins = SignIns(recorder, reader, clock)
    has_provider = people.provider is not None
    app.register_blueprint(
        session_blueprint(keyring, access.check, access.tickets, sign_ins, resource_bodies, has_provider=has_provider)
    )
    app.register_blueprint(sessions_blueprint(access.sessions, recorder))
    app.register_blueprint(oidc_blueprint(people.provider, people.groups_claim, people.roles, sign_ins))
    app.register_blueprint(audit_blueprint(reader))
    checks = (runtime.not_ready, runtime.storage, jobs.reports, config.health, config.trouble, keyring.describe)
    app.register_blueprint(health_blueprint(reader, connections, *checks))
    app.register_blueprint(page_blueprint())
    app.register_blueprint(docs_blueprint(settings.max_body, settings.max_batch))
    app.register_blueprint(sdk_blueprint())
    app.register_blueprint(websocket_blueprint(commands, capacity, leases, client_timeout))
    app.register_blueprint(socketio.blueprint())
    rates = map(rate_of, (settings.read_rate, settings.address_read_rate, settings.address_ingest_rate))
    limits_of_senders = SenderLimits(Defaults(*rates), clock.monotonic)
    if settings.statsd_port:
        dropped, admit = state.counters.dropped, limits_of_senders.admit_from
        statsd = statsd_door(points, settings.statsd_port, settings.statsd_allowed, dropped, admit)
        runtime.more += [
            jobs.loop("listener for StatsD", statsd.listen, most_pause=2.0),
            jobs.periodic("recorder of StatsD", FLUSH_SECONDS, statsd.flush, stalled_after=60.0),
        ]
    origins = Origins(settings.cors_origins)
    gate = Gate(
        Routes(app.url_map),
        keyring,
        access.check,
        access.tickets,
        access.sessions,
        people.proxy_users,
        limits_of_senders,
        origins,
        socketio.lease,
        refused,
    )
    limit_caching(app, lambda: keyring.is_locked)
    shortcuts: dict[str, Door] = {
        "/events": events,
        "/metrics": metrics,
        "/heartbeat": heartbeats,
        **numbers.by_path,
    }
    app.wsgi_app = chain(  # type: ignore[method-assign]
        Shortcut(app.wsgi_app, shortcuts),
        app.url_map,
        origins=origins,
        frame_ancestors=settings.frame_ancestors,
        base_path=settings.base_path,
        trusted_proxies=settings.trusted_proxies,
        is_closed=lambda: runtime.is_recovering,
        identify=identify or gate,
        metrics=requests,
    )
    return app
