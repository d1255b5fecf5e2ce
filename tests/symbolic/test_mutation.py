"""Planted errors are found; the full survey of all theorems is in tests/verification."""

import dataclasses

import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic import symbols as s
from symbolic.checking import check_one, mutate_one, on_all_cores
from symbolic.mutation import Fate, Target, edits, judge, mutants_of
from symbolic.mutation.edits import Edit

#: One of each kind: exact, bound, asymptotic, fixed point, approximation.
SAMPLE = (
    "text_diversity_recursion",
    "text_diversity_lower_bound",
    "text_diversity_decomposition",
    "new_text_best_value",
)


def test_edits_reach_every_kind_of_place() -> None:
    t, N, i, K = s.generations, s.batch_size, s.text, s.num_texts
    total = sp.Sum(s.text_probs[i] ** 2, (i, 0, K - 1))
    relation = sp.Ge(s.text_diversity, (1 - 2 / N) ** t * total, evaluate=False)
    found = list(edits(relation))
    operators = {edit.operator for edit in found}
    assert operators == {"constant", "sign", "exponent", "index range", "symbol", "direction"}
    assert all(edit.result != relation for edit in found)
    assert sp.Le(relation.lhs, relation.rhs, evaluate=False) in [edit.result for edit in found]
    changed = {str(edit.change) for edit in found}
    assert {"t -> t + 1", "2 -> 3", "i: 0..K - 1 -> 1..K - 1", "i: 0..K - 1 -> 0..K"} <= changed


def test_bound_names_are_left_alone() -> None:
    i, K = s.text, s.num_texts
    total = sp.Sum(s.text_probs[i], (i, 0, K - 1))
    assert all(edit.result.free_symbols <= total.free_symbols for edit in edits(total))


@pytest.mark.parametrize("name", SAMPLE)
def test_no_mutant_survives(name: str) -> None:
    verdicts = [judge(mutant) for mutant in mutants_of(THEOREMS[name], THEOREMS)]
    survivors = [str(v) for v in verdicts if v.fate == Fate.SURVIVED]
    assert not survivors
    assert len(verdicts) > 30
    targets = {verdict.mutant.target for verdict in verdicts}
    assert {Target.STATEMENT, Target.CONCLUSION, Target.STEP} <= targets


def test_a_weaker_bound_is_caught_by_the_sharpness_case_alone() -> None:
    theorem = THEOREMS["text_diversity_lower_bound"]
    verdicts = [judge(mutant) for mutant in mutants_of(theorem, THEOREMS)]
    weaker = [verdict for verdict in verdicts if verdict.fate == Fate.WEAKER]
    assert weaker
    assert all("witness" in verdict.rejected_by for verdict in weaker)


def test_a_wrong_symbol_throughout_is_caught_by_the_witness_alone() -> None:
    # N -> N + 1 in premises, steps and statement: every rule holds, but not for this N.
    theorem = THEOREMS["text_diversity_recursion"]
    everything = [m for m in mutants_of(theorem, THEOREMS) if m.target == Target.EVERYTHING]
    (renamed,) = [m for m in everything if m.edit.change == "N -> N + 1"]
    verdict = judge(renamed)
    assert verdict.fate == Fate.REJECTED
    assert "witness" in verdict.rejected_by
    assert "derivation" not in verdict.rejected_by


def test_a_checker_that_accepts_is_found_out() -> None:
    # A mutant that says the same is told from a survivor; a survivor is not hidden.
    theorem = THEOREMS["text_probs_martingale"]
    mutant = next(mutants_of(theorem, THEOREMS))
    same = dataclasses.replace(mutant, theorem=theorem, after=theorem.statement)
    assert judge(same).fate == Fate.SAME
    false = sp.Eq(theorem.lhs, theorem.rhs + 1, evaluate=False)
    accepted = dataclasses.replace(same, after=false, edit=Edit("constant", "0 -> 1", false))
    assert judge(accepted).fate == Fate.SURVIVED


def test_all_cores_give_what_one_gives() -> None:
    names = ["text_probs_martingale", "text_diversity_recursion"]
    done = {checked.name: checked for checked in on_all_cores(check_one, names, processes=2)}
    assert set(done) == set(names)
    for name in names:
        alone = check_one(name)
        assert done[name]._replace(seconds=0) == alone._replace(seconds=0)
        assert alone.problem == ""
        assert alone.cases > 1


def test_a_mutant_is_told_in_words() -> None:
    judged = mutate_one("text_probs_martingale")
    assert all(j.theorem == "text_probs_martingale" and j.words for j in judged)
    assert any(": step 1 (" in j.words for j in judged)
