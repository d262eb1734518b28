"""Names of services in paths."""

from werkzeug.routing import BaseConverter


class NameConverter(BaseConverter):
    """A service's name as part of a path: any text, slashes included."""

    regex = ".+"
    part_isolating = False
