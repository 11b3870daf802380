"""The built-in dunning policies, the rules that assign them, and reference rates, as TOML files."""

from functools import lru_cache
from importlib.resources import files

from rules.interest import RateTable, parse_rates
from rules.policy import Assignment, Policy, parse_assignment, parse_policy

ASSIGNMENT = "assignment.toml"
RATES = "rates.toml"


def builtin_policy_texts() -> dict[str, str]:
    """File name to TOML text of every built-in policy."""
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml") and entry.name not in (ASSIGNMENT, RATES)
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


@lru_cache(maxsize=1)
def builtin_rates() -> RateTable:
    """The reference rates that are known with this version."""
    return RateTable(parse_rates((files(__name__) / RATES).read_text("utf-8"), RATES))
