"""The fingerprint of the workflows: which commands their code makes, in the order it stands there.

A run that was started months ago is replayed with today's code. A command more, one less, or in another
order stops it. Replaying committed histories finds that where a history passes by; this finds it everywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import workflows

COMMANDS = Path(__file__).with_name("commands.json")

_MAKES_COMMANDS = {
    "call_ledger",
    "continue_as_new",
    "deprecate_patch",
    "execute_activity",
    "execute_child_workflow",
    "execute_local_activity",
    "patched",
    "sleep",
    "start_activity",
    "start_child_workflow",
    "start_local_activity",
    "upsert_memo",
    "upsert_search_attributes",
    "wait_condition",
}
_OWN = {"_match_all", "_review", "_show", "_sleep", "call_ledger"}
_TURNS = (ast.If, ast.While, ast.For, ast.Try, ast.Return, ast.Raise, ast.Continue, ast.Break)


def commands() -> dict[str, list[str]]:
    """By `module.function`: its turns and the commands between them, in source order."""
    found = {}
    for path in sorted(Path(workflows.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = list(_lines(node))
                if lines:
                    found[f"{path.stem}.{node.name}"] = lines
    return found


def _lines(function: ast.AST) -> Iterator[str]:
    calls = [
        (node.lineno, node.col_offset, text)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and (text := _command(node)) is not None
    ]
    turns = [
        (node.lineno, node.col_offset, _turn(node)) for node in ast.walk(function) if isinstance(node, _TURNS)
    ]
    if not calls:
        return
    for _, _, text in sorted(calls + turns):
        yield text


def _command(call: ast.Call) -> str | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in _MAKES_COMMANDS | _OWN:
        return None
    named = [repr(arg.value) for arg in call.args if isinstance(arg, ast.Constant)]
    timed = ["timeout" for keyword in call.keywords if keyword.arg == "timeout"]
    return f"{name}({', '.join(named + timed)})"


def _turn(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"{type(node).__name__.lower()} {ast.unparse(node.test)}"
    if isinstance(node, ast.For):
        return f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
    return type(node).__name__.lower()
