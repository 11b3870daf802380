"""Stories in which a message comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from rules.delivery import Delivery
from rules.facts import Blocked, Obstacle
from rules.returned import Fate, fate_of
from tests.scenarios.story import Story, story


class Returning(Story):
    """A story that also tells what a provider said of its messages."""

    def came_back(self, at: str, step: str, news: Delivery, *, copies_failed: bool = True) -> Self:
        """The provider's last word on the message of that step, to somebody of whom there are others."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            place = [done.step for done in told.case.done].index(step)
            fate = fate_of(
                news,
                to_debtor=True,
                is_contact=True,
                copies_failed=copies_failed,
                others_failed=True,
                went_on=place + 1 < len(told.case.done),
                any_open=not told.closed,
                addressee_known=True,
            )
            if fate is Fate.STANDS:
                continue
            before = told.case.done[:place]
            told.case = replace(told.case, done=before)
            self.customer = replace(self.customer, last_contact_on=before[-1].on if before else None)
            if fate is Fate.AGAIN_BY_A_PERSON:
                waits = Blocked(step, Obstacle.DELIVERY_FAILED, self._calendar.local_day(self._clock))
                told.case = replace(told.case, blocked=(waits,))
        self.simulatable = False
        return self

    def seen_to(self, at: str) -> Self:
        """A person has seen to whatever a message was turned away for."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.case = replace(told.case, blocked=())
        return self


def returning() -> Returning:
    """Begin such a story, under the standard policy in France."""
    told = story()
    return Returning(told.policy, told.customer, told.approvals, told.calls)
