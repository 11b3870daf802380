"""The command line, `relance`."""

from admin.cli.main import app, main

__all__ = ["app", "main"]
