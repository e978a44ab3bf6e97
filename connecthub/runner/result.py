"""What a run returned, as JSON text: kept also where it is none, for its work is done."""

from __future__ import annotations

import json
import logging
from typing import Any

RESULT_MAX = 64 * 1024
"""Characters of a result that are kept."""

logger = logging.getLogger(__name__)


def encode_result(result: Any) -> dict[str, Any]:
    """`{"result": JSON text}`; of what is no JSON its `repr`, of what is too long its beginning, with a warning."""
    if result is None:
        return {"result": None}
    try:
        text = json.dumps(result, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        logger.warning("the result is no JSON (%s): its repr is kept", type(error).__name__)
        return {"result": json.dumps({"repr": _repr_of(result)})}
    if len(text) > RESULT_MAX:
        logger.warning("the result has %d characters: the first %d are kept", len(text), RESULT_MAX)
        return {"result": json.dumps({"cut": text[:RESULT_MAX], "characters": len(text)})}
    return {"result": text}


def _repr_of(result: Any) -> str:
    try:
        return repr(result)[:RESULT_MAX]
    except Exception:
        return f"<unprintable {type(result).__name__}>"
