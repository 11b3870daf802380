"""Many threads at once: every outcome belongs to the message it was asked for."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from activities.channels import Outcome, Rejected, SendGridEmail, Sent, TwilioSms, Uncertain
from activities.channels._requests_wire import OneShotAdapter
from activities.channels._urllib_wire import OneShotClient
from admin.sandbox import SandboxServer
from tests.integration.channels.wire import an_email, an_sms

pytestmark = pytest.mark.integration
THREADS, EACH = 16, 20


def send_all(one: Callable[[int], Outcome]) -> dict[int, Outcome]:
    """Message number -> outcome; all threads start together."""
    gate = threading.Barrier(THREADS)

    def run(thread: int) -> list[tuple[int, Outcome]]:
        gate.wait(30)
        return [(number, one(number)) for number in range(thread * EACH, (thread + 1) * EACH)]

    with ThreadPoolExecutor(THREADS) as pool:
        return {number: outcome for done in pool.map(run, range(THREADS)) for number, outcome in done}


def test_emails_do_not_mix(provider: SandboxServer, email: SendGridEmail) -> None:
    outcomes = send_all(
        lambda number: email.send(
            an_email(f"debtor{number}@roux.example", custom_args={"communication": f"c-{number}"})
        )
    )
    arrived = {message.provider_id: message for message in provider.messages(accepted=None)}
    assert len(arrived) == len(outcomes) == THREADS * EACH
    for number, outcome in outcomes.items():
        assert isinstance(outcome, Sent)
        assert outcome.provider_id is not None
        message = arrived[outcome.provider_id]
        assert message.to[0].address == f"debtor{number}@roux.example"
        assert message.custom_args == {"communication": f"c-{number}"}


def test_texts_do_not_mix(provider: SandboxServer, sms: TwilioSms) -> None:
    outcomes = send_all(lambda number: sms.send(an_sms(f"+3363998{number:04d}", f"Dossier {number}")))
    arrived = {message.provider_id: message for message in provider.messages(accepted=None)}
    assert len(arrived) == len(outcomes) == THREADS * EACH
    for number, outcome in outcomes.items():
        assert isinstance(outcome, Sent)
        assert outcome.provider_id is not None
        message = arrived[outcome.provider_id]
        assert (message.to[0].address, message.text) == (f"+3363998{number:04d}", f"Dossier {number}")


def test_a_refusal_belongs_to_the_message_refused(
    provider: SandboxServer, email: SendGridEmail, sms: TwilioSms
) -> None:
    """Threads that shared a client would read one another's answers."""
    provider.add_fault("status", status=400, match_to="refused")
    provider.add_fault("status", status=503, match_to="broken")
    provider.add_fault("status", code=21610, match_to="+33639981")
    provider.add_fault("status", status=503, match_to="+33639982")
    kinds: tuple[type[Outcome], ...] = (Sent, Rejected, Uncertain)

    def mail(number: int) -> Outcome:
        return email.send(an_email(f"{('fine', 'refused', 'broken')[number % 3]}{number}@roux.example"))

    def text(number: int) -> Outcome:
        return sms.send(an_sms(f"+3363998{number % 3}{number:03d}"))

    for one in (mail, text):
        wrong = {
            number: outcome
            for number, outcome in send_all(one).items()
            if not isinstance(outcome, kinds[number % 3])
        }
        assert not wrong
    taken = len(range(0, THREADS * EACH, 3))
    assert len(provider.messages()) == 2 * taken
    assert len(provider.messages(accepted=None)) == 2 * THREADS * EACH


def test_no_two_threads_share_a_client(
    provider: SandboxServer, email: SendGridEmail, sms: TwilioSms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sharing would show in outcomes only now and then: the libraries' clients are watched instead."""
    users: dict[int, set[int]] = defaultdict(set)
    send, request = OneShotAdapter.send, OneShotClient._make_request

    def watched_send(adapter: OneShotAdapter, *args: Any, **kwargs: Any) -> Any:
        users[id(adapter)].add(threading.get_ident())
        return send(adapter, *args, **kwargs)

    def watched_request(client: OneShotClient, *args: Any, **kwargs: Any) -> Any:
        users[id(client.request_headers)].add(threading.get_ident())
        return request(client, *args, **kwargs)

    monkeypatch.setattr(OneShotAdapter, "send", watched_send)
    monkeypatch.setattr(OneShotClient, "_make_request", watched_request)
    for one in (lambda _: email.send(an_email()), lambda _: sms.send(an_sms())):
        users.clear()
        send_all(one)
        assert sorted(len(threads) for threads in users.values()) == [1] * THREADS
