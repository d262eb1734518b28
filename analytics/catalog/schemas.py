"""The schemas of resources, each loaded when it is first needed: most servers use few of them."""

from marshmallow import Schema


def annotation() -> Schema:
    """Make the schema of annotations."""
    from analytics.schemas.annotation import AnnotationSchema

    return AnnotationSchema()


def error_state() -> Schema:
    """Make the schema of what users set of a group of errors."""
    from analytics.schemas.error_groups import ErrorStateSchema

    return ErrorStateSchema()


def key() -> Schema:
    """Make the schema of keys."""
    from analytics.schemas.key import KeySchema

    return KeySchema()


def receiver() -> Schema:
    """Make the schema of receivers of notifications."""
    from analytics.schemas.receiver import ReceiverSchema

    return ReceiverSchema()


def redaction() -> Schema:
    """Make the schema of rules of redaction."""
    from analytics.schemas.redaction import RedactionSchema

    return RedactionSchema()


def routes() -> Schema:
    """Make the schema of the routes of notifications."""
    from analytics.schemas.routes import RoutesSchema

    return RoutesSchema()


def rule_group() -> Schema:
    """Make the schema of groups of alert rules."""
    from analytics.schemas.rules import RuleGroupSchema

    return RuleGroupSchema()


def silence() -> Schema:
    """Make the schema of silences."""
    from analytics.schemas.silence import SilenceSchema

    return SilenceSchema()


def slo() -> Schema:
    """Make the schema of objectives."""
    from analytics.schemas.slo import SloSchema

    return SloSchema()


def status_page() -> Schema:
    """Make the schema of the status page."""
    from analytics.schemas.status_page import StatusPageSchema

    return StatusPageSchema()
