"""The credit manager's console: pages in the browser over the same reads and changes as the API."""

from admin.console.app import console_of
from admin.console.render import PREFIX

__all__ = ["PREFIX", "console_of"]
