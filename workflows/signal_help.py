"""What the Temporal UI says of each signal of a case: one sentence, and a payload to copy."""

from __future__ import annotations

from models.ids import CaseSignal

SIGNAL_HELP: dict[CaseSignal, str] = {
    CaseSignal.PAYMENT_RECEIVED: "Money arrived for this invoice. Example: "
    '{"amount": "120.00", "currency": "EUR", "received_on": "2026-04-02", "event_id": "bank-1"}',
    CaseSignal.PAYMENT_REVERSED: "A payment was returned or booked in error. Example: "
    '{"payment_event_id": "bank-1"}',
    CaseSignal.PAYMENT_CLAIMED: 'The customer says it has paid. Example: {"paid_on": "2026-04-02"}',
    CaseSignal.CREDIT_NOTE_ISSUED: "A credit on this invoice. Example: "
    '{"amount": "20.00", "currency": "EUR", "number": "CN-7"}',
    CaseSignal.DISPUTE_OPENED: "The customer contests an amount, or the whole invoice. Example: "
    '{"amount": "50.00", "cause": "price"}',
    CaseSignal.DISPUTE_RESOLVED: 'The dispute is over. Example: {"credited": "50.00"}',
    CaseSignal.PAYMENT_PLAN_AGREED: "A plan, or a promise to pay, over all that is owed. Example: "
    '{"instalments": [{"due_on": "2026-05-01", "amount": "60.00"}]}',
    CaseSignal.PAYMENT_PLAN_CANCELLED: "The plan no longer holds. Example: {}",
    CaseSignal.DELIVERY_HOLD_PLACED: "Deliveries stop until the named invoices are paid. Example: "
    '{"invoices": ["F-1"], "pauses_ladder": false}',
    CaseSignal.DELIVERY_HOLD_RELEASED: "Deliveries go on. Example: {}",
    CaseSignal.PAUSED: "No contact until a day, or until resumed. Example: "
    '{"reason": "audit", "until": "2026-05-04"}',
    CaseSignal.RESUMED: "The manual pause is over. Example: {}",
    CaseSignal.INVOICE_CHANGED: "New facts of the invoice, or its replacement. Example: "
    '{"due_on": "2026-05-15"}',
    CaseSignal.POLICY_CHANGED: 'Go on under another policy. Example: {"policy": "key_account"}',
    CaseSignal.INSOLVENCY_OPENED: 'Collective proceedings were opened. Example: {"opened_on": "2026-04-02"}',
    CaseSignal.TASK_COMPLETED: 'A person finished a task. Example: {"task_id": "…", "outcome": "approved"}',
    CaseSignal.CONTACT_CONCLUDED: "A contact was made, or the next day moved: look again. Example: {}",
    CaseSignal.CLOSED: 'A person closes the case. Example: {"reason": "written off"}',
    CaseSignal.FACT_WITHDRAWN: "A claim, credit, correction, closing or insolvency was a mistake. Example: "
    '{"fact_event_id": "erp-7"}',
}
