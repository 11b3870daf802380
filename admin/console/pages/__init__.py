"""The console's pages, one module a subject; a new page is a function here and a template beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from admin.console.pages import (
    acts,
    ageing,
    approvals,
    bank_lines,
    bulk,
    cases,
    customers,
    entrance,
    histories,
    imports,
    messages,
    policies,
    policy_trials,
    tasks,
    today,
)

Endpoint: TypeAlias = Callable[[Request], Response]

ROUTES: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/", entrance.home),
    ("GET", "/sign-in", entrance.sign_in_page),
    ("POST", "/sign-in", entrance.sign_in),
    ("POST", "/sign-out", entrance.sign_out),
    ("POST", "/language", entrance.change_language),
    ("GET", "/{company}/today", today.today),
    ("GET", "/{company}/tasks", tasks.task_list),
    ("GET", "/{company}/tasks/{task_id:uuid}", tasks.task_page),
    ("POST", "/{company}/tasks/{task_id:uuid}", tasks.complete),
    ("GET", "/{company}/approvals", approvals.approval_list),
    ("GET", "/{company}/approvals/{task_id:uuid}", approvals.approval_page),
    ("POST", "/{company}/approvals/{task_id:uuid}", approvals.decide),
    ("GET", "/{company}/cases", cases.case_list),
    ("GET", "/{company}/export/{form}", cases.case_export),
    ("GET", "/{company}/cases/{number}", cases.case_page),
    ("GET", "/{company}/cases/{number}/act/{action}", acts.case_act),
    ("POST", "/{company}/cases/{number}/act/{action}", acts.tell_case),
    ("GET", "/{company}/cases/{number}/policies", histories.case_policies),
    ("GET", "/{company}/cases/{number}/timeline", histories.case_history),
    ("GET", "/{company}/ageing", ageing.ageing_page),
    ("GET", "/{company}/ageing/export/{form}", ageing.ageing_export),
    ("POST", "/{company}/bulk", bulk.act),
    ("GET", "/{company}/bulk/letters", bulk.letters),
    ("POST", "/{company}/bulk/letters", bulk.approve),
    ("GET", "/{company}/customers/{ref}", customers.customer_page),
    ("GET", "/{company}/policies", policies.policy_list),
    ("GET", "/{company}/policies/{key}", policies.policy_page),
    ("GET", "/{company}/policies/{key}/versions/{version:int}/file", policies.policy_file),
    ("GET", "/{company}/policies/{key}/dry-run", policy_trials.dry_run_form),
    ("POST", "/{company}/policies/{key}/dry-run", policy_trials.try_out),
    ("POST", "/{company}/policies/{key}/trials", policy_trials.ask_whole),
    ("GET", "/{company}/policies/{key}/trials/{trial_id:uuid}", policy_trials.trial_page),
    ("POST", "/{company}/policies/{key}/trials/{trial_id:uuid}/stop", policy_trials.stop_whole),
    ("GET", "/{company}/policies/{key}/trials/{trial_id:uuid}/export/{form}", policy_trials.trial_export),
    ("POST", "/{company}/policies/{key}/publish", policy_trials.publish_edition),
    ("GET", "/{company}/customers/{ref}/act/{action}", acts.customer_act),
    ("POST", "/{company}/customers/{ref}/act/{action}", acts.tell_customer),
    ("GET", "/{company}/customers/{ref}/timeline", histories.customer_history),
    ("GET", "/{company}/customers/{ref}/messages", histories.customer_messages),
    ("GET", "/{company}/messages/{message_id:uuid}", messages.message_page),
    ("GET", "/{company}/messages/{message_id:uuid}/html", messages.message_html),
    ("GET", "/{company}/messages/{message_id:uuid}/files/{index:int}", messages.message_file),
    ("GET", "/{company}/imports", imports.import_list),
    ("POST", "/{company}/imports", imports.drop_file),
    ("GET", "/{company}/imports/preview", imports.file_preview),
    ("POST", "/{company}/imports/confirm", imports.confirm_file),
    ("GET", "/{company}/imports/bank/{file_id:uuid}", imports.bank_file_page),
    ("GET", "/{company}/bank-lines", bank_lines.line_list),
    ("GET", "/{company}/bank-lines/of-task/{task_id:uuid}", bank_lines.line_of_task),
    ("GET", "/{company}/bank-lines/{line_id:uuid}", bank_lines.line_page),
    ("POST", "/{company}/bank-lines/{line_id:uuid}", bank_lines.decide_line),
)
"""Method, path and page; functions run in threads, as they ask the ledger."""
