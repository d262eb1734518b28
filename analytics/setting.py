"""A setting: its variable, default, converter and description."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from analytics.converters import Converter
from analytics.errors import SettingError

T = TypeVar("T")
HIDDEN = "***"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting. `about` says what it is for; the value of a secret is never shown."""

    variable: str
    group: str
    default: T
    converter: Converter[T]
    about: str
    is_secret: bool = False

    def read(self, environ: Mapping[str, str]) -> T:
        """The value in `environ`, or the default.

        Raises:
            SettingError: one line that names the variable, the value and what is allowed.
        """
        if self.variable not in environ:
            return self.default
        text = environ[self.variable]
        try:
            return self.converter.read(text)
        except ValueError:
            shown = repr(HIDDEN if self.is_secret else self.converter.redact(text))
            raise SettingError(
                f"{self.variable}={shown} is not allowed: {self.about}; "
                f"{self.converter.allowed} (default {self.show(self.default) or 'empty'})"
            ) from None

    def show(self, value: T) -> str:
        """The text of a value, for people."""
        text = self.converter.show(value)
        return HIDDEN if self.is_secret and text else text


@dataclass(frozen=True)
class SettingGroup:
    """Settings that belong together."""

    name: str

    def setting(self, variable: str, default: T, converter: Converter[T], about: str, *, is_secret: bool = False) -> T:
        """Declare a field of `Settings`."""
        setting = Setting(variable, self.name, default, converter, about, is_secret)
        return dataclasses.field(default=default, metadata={"setting": setting}, repr=not is_secret)
