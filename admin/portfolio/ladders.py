"""The policies a portfolio is reckoned under: the built-in ones, or a file to try before publishing it."""

from __future__ import annotations

from pathlib import Path

from admin.portfolio.cells import nearest
from policies import builtin_policies
from rules.policy import Policy, PolicyError, parse_policy


def named_policy(name: str) -> Policy:
    """A built-in policy by its key, or one read from a TOML file by its path.

    Raises:
        PolicyError: there is neither, or the file is not a policy; the text says what and where.
    """
    builtin = builtin_policies()
    if name in builtin:
        return builtin[name]
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        known = ", ".join(sorted(builtin))
        raise PolicyError(
            f"no policy {name!r}{nearest(name, builtin)}: expected one of {known}, or the path of a TOML file"
        )
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name}: not UTF-8: {error.reason} at byte {error.start + 1}") from None
    except OSError as error:
        raise PolicyError(f"{name}: {error.strerror or error}") from None
    return parse_policy(text, name)
