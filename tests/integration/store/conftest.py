"""What the ledger's tests share."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.fixtures.ledger import Book, make_book


@pytest.fixture
def book(engine: Engine) -> Book:
    """A company, a customer, invoices F-1 and F-2 of 100.00 EUR with open cases."""
    return make_book(engine)
