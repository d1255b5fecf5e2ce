"""Errors planted in every theorem: no false mutant survives, no weaker bound goes unseen."""

import pytest

from symbolic import THEOREMS
from symbolic.mutation import Fate, Target
from toolkit.theory.checks import plant_errors, shares


@pytest.mark.slow
def test_every_planted_error_is_found() -> None:
    judged = [mutant for mutants in plant_errors(THEOREMS) for mutant in mutants]
    assert {mutant.theorem for mutant in judged} == set(THEOREMS)
    assert {mutant.target for mutant in judged} == {target.value for target in Target}
    assert [mutant.words for mutant in judged if mutant.fate == Fate.SURVIVED] == []
    total = shares(judged)[-1]
    assert total.false > 100 * len(THEOREMS) / 2
    weaker = [mutant for mutant in judged if mutant.fate == Fate.WEAKER]
    assert [mutant.words for mutant in weaker if "witness" not in mutant.rejected_by] == []
