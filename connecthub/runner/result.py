"""What a run returned, as JSON text: kept also where it is none, for its work is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connecthub.core.redact import Redactor

RESULT_MAX = 64 * 1024
"""Characters of a result that are kept."""
SENT_MAX = 1024 * 1024
"""Characters that a child sends of a result: more than is kept, for secrets are masked before the cut."""


def encode_result(result: Any) -> dict[str, Any]:
    """The child's part of an answer: `result` (JSON text, or a `repr`), its `characters`, and `no_json`, the reason."""
    try:
        text, no_json = json.dumps(result, ensure_ascii=True, allow_nan=False), None
    except (TypeError, ValueError, RecursionError) as error:
        text, no_json = _repr_of(result), type(error).__name__
    return {"result": text[:SENT_MAX], "characters": len(text), "no_json": no_json}


def finished_result(answer: Mapping[str, Any], redactor: Redactor) -> tuple[str | None, str | None]:
    """The result as it is kept, masked, always JSON text or None; and a warning, where it is not what was returned."""
    text = answer.get("result")
    if not isinstance(text, str) or text == "null":
        return None, None
    characters = answer.get("characters") or len(text)
    if len(text) < characters:  # the child cut it, perhaps through a secret
        text = text[: max(0, len(text) - redactor.longest)]
    elif answer.get("no_json") is None:
        text = _masked_json(text, redactor)
        if len(text) <= RESULT_MAX:
            return text, None
        return _cut(text, characters)
    text = redactor.redact(text)
    if answer.get("no_json") is None or len(text) > RESULT_MAX:
        return _cut(text, characters)
    return json.dumps({"repr": text}), f"the result is no JSON ({answer['no_json']}): its repr is kept"


def _cut(text: str, characters: int) -> tuple[str, str]:
    kept = json.dumps({"cut": text[:RESULT_MAX], "characters": characters})
    return kept, f"the result has {characters} characters: the first {RESULT_MAX} are kept"


def _masked_json(text: str, redactor: Redactor) -> str:
    """Mask inside the values and keys, so that what is kept stays JSON."""
    try:
        return json.dumps(_masked(json.loads(text), redactor), ensure_ascii=True)
    except (ValueError, RecursionError):
        return json.dumps({"repr": redactor.redact(text)})


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {redactor.redact(key): _masked(item, redactor) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, redactor) for item in value]
    if isinstance(value, str):
        return redactor.redact(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = json.dumps(value)
        return value if redactor.redact(shown) == shown else redactor.redact(shown)
    return value


def _repr_of(result: Any) -> str:
    try:
        return repr(result)
    except Exception:
        return f"<unprintable {type(result).__name__}>"
