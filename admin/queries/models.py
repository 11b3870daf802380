"""What every answer is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[Decimal, Field(description="In the currency named beside it", examples=["1234.56"])]


class Answer(BaseModel):
    """Base of what reads return."""

    model_config = ConfigDict(from_attributes=True)
