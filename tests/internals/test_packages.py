"""Packages without the parts that a server does not use."""

import subprocess
import sys

from analytics.internals.packages import USED

LOADED = """
import sys
from analytics.internals.packages import defer_packages
defer_packages()
import engineio, simple_websocket, socketio
from socketio.exceptions import ConnectionRefusedError
assert socketio.Server and engineio.Server and simple_websocket.ConnectionClosed
print(*sorted({"asyncio", "requests", "socketio.client", "engineio.client"} & sys.modules.keys()))
"""


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_servers_are_loaded_without_clients_and_asyncio() -> None:
    assert run(LOADED) == ""


def test_the_rest_is_there_when_it_is_asked_for() -> None:
    script = f"""{LOADED}
server = socketio.Server
from simple_websocket import Client
assert socketio.Client.__name__ == "Client" and engineio.AsyncServer and Client
assert socketio.Server is server and engineio.Server is engineio.server.Server
print(hasattr(socketio, "Missing"), hasattr(socketio, "redis_manager"))
"""
    assert run(script) == "False True"


def test_names_that_servers_use_are_those_of_the_packages() -> None:
    script = f"""
from importlib import import_module
for name, used in {USED!r}.items():
    package = import_module(name)
    for attribute, module in used.items():
        assert getattr(package, attribute) is getattr(import_module(f"{{name}}.{{module}}"), attribute)
"""
    assert run(script) == ""
