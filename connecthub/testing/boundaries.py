"""What a plugin may import, read off its files: nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_CLIENT = "reach outside systems through a client of connecthub.integrations"
_ROOMS = "a plugin sees connecthub.jobs and connecthub.integrations, nothing else of ConnectHub"
_PROCESS = "do it in Python: a run is one process, which is stopped and counted as one"
_STORE = "a plugin has no database and no queue: return what is to be kept, or hand it to an outside system"

FORBIDDEN = {
    "connecthub.alerts": _ROOMS,
    "connecthub.cli": _ROOMS,
    "connecthub.control": _ROOMS,
    "connecthub.core": _ROOMS,
    "connecthub.db": _ROOMS,
    "connecthub.plugins": _ROOMS,
    "connecthub.runner": _ROOMS,
    "connecthub.schedule": _ROOMS,
    "connecthub.security": _ROOMS,
    "connecthub.service": _ROOMS,
    "connecthub.ssh": _ROOMS,
    "connecthub.tasks": _ROOMS,
    "aiohttp": _CLIENT,
    "ctypes": "a run shares nothing with C libraries of its own choice: use a Python package",
    "ftplib": _CLIENT,
    "http": _CLIENT,
    "httpx": _CLIENT,
    "huey": _STORE,
    "imaplib": _CLIENT,
    "multiprocessing": _PROCESS,
    "paramiko": _CLIENT,
    "poplib": _CLIENT,
    "psycopg": _STORE,
    "redis": _STORE,
    "requests": _CLIENT,
    "smtplib": _CLIENT,
    "socket": _CLIENT,
    "sqlalchemy": _STORE,
    "sqlite3": _STORE,
    "ssl": f"{_CLIENT}; an authority of your own is its ca_file",
    "subprocess": _PROCESS,
    "telnetlib": _CLIENT,
    "urllib": f"{_CLIENT}; parts of a query are its params",
    "urllib3": _CLIENT,
    "xmlrpc": _CLIENT,
}
"""Modules that no plugin imports, and what to do instead; pyproject.toml holds the extensions of this repository to
the same list."""
FORBIDDEN_CALLS = {
    re.compile(r"os\.(system|popen|fork|forkpty|posix_spawnp?|spawn\w+|exec\w+)"): _PROCESS,
    re.compile(r"asyncio\.create_subprocess_(exec|shell)"): _PROCESS,
    re.compile(r"asyncio\.(open|start)_(unix_)?(connection|server)"): _CLIENT,
}
"""Functions of modules that a plugin may import otherwise."""
NO_PYTHON = "is no Python"
FOR_TESTS = "connecthub.testing"
"""What a plugin's tests import and the plugin does not."""


@dataclass(frozen=True)
class Breach:
    """An import that a plugin may not have."""

    file: Path
    line: int
    text: str


def is_test(file: Path) -> bool:
    """Whether a file of a plugin holds tests, by its name."""
    return file.name.startswith("test_") or file.name.endswith("_test.py") or file.name == "conftest.py"


def breaches(files: Sequence[Path], extensions_dir: Path) -> list[Breach]:
    """The forbidden imports of a plugin's files, and the files that cannot be read as Python."""
    return [breach for file in files for breach in _of_file(file, extensions_dir)]


def _of_file(file: Path, extensions_dir: Path) -> Iterator[Breach]:
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        yield Breach(file, error.lineno or 1, f"{NO_PYTHON}: {error.msg}; mend it")
        return
    except (OSError, ValueError) as error:
        yield Breach(file, 1, f"cannot be read ({error}); make it a Python file in UTF-8")
        return
    package = file.relative_to(extensions_dir).parent.parts
    nodes = list(ast.walk(tree))
    modules = dict(pair for node in nodes if isinstance(node, ast.Import) for pair in _bound(node))
    for node in nodes:
        line = getattr(node, "lineno", 1)
        for name in _imported(node, package):
            if remedy := _remedy(name, is_test(file)):
                yield Breach(file, line, f"imports {name}; {remedy}")
                break
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            name = f"{modules[node.value.id]}.{node.attr}"
            if remedy := _remedy_of_call(name):
                yield Breach(file, line, f"uses {name}; {remedy}")


def _bound(node: ast.Import) -> Iterator[tuple[str, str]]:
    """The names that an import gives to modules, with the modules'."""
    for alias in node.names:
        module = alias.name if alias.asname else alias.name.partition(".")[0]
        yield alias.asname or module, module


def _imported(node: ast.AST, package: tuple[str, ...]) -> list[str]:
    """The full names of what a statement imports; of `from a import b` both `a` and `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else ()
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and _called(node) in ("__import__", "import_module") and node.args:
        first = node.args[0]
        return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
    return []


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _remedy(name: str, in_test: bool) -> str | None:
    if not in_test and _within(name, FOR_TESTS):
        return "it is for tests: move the import to a file named test_*.py"
    named = (remedy for module, remedy in FORBIDDEN.items() if _within(name, module))
    return next(named, None) or _remedy_of_call(name)


def _remedy_of_call(name: str) -> str | None:
    return next((remedy for calls, remedy in FORBIDDEN_CALLS.items() if calls.fullmatch(name)), None)


def _within(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")
