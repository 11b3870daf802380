"""How reads answer."""

from __future__ import annotations

from fastapi.responses import Response
from pydantic import BaseModel


def answer(model: BaseModel) -> Response:
    """A model as JSON: it is one already, and is not checked again."""
    return Response(model.model_dump_json(), media_type="application/json")
