"""The archive that proves a message: its bytes, what was told of it, and a page that anybody can read.

The same message and events give the same bytes, whoever makes the archive and whenever.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from activities.rendering.formats import NBSP, Formats
from admin.queries.proof import Evidence, Proof, ProofFile, described

SUMMARY, FACTS, EVENTS, MANIFEST = "summary.txt", "proof.json", "events.json", "manifest.json"

_WORDS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "fr": {
            "title": "Preuve d’un message",
            "creditor": "Créancier",
            "customer": "Client",
            "message": "Message",
            "channel": "Canal",
            "from": "De",
            "to": "À",
            "cc": "Copie à",
            "subject": "Objet",
            "quoted": "Solde réclamé",
            "policy": "Scénario de relance",
            "invoices": "Factures concernées",
            "due": "échéance",
            "composed": "Rédigé le",
            "left": "Parti le",
            "status": "État",
            "delivery": "Dernière nouvelle",
            "provider": "Prestataire et son numéro",
            "hash": "Empreinte SHA-256 du message conservé",
            "same": "recalculée à l’instant : identique",
            "postings": "Envois en recommandé",
            "posted": "déposé le",
            "ended": {
                "delivered": "distribué le",
                "refused": "refusé le",
                "unclaimed": "non réclamé, revenu le",
                "returned": "revenu le",
            },
            "events": "Ce que le prestataire a signalé",
            "journal": "Ce que Relance a noté",
            "none": "rien",
            "told": "signalé le",
            "files": "Fichiers de cette archive (SHA-256)",
            "note": "Les heures sont données en temps universel (UTC). «\u00a0Parti\u00a0» veut dire\u00a0: "
            "pris en charge par le prestataire. Seule la mention «\u00a0delivered\u00a0» dit que le serveur "
            "ou l’opérateur du destinataire l’a reçu.",
        },
        "en": {
            "title": "Proof of a message",
            "creditor": "Creditor",
            "customer": "Customer",
            "message": "Message",
            "channel": "Channel",
            "from": "From",
            "to": "To",
            "cc": "Copy to",
            "subject": "Subject",
            "quoted": "Balance asked for",
            "policy": "Dunning policy",
            "invoices": "Invoices it was about",
            "due": "due",
            "composed": "Composed on",
            "left": "Left on",
            "status": "Status",
            "delivery": "Last news",
            "provider": "Provider and its id",
            "hash": "SHA-256 of the message as kept",
            "same": "calculated again just now: the same",
            "postings": "Registered postings",
            "posted": "deposited on",
            "ended": {
                "delivered": "delivered on",
                "refused": "refused on",
                "unclaimed": "unclaimed, back on",
                "returned": "back on",
            },
            "events": "What the provider told",
            "journal": "What Relance noted",
            "none": "nothing",
            "told": "told on",
            "files": "Files of this archive (SHA-256)",
            "note": "Times are UTC. “Left” means that the provider took it. Only “delivered” says that the "
            "recipient’s server or carrier has received it.",
        },
    }
)


def archive(evidence: Evidence) -> bytes:
    """The proof as a ZIP: the stored bytes, their text, files and events, a readable page, and a manifest.

    The manifest names every other file with its size and SHA-256.
    """
    proof = evidence.proof
    facts = proof.model_dump(mode="json", exclude={"files", "events"})
    events = [event.model_dump(mode="json") for event in proof.events]
    parts = [
        *((file, body) for file, body in zip(proof.files, evidence.bodies, strict=True)),
        _part(FACTS, "application/json", _json(facts)),
        _part(EVENTS, "application/json", _json(events)),
    ]
    parts.insert(0, _part(SUMMARY, "text/plain", summary(evidence, [file for file, _ in parts]).encode()))
    manifest = {
        "communication": str(proof.id),
        "files": [file.model_dump(mode="json") for file, _ in parts],
    }
    parts.append(_part(MANIFEST, "application/json", _json(manifest)))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for file, body in parts:
            packed.writestr(_entry(file.name, proof.planned_at), body)
    return written.getvalue()


def summary(evidence: Evidence, files: list[ProofFile]) -> str:
    """The page to read, in the creditor's language: French, or English for any other."""
    proof = evidence.proof
    language = "fr" if evidence.language.startswith("fr") else "en"
    words, say = _WORDS[language], Formats(language)
    colon = f"{NBSP}: " if language == "fr" else ": "

    def line(name: str, value: str | None) -> list[str]:
        return [f"{words[name]}{colon}{value}"] if value else []

    amounts = ", ".join(say.money(Decimal(sum_), code) for code, sum_ in sorted(proof.balance_quoted.items()))
    lines = [
        words["title"],
        "=" * len(words["title"]),
        "",
        *line("creditor", f"{proof.company_name} ({proof.company})"),
        *(line("customer", f"{proof.customer_name} ({proof.customer})") if proof.customer else ()),
        *line("message", f"{proof.id}, {proof.kind}" + (f", {proof.step}" if proof.step else "")),
        *line("channel", proof.channel),
        *line("from", proof.from_address),
        *line("to", proof.to_address + (f" ({proof.to_name})" if proof.to_name else "")),
        *line("cc", ", ".join(proof.cc)),
        *line("subject", proof.subject),
        *line("quoted", amounts),
        *line("policy", proof.policy),
        *line("composed", _moment(proof.planned_at)),
        *line("left", _moment(proof.sent_at) if proof.sent_at else None),
        *line("status", proof.status + (f" ({proof.error})" if proof.error else "")),
        *line("delivery", proof.delivery),
        *line("provider", " ".join(filter(None, (proof.provider, proof.provider_id)))),
        *line("hash", f"{proof.content_hash} ({words['same']})"),
        "",
        words["invoices"],
        *(f"- {each.invoice}, {words['due']} {say.day(each.due_on)}" for each in proof.invoices),
        *([] if proof.invoices else [f"- {words['none']}"]),
        "",
        *_postings(proof, words, say),
        words["events"],
        *(
            f"- {_moment(event.at)}{colon}{event.kind}"
            + "".join(f"; {name} {value}" for name, value in sorted(event.detail.items()))
            + f" ({words['told']} {_moment(event.received_at)})"
            for event in proof.events
        ),
        *([] if proof.events else [f"- {words['none']}"]),
        "",
        words["journal"],
        *(
            f"- {_moment(each.at)}{colon}{each.what}" + (f" ({each.why})" if each.why else "")
            for each in proof.journal
        ),
        *([] if proof.journal else [f"- {words['none']}"]),
        "",
        words["files"],
        *(f"- {file.name}{colon}{file.sha256}" for file in files),
        "",
        words["note"],
        "",
    ]
    return "\n".join(lines)


def _postings(proof: Proof, words: Mapping[str, Any], say: Formats) -> list[str]:
    """Of a letter: under which number it was posted, and when it was received or came back."""
    if not proof.postings:
        return []
    lines = []
    for each in proof.postings:
        told = [each.number or each.provider_letter or "", each.product or ""]
        if each.posted_on is not None:
            told.append(f"{words['posted']} {say.day(each.posted_on)}")
        if each.outcome is not None and each.ended_on is not None:
            told.append(f"{words['ended'][each.outcome]} {say.day(each.ended_on)}")
        lines.append("- " + ", ".join(filter(None, told)))
    return [words["postings"], *lines, ""]


def file_name(proof: Proof) -> str:
    """What the archive is called."""
    return f"proof-{proof.id}.zip"


def _part(name: str, media_type: str, body: bytes) -> tuple[ProofFile, bytes]:
    return described(name, media_type, body), body


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    """An entry dated as the message, not as the archive: the same proof has the same bytes."""
    # What ZIP can write begins in 1980.
    year = max(at.year, 1980)
    entry = zipfile.ZipInfo(name, (year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
