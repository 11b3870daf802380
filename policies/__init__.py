"""The built-in dunning policies and the rules that assign them, as TOML files beside this one."""

from importlib.resources import files

ASSIGNMENT = "assignment.toml"


def builtin_policy_texts() -> dict[str, str]:
    """File name to TOML text of every built-in policy."""
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml") and entry.name != ASSIGNMENT
    }


def assignment_text() -> str:
    """TOML text of the built-in assignment rules."""
    return (files(__name__) / ASSIGNMENT).read_text("utf-8")
