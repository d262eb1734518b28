"""Loads packages without the parts that a server does not use, such as their clients and asyncio variants.

Verified with flask 3.1.3 and jinja2 3.1.6 and msgspec 0.22.0 and numpy 2.4.6 and werkzeug 3.1.9 and
simple-websocket 1.1.0 and python-engineio 4.15.1 and python-socketio 5.18.1. The service relies on these:

- The `__init__` of each package only imports names from its modules: all of them, and with those asyncio and requests,
  which take 7 MB in all.
- The modules that servers use import each other, but not the package, except for what `USED` lists.
- Flask, msgspec and numpy import the modules of `STAND_INS` at their start, and use only the names given there, unless
  the application renders a template with Flask, runs a command of `flask`, asks for a JSON Schema, or calls functions
  of numpy for linear algebra, polynomials, files, complex results, or arrays without their NaNs. With what they
  import, such as click and most of Jinja, they take 6 MB.
- msgspec does without typing_extensions, which takes 0.3 MB, where it is not installed.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

USED: Mapping[str, Mapping[str, str]] = {
    "werkzeug": {},
    "jinja2": {"BaseLoader": "loaders", "FileSystemLoader": "loaders"},
    "simple_websocket": {"Server": "ws", "ConnectionClosed": "errors"},
    "engineio": {"Server": "server"},
    "socketio": {"Server": "server"},
}
"""Names that servers use of each package, and the modules that define them."""


class _Commands:
    """The commands that an application or a blueprint adds to the command `flask`: none."""

    def __init__(self) -> None:
        self.name, self.commands = "", dict[str, Any]()


def _not_loaded(*_: Any, **__: Any) -> Any:
    raise NotImplementedError("The service does not load this part of the package.")


_TEMPLATING = (
    *("DispatchingJinjaLoader", "Environment", "_default_template_ctx_processor"),
    *("render_template", "render_template_string", "stream_template", "stream_template_string"),
)


class _Annotation:
    """What annotates arrays, such as `NDArray[float64]`: nothing reads it at run time."""

    def __class_getitem__(cls, _: Any) -> type[Any]:
        return cls


_NAN_FUNCTIONS = (
    *("nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin"),
    *("nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar"),
)
_FILES = (
    *("fromregex", "genfromtxt", "load", "loadtxt", "packbits", "save", "savetxt", "savez", "savez_compressed"),
    "unpackbits",
)
_POLYNOMIALS = (
    *("poly", "poly1d", "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul", "polysub", "polyval"),
    "roots",
)
STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "click": {},
    "flask.cli": {"AppGroup": _Commands},
    "flask.templating": dict.fromkeys(_TEMPLATING, _not_loaded),
    "msgspec._json_schema": dict.fromkeys(("schema", "schema_components"), _not_loaded),
    "msgspec.inspect": {},
    "msgspec.toml": {},
    "msgspec.yaml": {},
    "numpy._core._add_newdocs": {},
    "numpy._core._add_newdocs_scalars": {},
    "numpy.lib._nanfunctions_impl": {**dict.fromkeys(_NAN_FUNCTIONS, _not_loaded), "__all__": _NAN_FUNCTIONS},
    "numpy.lib._npyio_impl": {**dict.fromkeys(_FILES, _not_loaded), "__all__": _FILES},
    "numpy.lib._polynomial_impl": {**dict.fromkeys(_POLYNOMIALS, _not_loaded), "__all__": _POLYNOMIALS},
    "numpy.lib.npyio": {},
    "numpy.lib.scimath": {},
    "numpy.linalg": {"matrix_power": _not_loaded},
    "numpy.typing": dict.fromkeys(("ArrayLike", "DTypeLike", "NDArray"), _Annotation),
    "werkzeug.serving": {"is_running_from_reloader": lambda: False},
}
"""Modules in whose place empty ones stand, with the names that are left of each."""


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
    """Import the packages of `USED`, so that each part is loaded when it is first used; never load `STAND_INS`."""
    for name in USED:
        if name in sys.modules:
            continue
        spec = find_spec(name)
        assert spec is not None
        package = sys.modules[name] = module_from_spec(spec)
        package.__class__ = _Package
    for name, left in STAND_INS.items():
        if name not in sys.modules:
            module = sys.modules[name] = ModuleType(name, "An empty module in place of the real one.")
            vars(module).update(left)
    _import_without("msgspec", "typing_extensions")
    import_module("numpy").typing = sys.modules["numpy.typing"]  # type: ignore[attr-defined]  # as loading it would


def _import_without(name: str, missing: str) -> None:
    """Import a package as if another one that it can do without were not installed."""
    if missing in sys.modules:
        return
    sys.modules[missing] = None  # type: ignore[assignment]
    try:
        import_module(name)
    finally:
        del sys.modules[missing]
