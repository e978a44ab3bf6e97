"""What is wrong with a plugin's models and examples, found by trying them; run in a child, for it runs plugin code."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from connecthub.errors import InvalidSettings
from connecthub.jobs.base import BaseJob
from connecthub.plugins.describe import describe, validated
from connecthub.plugins.manager import model_fault

SECRET_NAME = re.compile(
    r"(?:^|_)(?:passw(?:or)?d|pwd|passphrase|secret|token|credentials?|(?:api|access|app|sign|signing|private)_?key)$",
    re.IGNORECASE,
)
"""Names of fields that hold what nobody may read."""

Problem = tuple[str, str]
"""Where, `file:line`, and what."""


def problems_of(plugin: type[BaseJob]) -> list[Problem]:
    """What is wrong with the plugin's Params, Secrets and examples."""
    if fault := model_fault(plugin):
        return [(line_of(plugin, fault.partition(" ")[0]), fault)]
    found = [*_no_schema(plugin), *_broken_defaults(plugin), *_broken_examples(plugin)]
    for path, model, name, field in _fields(plugin.Secrets):
        found += _readable_secret(path, model, name, field)
    for path, model, name, _ in _fields(plugin.Params):
        if SECRET_NAME.search(name):
            found.append(
                (line_of(model, name), f"{path} in Params would be stored and shown as it is: put it in Secrets")
            )
    return found


def _no_schema(plugin: type[BaseJob]) -> Iterator[Problem]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            describe(plugin)
        except Exception as error:
            first = str(error).partition("\n")[0]
            yield line_of(plugin), f"has no JSON schema for its form: {first}; use types that JSON has"
            return
    for each in told:
        if "JsonSchema" in each.category.__name__:
            yield line_of(plugin), f"{str(each.message).partition(chr(10))[0]}; use a default that JSON has"


def _broken_defaults(plugin: type[BaseJob]) -> Iterator[Problem]:
    for what, model in (("Params", plugin.Params), ("Secrets", plugin.Secrets)):
        if model is None:
            continue
        values, names = {}, {}
        for name, field in model.model_fields.items():
            if not field.is_required():
                key = field.validation_alias if isinstance(field.validation_alias, str) else field.alias or name
                values[key], names[key] = field.get_default(call_default_factory=True, validated_data={}), name
        try:
            model.model_validate(values)
        except ValidationError as error:
            for item in error.errors(include_input=False, include_url=False, include_context=False):
                if item["type"] != "missing":
                    name = names.get(str(item["loc"][0]), str(item["loc"][0])) if item["loc"] else ""
                    told = f"the default of {what}.{name} breaks its own model: {item['msg']}; mend one of them"
                    yield line_of(model, name), told


def _broken_examples(plugin: type[BaseJob]) -> Iterator[Problem]:
    for name, params in plugin.examples.items():
        try:
            validated(plugin.Params, json.loads(json.dumps(params)), "params")
        except InvalidSettings as error:
            yield line_of(plugin, "examples"), f"example {name!r} breaks the model: {error}; mend one of them"
        except TypeError as error:
            yield line_of(plugin, "examples"), f"example {name!r} is no JSON: {error}; write texts, numbers, lists"


def _readable_secret(path: str, model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[Problem]:
    hidden = _holds(field.annotation, SecretStr)
    if SECRET_NAME.search(name) and not hidden and _holds(field.annotation, str):
        yield line_of(model, name), f"{path} is a plain text and would be printed as such: make it a SecretStr"
    default = field.get_default()
    if (hidden or SECRET_NAME.search(name)) and _text_of(default):
        yield line_of(model, name), f"{path} has a default, a secret in the source: take it out"


def _text_of(default: object) -> str:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return default if isinstance(default, str) else ""


def _fields(model: type[BaseModel] | None, prefix: str = "") -> Iterator[tuple[str, type[BaseModel], str, FieldInfo]]:
    """Every field of a model and of the models in it: path, model, name, field."""
    for name, field in (model.model_fields if model else {}).items():
        assert model is not None
        yield f"{prefix}{name}", model, name, field
        for each in _parts(field.annotation):
            if inspect.isclass(each) and issubclass(each, BaseModel) and each is not model:
                yield from _fields(each, f"{prefix}{name}.")


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _parts(each)


def _holds(annotation: Any, wanted: type) -> bool:
    return any(each is wanted for each in _parts(annotation))


def line_of(owner: type, name: str = "") -> str:
    """`file:line` of a class, or of what it gives a name to."""
    try:
        file, (lines, first) = inspect.getsourcefile(owner), inspect.getsourcelines(owner)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ""
    owned: Mapping[str, int] = dict(_names(tree))
    return f"{file}:{first + owned.get(name, 1) - 1}"


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What the class of a tree gives a name to, with the line."""
    for node in tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno
        elif isinstance(node, ast.Assign):
            yield from ((target.id, node.lineno) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
