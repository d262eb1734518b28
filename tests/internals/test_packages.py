"""Packages without the parts that a server does not use."""

import subprocess
import sys
from importlib import import_module

from analytics.internals.packages import STAND_INS, USED

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


FLASK = """
import sys
from analytics.internals.packages import defer_packages
defer_packages()
from flask import Blueprint, Flask
app, blueprint = Flask("app"), Blueprint("views", "app")
blueprint.get("/<name>")(lambda name: name)
app.register_blueprint(blueprint)
def ask(path):
    started = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "here", "SERVER_PORT": "80"}
    environ |= {"wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
    body = b"".join(app(environ, lambda *told: started.append(told)))
    return started[0][0].split()[0], body.decode()
"""


def test_flask_routes_requests_without_its_command_line_server_and_templates() -> None:
    script = f"""{FLASK}
assert ask("/shop") == ("200", "shop") and ask("/a/b")[0] == "404"
print(*sorted({{"click.core", "http.server", "jinja2.environment", "jinja2.compiler"}} & sys.modules.keys()))
"""
    assert run(script) == ""


def test_jinja_is_there_when_it_is_asked_for() -> None:
    script = f"""{FLASK}
from jinja2 import DictLoader, Environment
print(Environment(loader=DictLoader({{"a": "{{{{ 1 + 1 }}}}"}}), autoescape=True).get_template("a").render())
"""
    assert run(script) == "2"


def test_stand_ins_have_names_of_the_modules_for_which_they_stand() -> None:
    for name, left in STAND_INS.items():
        module = import_module(name)
        assert all(hasattr(module, attribute) for attribute in left), name


def test_modules_that_are_loaded_already_stay() -> None:
    script = """
import click, flask
from analytics.internals.packages import defer_packages
defer_packages()
print(click.Group.__name__, flask.render_template.__module__, flask.cli.AppGroup.__name__)
"""
    assert run(script) == "Group flask.templating AppGroup"
