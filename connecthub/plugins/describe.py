"""What a plugin says of itself, as data; run in a child, like all that imports a plugin."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from connecthub.errors import InvalidSettings
from connecthub.jobs.base import BaseJob
from connecthub.plugins.manager import plugin_version


def describe(plugin: type[BaseJob]) -> dict[str, Any]:
    """Doc, version, examples and the JSON schemas of params and secrets (None where the plugin takes plain dicts)."""
    return {
        "doc": inspect.cleandoc(plugin.__doc__ or ""),
        "version": plugin_version(plugin),
        "params_schema": plugin.Params.model_json_schema() if plugin.Params else None,
        "secrets_schema": plugin.Secrets.model_json_schema() if plugin.Secrets else None,
        "examples": to_jsonable_python(plugin.examples, fallback=str),
    }


def validated(model: type[BaseModel] | None, values: dict[str, Any], what: str) -> Any:
    """`values` as the plugin's model, or as they are where it has none.

    Raises InvalidSettings with one message per field, each without the value that was refused.
    """
    if model is None:
        return values
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = {
            ".".join([what, *map(str, item["loc"])]): item["msg"]
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        }
    listed = "; ".join(f"{field}: {message}" for field, message in fields.items())
    raise InvalidSettings(listed, fields)


def field_errors(plugin: type[BaseJob], params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, str]:
    """One message per field of params and secrets that breaks the plugin's models; empty where all fit."""
    found: dict[str, str] = {}
    for model, values, what in ((plugin.Params, params, "params"), (plugin.Secrets, secrets, "secrets")):
        try:
            validated(model, values, what)
        except InvalidSettings as error:
            found.update(error.fields)
    return found
