"""What `plugin check` is to look at: from a module, a folder's package or a handler to files and modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connecthub.errors import PluginNotFound
from connecthub.plugins.discover import plugin_modules
from connecthub.plugins.manager import dotted, split_handler
from connecthub.testing.boundaries import is_test


@dataclass(frozen=True)
class Target:
    """A plugin as it lies on the disk."""

    files: list[Path]
    """Its Python files, tests included."""
    modules: list[str]
    """Its modules, tests left out."""
    folder: Path
    """The folder of its files."""
    handler: str | None
    """The one plugin that is meant; None: each that the modules have."""

    def shown(self, where: str) -> str:
        """A place in its files as people write it."""
        return where.removeprefix(f"{Path.cwd()}/")


def find_target(name: str, packages: Sequence[str], extensions_dir: Path) -> Target:
    """Find `extensions.demo_job`, `extensions.demo_job.job` or `extensions.demo_job.job:DemoJob` by its files, as they
    are; nothing is imported. Raises PluginNotFound."""
    if "/" in name:
        raise PluginNotFound(f"{name!r} is a path; write {dotted(name.removeprefix(f'{extensions_dir}/'))}")
    above = name.rpartition(".")[0]
    is_handler = ":" in name or (
        not _place(name, extensions_dir) and (_place(above, extensions_dir) or Path()).is_file()
    )
    module = split_handler(name, packages)[0] if is_handler else name
    handler = f"{module}:{name.rpartition(':' if ':' in name else '.')[2]}" if is_handler else None
    if not any(module == package or module.startswith(f"{package}.") for package in packages):
        raise PluginNotFound(
            f"{name!r} is outside the allowed packages ({', '.join(packages)}); "
            "move it there or add its package to PLUGIN_PACKAGES"
        )
    found = _place(module, extensions_dir)
    if found is None:
        path = extensions_dir.joinpath(*module.split("."))
        raise PluginNotFound(f"no module {module!r}: there is neither {path}.py nor a folder {path}; check the name")
    folder = found if found.is_dir() else found.parent
    alone = found.is_file() and module.count(".") < 2  # at the top of a package: no folder of its own
    files = [found] if alone else sorted(each for each in folder.rglob("*.py") if "__pycache__" not in each.parts)
    modules = _modules(module, extensions_dir) if found.is_dir() else [module]
    return Target(files, modules, folder, handler)


def _place(module: str, extensions_dir: Path) -> Path | None:
    path = extensions_dir.joinpath(*module.split("."))
    file = path.with_name(f"{path.name}.py")
    if file.is_file():
        return file
    return path if path.is_dir() else None


def _modules(package: str, extensions_dir: Path) -> list[str]:
    names = plugin_modules(extensions_dir, [package])
    return [package, *(name for name in names if not is_test(Path(f"{name.rpartition('.')[2]}.py")))]
