"""Application: builds the WSGI application and everything behind it from the settings."""

from functools import partial
from itertools import chain as chained
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.access.chain import chain
from analytics.access.gate import Gate
from analytics.access.identify import Identify
from analytics.access.limits import Defaults, SenderLimits, rate_of
from analytics.access.origins import Origins
from analytics.access.request_metrics import RequestMetrics
from analytics.access.routes import Routes
from analytics.alerts.incidents.knowledge import IncidentKnowledge
from analytics.api.alerts import alert_blueprints
from analytics.api.annotations import annotations_blueprint
from analytics.api.application import Application
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
from analytics.api.history import HistoryOptions
from analytics.api.long_term import long_term_blueprints
from analytics.api.metrics import metrics_blueprint
from analytics.api.number_doors import number_doors_blueprint
from analytics.api.page import page_blueprint
from analytics.api.prometheus.blueprint import prometheus_blueprint
from analytics.api.record_doors import record_doors_blueprint
from analytics.api.records import record_blueprints
from analytics.api.scraping import Scrapes
from analytics.api.sdk import sdk_blueprint
from analytics.api.services import services_blueprint
from analytics.api.stats import stats_blueprint
from analytics.api.users import users_blueprint
from analytics.bus import BatchRecorded, Bus, UsersErased
from analytics.catalog.collections import ANNOTATIONS, ERRORS, REDACTIONS
from analytics.catalog.folder import ConfigFolder
from analytics.clock import Clock, SystemClock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import MANY_RECORDS, ONE_RECORD
from analytics.doors.shortcut import Shortcut
from analytics.factory.access import access_blueprints, access_parts, begin_access
from analytics.factory.alerts import Alerting
from analytics.factory.archive import make_archive
from analytics.factory.doors import make_doors
from analytics.factory.incidents import add_incidents, escalation_job, incident_links
from analytics.factory.lazy_views import lazy_engine, lazy_rule_engine, lazy_summary, lazy_views
from analytics.factory.logs import add_logs
from analytics.factory.long_term import count_erased, make_store_client, opened_by
from analytics.factory.more_alerts import more_alert_blueprints
from analytics.factory.notifications import Notifier, lazy_charts
from analytics.factory.records import make_record_source
from analytics.factory.sinks import Sinks
from analytics.jobs.own_metrics import job_families
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import EVENTS
from analytics.lazy import Lazy
from analytics.live.capacity import Capacity
from analytics.live.commands import Commands
from analytics.live.hub import Hub
from analytics.live.initial import InitialMessages
from analytics.live.own_metrics import live_families
from analytics.live.wire.handshake import INBOUND_LIMIT
from analytics.live.wire.routes import SocketIoRoute, websocket_blueprint
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.store import Store
from analytics.log.log import Log, MemoryLog
from analytics.log.recorder import Recorder
from analytics.own_metrics.family import Source
from analytics.query.catalog import held_resources
from analytics.query.events import EventSearch
from analytics.query.own_series.families import state_families
from analytics.query.own_series.source import SAMPLE_SECONDS, OwnSeries
from analytics.query.reader import Reader
from analytics.runtime import Runtime
from analytics.snapshot.changes import ChangeDetector
from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.ticker import make_ticker
from analytics.state.state import State
from analytics.store.client.own_metrics import store_families
from analytics.threads import Threads
from analytics.yielding import yield_if_due

