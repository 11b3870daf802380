"""`/metrics`, scraped from a real worker and reckoned from a real ledger, and the alerts that use them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import migrations
from activities import metrics
from activities.clock import Clock
from admin import metrics as of_ledger
from admin.metrics import ledger_metrics
from admin.stack.ports import free_port
from tests.fixtures.local_stack import ROOT, python, until
from tests.integration.cli.debtors import COMPANY, Debtor, personal_data
from tests.integration.cli.place import Installation

pytestmark = pytest.mark.integration

ONE, TWO = Debtor(1), Debtor(2)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(page: str) -> Samples:
    """Value by name and labels, read as Prometheus reads it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def fresh(place: Installation) -> Samples:
    """The ledger's page, read anew."""
    of_ledger._kept.clear()
    page = ledger_metrics(place.ledger.engine, Clock(place.offset)).decode()
    assert not personal_data(page)
    return parsed(page)


@pytest.mark.slow
def test_a_worker_tells_what_it_did_and_the_sdk_what_it_cost(place: Installation) -> None:
    ours, sdk = (f"127.0.0.1:{free_port()}" for _ in range(2))
    place.load(ONE, TWO)
    with place.worker(RELANCE_METRICS_ADDRESS=ours, RELANCE_SDK_METRICS_ADDRESS=sdk) as process:
        place.sandbox.wait_for(2, 60)
        place.settled()

        def scraped() -> Samples:
            return parsed(httpx.get(f"http://{ours}/metrics", timeout=30).raise_for_status().text)

        until(lambda: value(scraped(), "relance_sweeps_total", outcome="done"), "a sweep")
        found = scraped()
        assert value(found, "relance_messages_total", channel="email", outcome="sent") == 2
        assert value(found, "relance_contacts_total", channel="email", status="sent") == 2
        assert value(found, "relance_contact_seconds_count", channel="email") == 2
        assert value(found, "relance_provider_call_seconds_count", provider="sendgrid", outcome="sent") == 2
        assert (value(found, "relance_reviews_total", state="waiting") or 0) >= 2
        assert (value(found, "relance_notes_total", outcome="delivered") or 0) >= 2
        (running,) = [key for key in found if key[0] == "relance_worker"]
        assert found[running] == 1
        assert {name for name, _ in running[1]} == {"version", "queue", "sending"}

        page = httpx.get(f"http://{sdk}/metrics", timeout=30).raise_for_status().text
        names = {name for name, _ in parsed(page)}
        assert "temporal_worker_task_slots_available" in names
        assert not personal_data(page)
        assert ONE.invoice not in page, "no label is a case"
        assert process.stop() == 0


def test_an_address_that_is_taken_is_one_line(place: Installation) -> None:
    taken = place.address
    for variable in ("RELANCE_METRICS_ADDRESS", "RELANCE_SDK_METRICS_ADDRESS"):
        with place.worker(ready=False, anew=False, **{variable: taken}) as process:
            assert process.wait() == 2
        (line,) = process.text.splitlines()
        assert line.startswith(f"relance worker: {variable}: cannot listen on {taken}")


def test_the_ledger_tells_what_waits(place: Installation) -> None:
    found = fresh(place)
    assert value(found, "relance_ledger_up") == 1
    assert value(found, "relance_schema", revision=migrations.head()) == 1
    assert value(found, "relance_last_message_age_seconds") is None

    file = str(place.portfolio(ONE, Debtor(2, late=-10)))
    assert place.here("import", file, "--companies", str(place.companies), "--no-start").status == 0
    place.ledger.change("UPDATE outbox_note SET created_at = :at", at=place.now - timedelta(minutes=7))
    place.ledger.change("UPDATE company SET bank_known_until = :d", d=place.today - timedelta(days=4))
    late = (
        "UPDATE dunning_case SET next_at = :at, decided_at = :at"
        " WHERE invoice_id = (SELECT id FROM invoice WHERE number = :n)"
    )
    place.ledger.change(late, at=place.now - timedelta(hours=2), n=ONE.invoice)
    place.ledger.change(
        "INSERT INTO provider_allowance (provider, sender, free_at, queue_until, blocked_until) "
        "VALUES ('twilio', '+33700000001', now(), now() - interval '1 hour', now() + interval '1 hour')"
    )
    found = fresh(place)
    blocked = value(found, "relance_provider_blocked_seconds", provider="twilio", sender="+33700000001")
    assert blocked is not None
    assert 3000 < blocked <= 3600
    assert value(found, "relance_provider_queue_seconds", provider="twilio", sender="+33700000001") == 0
    assert sum(count for (name, _), count in found.items() if name == "relance_open_cases") == 2
    assert value(found, "relance_outstanding", company=COMPANY, currency="EUR") == 2400
    assert value(found, "relance_overdue", company=COMPANY, currency="EUR") == 1200
    assert value(found, "relance_cases_late") == 1
    assert value(found, "relance_outbox_notes") == 2
    age = value(found, "relance_outbox_oldest_seconds")
    assert age is not None
    assert 420 <= age < 480
    assert value(found, "relance_messages_unsettled", status="uncertain") == 0
    days = value(found, "relance_bank_data_age_days", company=COMPANY)
    assert days is not None
    assert 3 <= days <= 5, "by the day in UTC"


