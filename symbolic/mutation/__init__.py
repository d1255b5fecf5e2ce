"""Planted errors: a false statement, step or premise must be rejected.

`mutants_of` perturbs a theorem: its statement, its steps, what they rest on, and these together.
`judge` gives a mutant to the checks, which never see the original, and says what became of it.
"""

from __future__ import annotations

from symbolic.mutation.edits import Edit, edits
from symbolic.mutation.mutants import Mutant, Target, mutants_of
from symbolic.mutation.trial import Fate, Verdict, judge

__all__ = [
    "Edit",
    "Fate",
    "Mutant",
    "Target",
    "Verdict",
    "edits",
    "judge",
    "mutants_of",
]
