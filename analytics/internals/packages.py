"""Loads packages without the parts that a server does not use, such as their clients and asyncio variants.

Verified with werkzeug 3.1.9 and simple-websocket 1.1.0 and python-engineio 4.15.1 and python-socketio 5.18.1. The
service relies on these:

- The `__init__` of each package only imports names from its modules: all of them, and with those asyncio and requests,
  which take 7 MB in all.
- The modules that servers use import each other, but not the package, except for what `USED` lists.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

USED: Mapping[str, Mapping[str, str]] = {
    "werkzeug": {"run_simple": "serving"},
    "simple_websocket": {"Server": "ws", "ConnectionClosed": "errors"},
    "engineio": {"Server": "server"},
    "socketio": {"Server": "server"},
}
"""Names that servers use of each package, and the modules that define them."""


class _Package(ModuleType):
    """A package whose modules are loaded for the names in `USED`, and its `__init__` for any other name."""

    def __getattr__(self, name: str) -> Any:
        module = USED[self.__name__].get(name)
        if module is not None:
            return getattr(import_module(f"{self.__name__}.{module}"), name)
        if name.startswith("__") or find_spec(f"{self.__name__}.{name}") is not None:
            raise AttributeError(name)  # the import system imports the module then
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def defer_packages() -> None:
    """Import the packages of `USED`, without loading anything of them before it is first used."""
    for name in USED:
        if name in sys.modules:
            continue
        spec = find_spec(name)
        assert spec is not None
        package = sys.modules[name] = module_from_spec(spec)
        package.__class__ = _Package
