"""URL converter for names of services."""

from werkzeug.routing import BaseConverter


class NameConverter(BaseConverter):
    """Name of a service in a path: any text, including slashes."""

    regex = ".+"
    part_isolating = False