if TYPE_CHECKING:
    from analytics.live.wire.socketio import SocketIo
    from analytics.live.wire.websocket import DashboardSocket


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
    long_term = make_store_client(settings, log, state, jobs)
    store = None
    if isinstance(log, DiskLog):
        store = Store(settings, clock, state, log, recorder, jobs, opened_by(long_term, log))
    threads = Threads()
    reader = Reader(state, clock, threads.in_loop)
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

    def make_socketio() -> "SocketIo":
        from analytics.live.wire.socketio import SocketIo

        return SocketIo(
            commands, capacity, leases, lambda: hub.draining, lambda environ: packets.read(environ).data, client_timeout
        )

    socketio = SocketIoRoute(Lazy(make_socketio))

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
        snapshots.look()
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
    own = OwnSeries(threads.in_loop)

    def sample() -> None:
        if not runtime.is_recovering:
            reported = chained.from_iterable(source() for source in sources)
            own.sample(clock.wall(), [*reported, *reader.ask(state_families, connections())])

    sampler = jobs.periodic("own metrics sampler", SAMPLE_SECONDS, sample, stalled_after=4 * SAMPLE_SECONDS)
    runtime = Runtime(hub, socketio, ticker, sampler, recorder, state, store, settings.durability, config, begin, jobs)
    runtime.long_term = long_term
    runtime.more += [] if long_term is None else long_term.jobs
    doors = make_doors(settings, clock, state, recorder)
    runtime.more.append(jobs.periodic("push repeater", 60.0, doors.numbers.repeat_pushes, stalled_after=300.0))

    knowledge, links = IncidentKnowledge(state), incident_links(settings)
    runtime.more.append(escalation_job(recorder, reader, jobs))
    sinks = Sinks(settings, clock, reader, recorder, jobs, state.sink_progress, threads, long_term)
    runtime.more += sinks.jobs
    engine = lazy_engine(reader, state.series.levels, own, sinks.beyond)
    record_source = make_record_source(long_term, reader, threads, clock)
    rules = lazy_rule_engine(engine, record_source, threads)
    charts = lazy_charts(rules, reader, threads, clock)
    notifications = Notifier(
        settings, clock, reader, recorder, jobs, runtime.more, state.outbox, knowledge, links, charts
    )

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
        snapshots.unusual.families,
        *sinks.sources,
        notifications.families,
        *([] if store is None else [store.families]),
        *([] if long_term is None else [partial(store_families, long_term)]),
    ]
    add_logs(app, settings, record_source, clock, state, bus, jobs, runtime, capacity, leases)
    search = EventSearch(reader, make_archive(long_term), yield_if_due, clock.monotonic)
    app.register_blueprint(events_blueprint(doors.events, search))
    app.register_blueprint(errors_blueprint(reader))
    scrapes = Scrapes(reader, clock, connections, sources)
    app.register_blueprint(metrics_blueprint(doors.metrics, reader, scrapes, recorder.keep_percentiles, sinks.points))
    app.register_blueprint(heartbeat_blueprint(doors.heartbeats))
    app.register_blueprint(number_doors_blueprint(doors.numbers))
    app.register_blueprint(record_doors_blueprint(doors.records))
    app.register_blueprint(services_blueprint(reader))
    app.register_blueprint(dashboard_blueprint(snapshots))
    app.register_blueprint(stats_blueprint(reader, runtime.storage, jobs.reports, sinks.reports))
    app.register_blueprint(lazy_summary(reader))
    alerting = Alerting(clock, reader, recorder, jobs, threads, rules, settings.public_url.rstrip("/"))
    runtime.more += alerting.jobs
    sources.append(alerting.families)
    views = lazy_views(engine, settings, reader, own, doors.numbers, clock, threads)
    sources.append(lambda: () if views.made is None else views.made.families())
    app.register_blueprint(prometheus_blueprint(views, alerting.prometheus_groups, alerting.prometheus_alerts))
    app.register_blueprint(export_blueprint(reader, search, Exports(settings.max_exports, leases)))
    resource_bodies = BodyReader(BodyLimits(BODY_LIMIT), ONE_RECORD)
    app.register_blueprint(annotations_blueprint(Resources(ANNOTATIONS, recorder, reader, resource_bodies, clock)))
    for each in (ERRORS, REDACTIONS):
        app.register_blueprint(Resources(each, recorder, reader, resource_bodies, clock).blueprint())
    add_incidents(app, recorder, reader, resource_bodies, clock, links)
    app.register_blueprint(catalog_blueprint(reader))
    app.register_blueprint(
        users_blueprint(recorder, doors.redactor.user_ids, runtime.copies, partial(count_erased, long_term), clock)
    )
    history = HistoryOptions(doors.batches, settings.max_batch, doors.redactor.events)
    for blueprint in (
        *alert_blueprints(recorder, reader, clock, alerting.known),
        *more_alert_blueprints(state, recorder, reader, resource_bodies, own, clock, threads, rules),
        *notifications.blueprints(resource_bodies),
        *long_term_blueprints(long_term, resource_bodies, clock, history),
        *record_blueprints(record_source, clock),
        *access_blueprints(settings, access, recorder, reader, resource_bodies, clock),
    ):
        app.register_blueprint(blueprint)
    checks = (runtime.not_ready, runtime.storage, jobs.reports, config.health, config.trouble, keyring.describe)
    app.register_blueprint(
        health_blueprint(reader, connections, *checks, lambda: [*sinks.troubles(), *notifications.troubles()])
    )
    app.register_blueprint(page_blueprint())
    app.register_blueprint(docs_blueprint(settings.max_body, settings.max_batch))
    app.register_blueprint(sdk_blueprint())

    def make_websocket() -> "DashboardSocket":
        from analytics.live.wire.websocket import SERVER_OPTIONS, DashboardSocket

        app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
        return DashboardSocket(commands, capacity, leases, client_timeout)

    app.register_blueprint(websocket_blueprint(Lazy(make_websocket)))
    app.register_blueprint(socketio.blueprint())
    rates = map(rate_of, (settings.read_rate, settings.address_read_rate, settings.address_ingest_rate))
    limits_of_senders = SenderLimits(Defaults(*rates), clock.monotonic)
    if settings.statsd_port:
        from analytics.factory.statsd import statsd_jobs

        runtime.more += statsd_jobs(settings, jobs, doors.points, state.counters.dropped, limits_of_senders.admit_from)
    if settings.syslog_port:
        from analytics.factory.syslog import syslog_jobs

        receiver, dropped = doors.records.lines, state.counters.dropped
        runtime.more += syslog_jobs(settings, clock, jobs, receiver, dropped, limits_of_senders.admit_from)
    origins = Origins(settings.cors_origins)
    allowed = (access.check, access.tickets, access.sessions, people.proxy_users)
    gate = Gate(Routes(app.url_map), keyring, *allowed, limits_of_senders, origins, socketio.lease, refused)
    limit_caching(app, lambda: keyring.is_locked)
    app.wsgi_app = chain(  # type: ignore[method-assign]
        Shortcut(app.wsgi_app, doors.by_path),
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
