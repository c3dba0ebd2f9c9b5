"""Four eyes: what several officers must agree on, and who may say the next yes (domain model 3.6; ADR 0019).

An :class:`Agreement` is any such matter as far as it has come: a step of a licence, a change of an agency, a motion, a
policy set, an officer's account, an application, an account of a holder, a possible match. Its writer keeps the table,
the lock and the effect, builds the agreement from its row and asks it before it writes; whoever shows the matter asks
the same one, so that no page judges by itself who may act. Whether what was proposed still is as it was then, only its
writer can tell: it compares before it writes (``proposal.overtaken``, ``licence.version_conflict``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from registry.rules import errors, second_factor
from registry.rules.lifecycle import Actor

RUNS: Final = timedelta(days=7)
"""How long a first yes waits for the others where no authority's policy says so (domain model 3.6)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who must say yes, who has, and whoever may not.

    ``places``: the roles that may say each yes, the proposer's first. What one officer does alone has one place.
    ``said``: the numbers of those who have, in that order. ``kept_out``: whoever says neither yes nor no here whatever
    their role, with the refusal that they get: they decided what this judges, or it is about themselves. ``state`` is
    its row's; ``expires_at``: when it lapses, ``None`` for never. ``declares``: each yes comes with the word that its
    officer has no conflict of interest in the case. ``fresh_from``: the first place whose officer gives the second
    factor anew; 1, as a token may propose (rulings 23), unless the law asks for it at the first yes too (0). ``facts``
    go with every refusal.
    """

    places: tuple[frozenset[str], ...]
    said: tuple[str, ...] = ()
    kept_out: Mapping[str, errors.RegistryError] = field(default_factory=dict)
    state: str = "open"
    expires_at: datetime | None = None
    declares: bool = True
    fresh_from: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def officers(self) -> int:
        """How many different officers it takes."""
        return len(self.places)

    @property
    def wanted(self) -> int:
        """How many of them are still to say yes; none where it is closed."""
        return len(self.places) - len(self.said) if self.state == "open" else 0

    @property
    def next_roles(self) -> tuple[str, ...]:
        """Who may say the next yes, by name; nobody where none is wanted."""
        return tuple(sorted(self.places[len(self.said)])) if self.wanted else ()

    def is_proposed_by(self, by: Actor) -> bool:
        """Whether this officer said the first yes."""
        return self.said[:1] == (by.number,)

    def is_open(self, at: datetime) -> bool:
        """Whether it was neither taken nor ended, and has not run out by ``at``."""
        return self.state == "open" and (self.expires_at is None or at < self.expires_at)

    def say(self, by: Actor, *, at: datetime, no_conflict: bool) -> Self:
        """The agreement with this officer's yes; with nothing ``wanted`` any more, it is to be taken.

        Refuses as :meth:`demand` does, and without the declaration or a second factor that is fresh.
        """
        self.demand(by, at=at)
        if self.declares and not no_conflict:
            raise errors.ConflictNotDeclared(
                "declare that you have no conflict of interest", field="no_conflict"
            )
        if len(self.said) >= self.fresh_from:
            second_factor.demand(by, at=at)
        return replace(self, said=(*self.said, by.number))

    def demand(self, by: Actor, *, at: datetime) -> None:
        """Refuse whoever may not say the next yes, whatever they declare.

        Everybody once it is closed or has run out; its proposer, whoever has said yes already, whoever is kept out, and
        a role that the law does not name for the next place.
        """
        if (refusal := self._refusal(by, at)) is not None:
            raise refusal

    def awaits(self, by: Actor, *, at: datetime) -> bool:
        """Whether this officer's yes would be taken, once declared to be impartial and with a fresh second factor."""
        return self._refusal(by, at) is None

    def demand_end(self, by: Actor, *, at: datetime) -> None:
        """Refuse whoever may not end it without its being taken.

        Its proposer withdraws it; whoever could say one of the other yeses declines it, also after having said one.
        """
        if (refusal := self._refusal_of_end(by, at)) is not None:
            raise refusal

    def may_end(self, by: Actor, *, at: datetime) -> bool:
        """Whether this officer may decline it, or withdraw their own."""
        return self._refusal_of_end(by, at) is None

    def _refusal(self, by: Actor, at: datetime) -> errors.RegistryError | None:
        if not self.is_open(at) or not self.wanted:
            return self._closed()
        if self.is_proposed_by(by):
            return errors.OwnProposal("nobody approves their own proposal", **self.facts)
        if by.number in self.said:
            return errors.AlreadyApproved("this officer has approved already", **self.facts)
        if by.number in self.kept_out:
            return self.kept_out[by.number]
        return self._role(by, self.places[len(self.said)])

    def _refusal_of_end(self, by: Actor, at: datetime) -> errors.RegistryError | None:
        if not self.is_open(at):
            return self._closed()
        if self.is_proposed_by(by):
            return None
        if by.number in self.kept_out:
            return self.kept_out[by.number]
        return self._role(by, frozenset[str]().union(*self.places[1:]))

    def _role(self, by: Actor, allowed: frozenset[str]) -> errors.RegistryError | None:
        if by.roles & allowed:
            return None
        return errors.RoleNotAllowed("this takes one of: {roles}", roles=sorted(allowed))

    def _closed(self) -> errors.ProposalClosed:
        if self.state == "open" and self.wanted:
            return errors.ProposalClosed("the proposal has run out", state="expired", **self.facts)
        state = "approved" if self.state == "open" else self.state
        return errors.ProposalClosed("the proposal is {state}", state=state, **self.facts)


def demand_several(officers: Sequence[str], *, needed: int, **facts: Any) -> None:
    """Refuse what fewer than ``needed`` different persons have decided."""
    if len(set(officers)) < needed:
        raise errors.OwnProposal("it takes {needed} different persons", needed=needed, **facts)
