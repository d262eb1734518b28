"""Loads packages without the parts that a server does not use, such as their clients and asyncio variants.

Verified with python-socketio 5.18.1 and python-engineio 4.15.1 and simple-websocket 1.1.0. The service relies on these:

- The `__init__` of each package only imports names from its modules: all of them, and with those asyncio and requests,
  which take 7 MB in all.
- The modules that servers use import each other, but not the package, except for what `SERVERS` lists.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

SERVERS: Mapping[str, Mapping[str, str]] = {
    "simple_websocket": {"Server": "ws", "ConnectionClosed": "errors"},
    "engineio": {"Server": "server"},
    "socketio": {"Server": "server"},
}
"""What servers use of each package, and the modules that define it; a package comes after those that it imports."""


class _Package(ModuleType):
    """A package whose `__init__` runs only when a name is asked for that is missing and not a module of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or find_spec(f"{self.__name__}.{name}") is not None:
            raise AttributeError(name)  # the import system imports the module then
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def load_servers() -> None:
    """Load what servers use of `SERVERS`; everything else of these packages is loaded when it is first used."""
    for name, used in SERVERS.items():
        if name in sys.modules:
            continue
        spec = find_spec(name)
        assert spec is not None
        package = sys.modules[name] = module_from_spec(spec)
        package.__class__ = _Package
        for attribute, module in used.items():
            setattr(package, attribute, getattr(import_module(f"{name}.{module}"), attribute))
