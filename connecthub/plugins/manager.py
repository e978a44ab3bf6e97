"""From a handler path to a plugin class. `load_plugin` runs the plugin's import: call it in a runner's child only."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from connecthub.errors import PluginImportError, PluginInvalid, PluginNotFound
from connecthub.jobs.base import BaseJob

_NAME = r"(?!__)[^\W\d]\w*"
_HANDLER = re.compile(rf"(?P<module>{_NAME}(?:\.{_NAME})*)[:.](?P<cls>{_NAME})\Z")
HANDLER_MAX = 256


def split_handler(handler_path: str, packages: Sequence[str]) -> tuple[str, str]:
    """Module and class of `pkg.mod:Class` or the old `pkg.mod.Class`, without importing anything.

    Raises PluginNotFound for another form, and for a module outside the allowed packages.
    """
    match = _HANDLER.match(handler_path) if len(handler_path) <= HANDLER_MAX else None
    if match is None:
        shown = handler_path[:HANDLER_MAX]
        form = dotted(shown) if "/" in shown and ":" in shown else "package.module:Class"
        raise PluginNotFound(f"handler {shown!r} is no handler path; write {form}")
    module = match["module"]
    if not any(module == package or module.startswith(package + ".") for package in packages):
        allowed = ", ".join(packages)
        raise PluginNotFound(
            f"handler {handler_path!r} is outside the allowed packages ({allowed}); "
            "move it there or add its package to PLUGIN_PACKAGES"
        )
    return module, match["cls"]


def dotted(path: str) -> str:
    """`extensions.demo.job:Demo` of extensions/demo/job.py:Demo."""
    file, colon, name = path.partition(":")
    return file.removeprefix("./").strip("/").removesuffix(".py").replace("/", ".") + colon + name


def load_plugin(handler_path: str, packages: Sequence[str], extensions_dir: str) -> type[BaseJob]:
    """Import the plugin class, `extensions_dir` first on the import path.

    Raises PluginNotFound, PluginImportError (with the plugin's own traceback) or PluginInvalid.
    """
    module_name, class_name = split_handler(handler_path, packages)
    module = load_module(module_name, extensions_dir)
    found = getattr(module, class_name, None)
    if found is None:
        raise PluginNotFound(f"no class {class_name!r} in {module_name}{_suggestion(module, class_name)}")
    if not (inspect.isclass(found) and issubclass(found, BaseJob)):
        raise PluginInvalid(f"{handler_path} is no BaseJob; write class {class_name}(BaseJob) with a run method")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise PluginInvalid(f"{handler_path} is abstract: it does not define {missing}; write it, with this name")
    if fault := model_fault(found):
        raise PluginInvalid(f"{handler_path}: {fault}")
    return found


def model_fault(plugin: type[BaseJob]) -> str:
    """What is wrong where Params or Secrets are no models; empty where they are, or are left out."""
    for name in ("Params", "Secrets"):
        model = getattr(plugin, name)
        if model is not None and not (inspect.isclass(model) and issubclass(model, BaseModel)):
            return f"{name} must be a pydantic model; write class {name}(BaseModel), or leave it out for a plain dict"
    return ""


def load_module(module_name: str, extensions_dir: str) -> ModuleType:
    """Import a module of plugins, `extensions_dir` first on the path; raises PluginNotFound, PluginImportError."""
    sys.path[:] = [extensions_dir, *(path for path in sys.path if path != extensions_dir)]
    importlib.invalidate_caches()
    return _import_module(module_name, extensions_dir)


def _import_module(module_name: str, extensions_dir: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise PluginNotFound(_not_found(module_name, error.name, extensions_dir)) from None
        raise _import_error(module_name, error) from None
    except BaseException as error:  # a plugin may call sys.exit at import
        raise _import_error(module_name, error) from None


def _not_found(module_name: str, missing: str, extensions_dir: str) -> str:
    path = Path(extensions_dir, *missing.split("."))
    package = Path(extensions_dir, missing.split(".")[0])
    if (path.is_dir() or path.with_suffix(".py").is_file()) and not (package / "__init__.py").exists():
        return f"no module {missing!r}: {package} is hidden by an installed package; add an empty __init__.py to it"
    file = path.with_suffix(".py")
    if file.is_symlink() and not file.exists():
        return f"no module {missing!r}: {file} is a link into nowhere; mend or remove it"
    if file.exists() and not file.is_file():
        return f"no module {missing!r}: {file} is no regular file; remove it or give it another name"
    of = f" (of {module_name})" if missing != module_name else ""
    return f"no module {missing!r}{of} under EXTENSIONS_DIR {extensions_dir}"


def _import_error(module_name: str, error: BaseException) -> PluginImportError:
    own = traceback.TracebackException.from_exception(error)
    skip = next((i for i, frame in enumerate(own.stack) if not _is_machinery(frame.filename)), len(own.stack))
    own.stack = traceback.StackSummary.from_list(own.stack[skip:])
    place = (own.stack[-1].filename, own.stack[-1].lineno) if own.stack else None
    if isinstance(error, SyntaxError):  # its own place, and not as the first line of what is said of it
        place = (error.filename, error.lineno) if error.filename else None
        reason = f"{type(error).__name__}: {error.msg}"
    else:
        reason = next(iter(own.format_exception_only()), type(error).__name__).strip().splitlines()[-1]
    where = f" at {place[0]}:{place[1]}" if place else ""
    return PluginImportError(f"import of {module_name} raised {reason}{where}", "".join(own.format()))


def _is_machinery(filename: str) -> bool:
    return filename.startswith("<frozen importlib") or filename in (__file__, importlib.__file__)


def _suggestion(module: ModuleType, class_name: str) -> str:
    names = [name for name, value in vars(module).items() if inspect.isclass(value) and issubclass(value, BaseJob)]
    names = [name for name in names if name != "BaseJob"]
    close = difflib.get_close_matches(class_name, names, n=1) or names[:3]
    return f"; it has {', '.join(close)}" if close else "; it has no BaseJob"


def plugin_files(plugin: type[BaseJob]) -> list[Path]:
    """The plugin's own Python files: its folder, or its one module where that lies at the top of a package."""
    module_file = Path(inspect.getfile(plugin)).resolve()
    if plugin.__module__.count(".") < 2:
        return [module_file]
    return sorted(path for path in module_file.parent.rglob("*.py") if "__pycache__" not in path.parts)


def plugin_version(plugin: type[BaseJob]) -> str:
    """Twelve hex digits over the names and bytes of the plugin's files."""
    digest = hashlib.blake2b(digest_size=6)
    folder = Path(inspect.getfile(plugin)).resolve().parent
    for path in plugin_files(plugin):
        try:
            if not path.is_file():  # reading a named pipe would wait for ever
                continue
            content = path.read_bytes()
        except OSError:  # an editor's lock, a dangling link: no part of the plugin
            continue
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()
