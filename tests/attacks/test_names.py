"""Floods of new names: services, types, endpoints, users, instances, metrics and tags."""

from tests.attacks.beside import check_beside
from tests.server import Server


def test_new_names_do_not_disturb_other_clients(target: Server) -> None:
    check_beside(target, "names", 2)
    drops = target.get("/stats")["drops"]
    assert drops["too_many_services"] > 0
