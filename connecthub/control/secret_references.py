"""The values of secrets that a file of jobs refers to."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connecthub.control.job_files import SecretReference
from connecthub.errors import ConfigError

VALUE_MAX = 1024 * 1024
"""Characters of one secret."""


@dataclass
class SecretSources:
    """Where references are looked up; `open_files` are those that other users may read."""

    folder: Path
    """What the paths of files are seen from."""
    environ: Mapping[str, str] = field(repr=False)
    open_files: set[Path] = field(default_factory=set)

    def value(self, reference: SecretReference) -> str:
        """The secret that a `file` or `env` reference names; no message repeats a value. Raises ConfigError."""
        value = self._of_file(reference.place) if reference.kind == "file" else self._of_variable(reference.place)
        if not value:
            raise ConfigError(f"{reference.kind} {reference.place!r} is empty; put the secret there")
        return value

    def _of_variable(self, name: str) -> str:
        if name not in self.environ:
            raise ConfigError(f"no variable {name!r} in the environment; set it for this command")
        return self.environ[name]

    def _of_file(self, place: str) -> str:
        path = self.folder / Path(place).expanduser()
        try:
            with path.open(encoding="utf-8", newline="") as file:
                value = file.read(VALUE_MAX + 1)
            if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
                self.open_files.add(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise ConfigError(f"file {str(path)!r} cannot be read: {why}; put the secret there") from None
        if len(value) > VALUE_MAX:
            raise ConfigError(f"file {str(path)!r} holds more than {VALUE_MAX} characters; shorten it")
        return value.removesuffix("\n").removesuffix("\r")
