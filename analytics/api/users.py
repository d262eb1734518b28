"""/users: erases the records of a user."""

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.clock import Clock, rfc3339
from analytics.identity import identity_of
from analytics.log.recorder import Recorder
from analytics.schemas.compiled import loaded
from analytics.schemas.erasure import ErasedUserPath
from analytics.schemas.queries import NoQuery

NOTHING, USER_PATH = NoQuery(), ErasedUserPath()
HOUR_SECONDS = 3600


def users_blueprint(
    recorder: Recorder,
    forms: Callable[[str], Sequence[str]],
    copies: Callable[[], Sequence[str] | None],
    count_stored: Callable[[str], Mapping[str, int] | None],
    clock: Clock,
) -> Blueprint:
    """Blueprint of /users.

    Args:
        forms: the ids under which records of a user may have been recorded: as sent, and hashed.
        copies: names of older copies of the database in the data directory; None if everything is in memory.
        count_stored: how many records of the long-term store an erasure is about, by kind, asked for by its salt;
            None if it does not say.
    """
    blueprint = Blueprint("users", __name__)

    @blueprint.delete("/users/<name:id>")
    def erase(id: str) -> Response:
        arguments(NOTHING)
        loaded(USER_PATH, {"id": id})
        erased = recorder.erase(forms(id), identity_of(request.environ).who)
        now, kept, stored = clock.wall(), copies(), count_stored(erased.salt)
        clean_at = now if kept is None else now + HOUR_SECONDS
        return answer(
            {
                "message": "user erased",
                **{kind: max(count, (stored or {}).get(kind, 0)) for kind, count in erased.counts.items()},
                "complete": stored is not None,
                "erased_at": rfc3339(now),
                "files_clean_by": None if kept is None else rfc3339(clean_at),
                "not_erased": {"backups_before": rfc3339(clean_at), "copies": list(kept or ())},
            }
        )

    return blueprint
