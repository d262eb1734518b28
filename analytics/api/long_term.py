"""The blueprints of what only the long-term store answers."""

from flask import Blueprint

from analytics.api.explore import explore_blueprint
from analytics.api.history import HistoryOptions, history_blueprint
from analytics.api.sql import sql_blueprint
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.store.client.asking import AsksStore, NoStore


def long_term_blueprints(
    store: AsksStore | None, bodies: BodyReader, clock: Clock, history: HistoryOptions
) -> list[Blueprint]:
    """The blueprints of /explore, /sql and /events/history; without a store, they answer `no_store`."""
    asking = store or NoStore()
    return [explore_blueprint(asking, bodies, clock), sql_blueprint(asking, bodies), history_blueprint(asking, history)]
