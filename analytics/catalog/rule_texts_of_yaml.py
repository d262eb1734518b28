"""The scalars of YAML that are text in a rule file, whatever they look like: `version: 1.10` is not 1.1 in a label."""

TEXTS_OF_RULES = ("alert", "record", "expr")
TEXTS_BY_NAME = ("labels", "annotations")
TEXTS_OF_TESTS = ("exp_labels", "exp_annotations")


def is_text_of_rules(path: tuple[str, ...]) -> bool:
    """Whether the scalar at a path is text: of rule files, of one group, of collections, and of tests of rules."""
    match path:
        case ("groups", _, *rest) | ("rules", _, *rest) if rest and _is_text(rest):
            return True
        case ("labels", _) | ("tests", _, "external_labels", _):
            return True
        case ("tests", _, "alert_rule_test", _, "alertname"):
            return True
        case ("tests", _, "alert_rule_test", _, "exp_alerts", _, part, _):
            return part in TEXTS_OF_TESTS
    return False


def _is_text(path: list[str]) -> bool:
    """The same below a group or a rule."""
    match path:
        case ["name"]:
            return True
        case [part] | ["rules", _, part]:
            return part in TEXTS_OF_RULES
        case [part, _] | ["rules", _, part, _]:
            return part in TEXTS_BY_NAME
    return False
