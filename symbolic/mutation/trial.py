"""What becomes of a mutant: who rejects it, and whether what is accepted is harmless."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType

import sympy as sp

from symbolic.mutation.mutants import Mutant, Target
from symbolic.rules import gap
from symbolic.signs import is_zero
from symbolic.witness import Witness, evaluate
from symbolic.witnesses import WITNESSES
from symbolic.worlds.meaning import is_true

_SECONDS = 20.0  # a check that takes longer has not accepted the mutant


class Fate(StrEnum):
    """What became of a mutant."""

    REJECTED = "rejected"
    WEAKER = "a weaker bound"
    SAME = "says the same"
    TRUE = "true as well"
    SURVIVED = "survived"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One mutant's fate.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    fate : Fate
        What became of it.
    rejected_by : frozenset of str
        Which checks failed: "derivation", "support" (a premise or lemma is false), "witness";
        "time" if one did not end, "crash" if one could make nothing of the mutant.

    Examples
    --------
    >>> Fate.SURVIVED.value
    'survived'
    """

    mutant: Mutant
    fate: Fate
    rejected_by: frozenset[str]

    def __str__(self) -> str:
        """Describe it in a line."""
        mutant = self.mutant
        where = mutant.place if mutant.target == Target.STEP else f"{mutant.target} {mutant.place}"
        return (
            f"{mutant.theorem.name}: {where.strip()}, {mutant.edit.operator} "
            f"{mutant.edit.change}: {self.fate}"
        )


_NOTHING = sp.Float("1e-25")
_OF_THE_STATEMENT = frozenset(Target) - {Target.STEP, Target.PREMISE, Target.LEMMA}


class _OutOfTimeError(Exception):
    pass


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTimeError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def judge(mutant: Mutant, *, seconds: float = _SECONDS) -> Verdict:
    """Give a mutant to the checks.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    seconds : float
        Allowed for each check; one that takes longer has not accepted the mutant.

    Returns
    -------
    Verdict
        Whether it was rejected, and by whom.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> from symbolic.mutation import mutants_of
    >>> mutant = next(mutants_of(THEOREMS["text_probs_martingale"], THEOREMS))
    >>> judge(mutant).fate.value
    'rejected'
    """
    failed = frozenset(_failures(mutant, seconds))
    if not failed and _says_the_same(mutant):
        fate = Fate.SAME
    elif not failed and _is_true(mutant):
        fate = Fate.TRUE
    elif mutant.target in _OF_THE_STATEMENT and _is_weaker(mutant):
        fate = Fate.WEAKER
    else:
        fate = Fate.REJECTED if failed else Fate.SURVIVED
    return Verdict(mutant=mutant, fate=fate, rejected_by=failed)


def _failures(mutant: Mutant, seconds: float) -> Iterator[str]:
    theorem = mutant.theorem
    premises, lemmas = mutant.premises, mutant.lemmas
    checks: dict[str, Callable[[], None]] = {
        "derivation": lambda: theorem.check_derivation(
            mutant.others, premises=premises, lemmas=lemmas
        ),
        "support": lambda: theorem.check_support(premises=premises, lemmas=lemmas),
    }
    if mutant.target in _OF_THE_STATEMENT:
        checks["witness"] = theorem.check_witness
    for name, check in checks.items():
        try:
            with _at_most(seconds):
                check()
        except _OutOfTimeError:
            yield "time"
        except ValueError:
            yield name
        except Exception:  # noqa: BLE001 - SymPy choked on nonsense: nothing was accepted
            yield "crash"


def _says_the_same(mutant: Mutant) -> bool:
    before, after = mutant.before, mutant.after
    if type(before) is not type(after):
        return False
    return is_zero(gap(before) - gap(after)) or is_zero(gap(before) + gap(after))


def _is_true(mutant: Mutant) -> bool:
    """Tell whether a changed premise holds in the small worlds, as the original does."""
    return mutant.target == Target.PREMISE and is_true(mutant.place, mutant.after) is True


def _changes(mutant: Mutant) -> list[sp.Expr] | None:
    """By how much the right-hand side changes at each case of the witness; None if unknown."""
    witness: Witness | None = WITNESSES.get(mutant.theorem.name)
    before, after = mutant.before, mutant.after
    if witness is None or type(before) is not type(after) or before.lhs != after.lhs:
        return None
    try:
        changes = [
            sp.N(evaluate(after.rhs - before.rhs, case.numbers), 30) for case in witness.cases()
        ]
    except Exception:  # noqa: BLE001 - the mutant has no value there (an index out of range)
        return None
    return changes if all(change.is_extended_real for change in changes) else None


def _is_weaker(mutant: Mutant) -> bool:
    """Tell whether a bound was made looser: true wherever it was, at every case of the witness."""
    if isinstance(mutant.before, sp.Eq):
        return False
    changes = _changes(mutant)
    sign = 1 if isinstance(mutant.before, sp.Le) else -1
    looser = [sign * change for change in changes or ()]
    return all(size >= -_NOTHING for size in looser) and any(size > _NOTHING for size in looser)