@pytest.mark.slow
def test_the_ledger_tells_of_messages_tasks_and_the_switch(place: Installation) -> None:
    place.load(ONE, TWO, Debtor(3, late=46, step="reminder_3", asked=10))
    with place.worker() as process:
        place.sandbox.wait_for(2, 60)
        place.settled()
        assert process.stop() == 0
    place.ledger.change(
        "UPDATE communication SET status = 'sending', sending_at = :at WHERE to_address = :to",
        at=place.now - timedelta(minutes=6),
        to=ONE.email,
    )
    place.ledger.change("UPDATE communication SET status = 'uncertain' WHERE to_address = :to", to=TWO.email)
    place.ledger.change("UPDATE task SET due_on = :d", d=place.today - timedelta(days=3))
    found = fresh(place)
    assert value(found, "relance_messages_unsettled", status="sending") == 1
    assert value(found, "relance_messages_unsettled", status="uncertain") == 1
    assert value(found, "relance_messages_stuck") == 1
    assert value(found, "relance_open_tasks", company=COMPANY, kind="phone_call") == 1
    assert value(found, "relance_overdue_tasks", company=COMPANY, kind="phone_call") == 1
    assert value(found, "relance_sending_switch", position="live") == 1
    assert value(found, "relance_sending_switch", position="off") == 0
    place.ledger.change("UPDATE communication SET status = 'sent' WHERE to_address = :to", to=ONE.email)
    found = fresh(place)
    assert value(found, "relance_messages_kept", channel="email", status="sent") == 1
    age = value(found, "relance_last_message_age_seconds")
    assert age is not None
    assert 0 <= age < 3600


def test_a_page_is_kept_for_some_seconds_and_a_ledger_that_is_away_is_told(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [1000.0]
    monkeypatch.setattr(of_ledger, "monotonic", lambda: at[0])
    clock = Clock(place.offset)
    first = ledger_metrics(place.ledger.engine, clock)
    assert place.here("import", str(place.portfolio(ONE)), "--no-start").status == 0
    assert ledger_metrics(place.ledger.engine, clock) == first
    at[0] += of_ledger.FRESH_S
    assert value(parsed(ledger_metrics(place.ledger.engine, clock).decode()), "relance_outbox_notes") == 1
    place.ledger.change("ALTER TABLE dunning_case RENAME TO elsewhere")
    at[0] += of_ledger.FRESH_S
    assert parsed(ledger_metrics(place.ledger.engine, clock).decode()) == {
        ("relance_ledger_up", frozenset()): 0
    }


# ------------------------------------------------------------------ the alerts

ALERTS = ROOT / "docs" / "examples" / "prometheus-alerts.yml"
PAGE = ROOT / "docs" / "operating.md"


def exported(place: Installation) -> set[str]:
    """Every name a worker, the API or the ledger exports, as samples are called."""
    of_ledger._kept.clear()
    page = ledger_metrics(place.ledger.engine, Clock(place.offset)).decode()
    # Also those that have nothing to count yet.
    names = set(re.findall(r"^# HELP (\S+)", page, re.MULTILINE)) | {"relance_last_message_age_seconds"}
    for family in (*metrics.REGISTRY.collect(), *metrics.POST_REGISTRY.collect()):
        names |= {sample.name for sample in family.samples}
        if family.type == "counter":
            names.add(f"{family.name}_total")
        if family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
        names.add(family.name)
    return names


@pytest.mark.parametrize("page", [ALERTS, PAGE], ids=["alerts", "operator's page"])
def test_every_metric_that_is_named_is_exported(place: Installation, page: Path) -> None:
    assert place.here("import", str(place.portfolio(ONE)), "--no-start").status == 0
    found = exported(place)
    text = re.sub(r"#.*", "", page.read_text("utf-8")) if page == ALERTS else page.read_text("utf-8")
    named = set(re.findall(r"\brelance_[a-z_]+\b", text))
    assert len(named) > 8
    assert named <= found, named - found


def test_each_alert_has_an_expression_a_severity_and_a_runbook() -> None:
    text = ALERTS.read_text("utf-8")
    runbooks = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    }
    alerts = re.split(r"^ +- alert: ", text, flags=re.MULTILINE)[1:]
    assert len(alerts) >= 8
    for alert in alerts:
        name = alert.splitlines()[0]
        assert re.search(r"^ +expr: \S", alert, re.MULTILINE), name
        assert re.search(r"^ +severity: (page|ticket)$", alert, re.MULTILINE), name
        anchor = re.search(r"operating\.md#([a-z0-9-]+)", alert)
        assert anchor, name
        assert anchor[1] in runbooks, name


def test_importing_the_command_line_loads_no_metrics() -> None:
    """`relance preview` starts at once."""
    told = python(
        "-c",
        "import sys, admin.cli; sys.exit('prometheus_client' in sys.modules)",
        variables={"PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert told.status == 0, told
