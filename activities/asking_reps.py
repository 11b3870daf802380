"""Asking sales representatives by e-mail whether a step may leave, beside the task that asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from activities.compose import Composed, Composer
from activities.rendering import RenderError, RepQuestion, Tone
from activities.store.load_outreach import ToAsk
from rules.decide import Decision

log = logging.getLogger(__name__)


def rep_questions(
    composer: Composer, to_ask: Sequence[ToAsk], decisions: Sequence[Decision]
) -> Iterator[Composed]:
    """The messages that ask, once each; none about a step that is not to come any more."""
    for asked in to_ask:
        coming = [each.next for each in decisions if each.next and each.next.step.key == asked.step]
        if not coming:
            continue
        step = min(coming, key=lambda action: action.day)
        question = RepQuestion(asked.step, step.route.channel.value, step.day, asked.answer_by)
        try:
            yield composer.to_colleague(
                asked.email,
                "sales_rep_question",
                Tone.FIRM,
                asked.purpose_key,
                composer.open_items(),
                question=question,
            )
        except RenderError:
            # What is owed is not held up by it: the task asks all the same.
            log.exception("the question of task %s cannot be written", asked.task)
