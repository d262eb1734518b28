"""Builds what reads log lines: /logs, live lines, and Loki's API."""

from functools import partial
from typing import TYPE_CHECKING, Any

from analytics.api.application import Application
from analytics.api.late import late_blueprint
from analytics.api.loki.blueprint import loki_blueprint
from analytics.bus import BatchRecorded, Bus, UsersErased
from analytics.clock import Clock
from analytics.config import Settings
from analytics.jobs.supervisor import Supervisor
from analytics.keys.leases import Leases
from analytics.kinds import LOGS
from analytics.lazy import Lazy
from analytics.live.capacity import Capacity
from analytics.live.line_tails import LineTails
from analytics.live.wire.routes import tail_blueprint
from analytics.query.records.source import RecordSource
from analytics.runtime import Runtime
from analytics.state.state import State
from analytics.yielding import yield_if_due

if TYPE_CHECKING:
    from analytics.api.loki.views import LokiViews
    from analytics.live.wire.tail_socket import TailServer

LOG_RULES = "GET /logs, GET /logs/histogram, GET /logs/fields, GET /logs/patterns, GET /logs/context"


def add_logs(
    app: Application,
    settings: Settings,
    records: RecordSource,
    clock: Clock,
    state: State,
    bus: Bus,
    jobs: Supervisor,
    runtime: Runtime,
    capacity: Capacity,
    leases: Leases,
) -> None:
    """Add the routes, and the job that sends live lines."""
    tails = LineTails(partial(state.counters.dropped, "live_line"), jobs, clock)

    def publish(recorded: BatchRecorded) -> None:
        if recorded.kind == LOGS.name:
            tails.publish(recorded.kept)

    def make_tail(*, speaks_logql: bool) -> "TailServer":
        from analytics.live.tail_selects import filter_select, logql_select
        from analytics.live.wire.tail_encoding import line_frame, loki_frame
        from analytics.live.wire.tail_socket import TailServer
        from analytics.live.wire.websocket import SERVER_OPTIONS
        from analytics.logql.budget import LogLimits

        app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
        prepare, encode = (logql_select, loki_frame) if speaks_logql else (filter_select, line_frame)
        begin = None
        if speaks_logql:
            from analytics.api.loki.tail import TailHistory

            begin = TailHistory(records, clock, LogLimits(seconds=settings.query_timeout), yield_if_due).asked
        return TailServer(tails, prepare, encode, capacity, leases, settings.client_timeout, begin)

    def make_logs() -> Any:
        from analytics.api.logs import logs_blueprint

        return logs_blueprint(records, clock)

    def make_views() -> "LokiViews":
        from analytics.api.loki.views import LokiViews
        from analytics.logql.budget import LogLimits

        return LokiViews(records, clock, LogLimits(seconds=settings.query_timeout), yield_if_due)

    bus.listen(BatchRecorded, publish)
    bus.listen(UsersErased, lambda erased: tails.erase(erased.users))
    runtime.more.append(tails.job)
    runtime.drains.append(tails.drain)
    app.register_blueprint(late_blueprint("logs", LOG_RULES, make_logs))
    app.register_blueprint(loki_blueprint(Lazy(make_views)))
    for name, rule, is_loki in (("logs_tail", "/logs/tail", False), ("loki_tail", "/loki/api/v1/tail", True)):
        server = Lazy(partial(make_tail, speaks_logql=is_loki))
        app.register_blueprint(tail_blueprint(name, rule, server, has_stream=not is_loki))
