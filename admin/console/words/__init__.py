"""The console's words by language: every language has the same keys (`tests/console` compares them)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from activities.rendering.formats import typeset_french
from admin.console.words import (
    acts,
    bank_lines,
    dry_run,
    effects,
    en,
    fr,
    imports,
    names,
    policies,
    portfolio,
    reps,
)

# Words of one page or two, French and English side by side: modules with `FRENCH` and `ENGLISH`.
_SUBJECTS: Final[tuple[ModuleType, ...]] = (
    imports,
    bank_lines,
    policies,
    dry_run,
    acts,
    effects,
    names,
    reps,
    portfolio,
)


def _catalogues() -> Mapping[str, Mapping[str, str]]:
    french, english = dict(fr.WORDS), dict(en.WORDS)
    for subject in _SUBJECTS:
        for words, more in ((french, subject.FRENCH), (english, subject.ENGLISH)):
            if again := words.keys() & more.keys():
                raise ValueError(f"named twice: {sorted(again)}")
            words.update(more)
    typeset = {key: typeset_french(text) for key, text in french.items()}
    return MappingProxyType({"fr": MappingProxyType(typeset), "en": MappingProxyType(english)})


CATALOGUES: Final = _catalogues()


def word(language: str, key: str, **values: object) -> str:
    """The text of a key, with its values put in; KeyError for one that no catalogue has."""
    text = CATALOGUES[language][key]
    return text.format(**values) if values else text


def policy_title(language: str, key: str, title: str) -> str:
    """What a policy is called: one of ours, as long as it has the title it came with, in either language."""
    built_in = CATALOGUES["en"].get(f"policy.title.{key}")
    return CATALOGUES[language][f"policy.title.{key}"] if title == built_in else title


def kind(language: str, group: str, name: str) -> str:
    """What a word of ours (`task.phone_call`) is called; the word itself, spaced, where nobody named it."""
    return CATALOGUES[language].get(f"{group}.{name}", name.replace("_", " "))
