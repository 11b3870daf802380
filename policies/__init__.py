"""The built-in dunning policies and the rules that assign them, as TOML files beside this one."""

from functools import lru_cache
from importlib.resources import files

from rules.policy import Assignment, Policy, parse_assignment, parse_policy

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


@lru_cache(maxsize=1)
def builtin_policies() -> dict[str, Policy]:
    """The built-in policies by key."""
    found = [parse_policy(text, name) for name, text in builtin_policy_texts().items()]
    return {policy.key: policy for policy in found}


@lru_cache(maxsize=1)
def builtin_assignment() -> Assignment:
    """The built-in rules that pick a policy for an invoice."""
    return parse_assignment(assignment_text(), ASSIGNMENT, frozenset(builtin_policies()))
