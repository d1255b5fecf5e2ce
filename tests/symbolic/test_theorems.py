"""Every theorem checks, and the checker rejects what does not follow."""

import dataclasses
import subprocess
import sys

import pytest
import sympy as sp

from symbolic import LEMMAS, THEOREMS, DerivationError, Kind, Step, Theorem, rules
from symbolic import symbols as s
from symbolic.model import MODEL
from symbolic.signs import is_nonnegative, is_zero

NAMES = sorted(THEOREMS)


@pytest.mark.parametrize("name", NAMES)
def test_theorem_checks(name: str) -> None:
    THEOREMS[name].check()


@pytest.mark.parametrize("name", sorted(LEMMAS))
def test_lemma_holds_at_a_small_size(name: str) -> None:
    LEMMAS[name].check()


def test_every_lemma_is_used_and_every_listed_lemma_exists() -> None:
    used = {
        use.removeprefix("lemma:")
        for theorem in THEOREMS.values()
        for step in theorem.derivation
        for use in step.uses
        if use.startswith("lemma:")
    }
    listed = {name for theorem in THEOREMS.values() for name in theorem.lemmas}
    assert used == listed == set(LEMMAS)


def test_every_free_symbol_has_a_design_name() -> None:
    for theorem in THEOREMS.values():
        bound = {i for total in theorem.rhs.atoms(sp.Sum) for i in total.variables}
        plain = {
            x
            for x in theorem.rhs.free_symbols - bound
            if isinstance(x, sp.Symbol) and x not in {b.label for b in _bases(theorem)}
        }
        assert plain <= set(theorem.symbols.values()), theorem.name


def _bases(theorem: Theorem) -> set[sp.IndexedBase]:
    return theorem.rhs.atoms(sp.IndexedBase)


def test_import_is_light() -> None:
    code = "import sys, symbolic; print({'numpy', 'jax', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ------------------------------------------------------------------------------- planted errors


def _last_step_facts(theorem: Theorem) -> list[sp.Basic]:
    known = theorem._known(None, MODEL, LEMMAS)
    known |= {step.label: step.claim for step in theorem.derivation if step.label}
    return [
        theorem._fact(use, known, len(theorem.derivation)) for use in theorem.derivation[-1].uses
    ]


@pytest.mark.parametrize("name", NAMES)
def test_altered_conclusion_is_not_implied(name: str) -> None:
    theorem = THEOREMS[name]
    claim = theorem.derivation[-1].claim
    assert rules.implies(claim, theorem.statement)
    wrong = theorem.statement.func(theorem.lhs, theorem.rhs * sp.Rational(8, 7), evaluate=False)
    assert not rules.implies(claim, wrong)


@pytest.mark.parametrize("name", NAMES)
def test_altered_last_step_is_rejected(name: str) -> None:
    theorem = THEOREMS[name]
    step, facts = theorem.derivation[-1], _last_step_facts(theorem)
    wrong = step.claim.func(step.claim.lhs, step.claim.rhs * sp.Rational(8, 7), evaluate=False)
    with pytest.raises(DerivationError):
        rules.check_step(step.rule, wrong, facts, step.given)


def _altered(name: str, number: int, **changes: object) -> Theorem:
    theorem = THEOREMS[name]
    steps = list(theorem.derivation)
    steps[number] = dataclasses.replace(steps[number], **changes)
    return dataclasses.replace(theorem, derivation=tuple(steps))


def test_wrong_premise_is_rejected() -> None:
    # The pool's two means are not one: an instance that the model does not offer.
    theorem = THEOREMS["text_probs_covariance"]
    number = next(k for k, step in enumerate(theorem.derivation) if step.label == "other update")
    claim = theorem.derivation[number].claim
    wrong = sp.Eq(claim.lhs, claim.rhs.xreplace({s.batch_size: s.batch_size + 1}), evaluate=False)
    with pytest.raises(DerivationError, match="step"):
        _altered(theorem.name, number, claim=wrong).check()


def test_wrong_exponent_is_rejected_together_with_the_statement() -> None:
    theorem = THEOREMS["text_diversity_lower_bound"]
    faster = theorem.rhs.xreplace({s.generations: s.generations + 1})
    wrong = sp.Ge(theorem.lhs, faster, evaluate=False)
    changed = _altered(theorem.name, -1, claim=wrong)
    with pytest.raises(DerivationError, match="does not fit"):
        dataclasses.replace(changed, statement=wrong).check()


def test_turned_inequality_is_rejected() -> None:
    theorem = THEOREMS["image_diversity_upper_bound"]
    wrong = sp.Ge(theorem.lhs, theorem.rhs, evaluate=False)
    changed = _altered(theorem.name, -1, claim=wrong)
    with pytest.raises(DerivationError):
        dataclasses.replace(changed, statement=wrong, kind=Kind.LOWER_BOUND).check()


def test_wrong_index_range_is_rejected() -> None:
    theorem = THEOREMS["text_diversity_decomposition"]
    (total,) = theorem.rhs.atoms(sp.Sum)
    index, low, high = total.limits[0]
    longer = theorem.rhs.xreplace({total: sp.Sum(total.function, (index, low, high + 1))})
    wrong = sp.Eq(theorem.lhs, longer, evaluate=False)
    with pytest.raises(DerivationError):
        dataclasses.replace(_altered(theorem.name, -1, claim=wrong), statement=wrong).check()


def test_unlisted_lemma_and_unknown_support_are_rejected() -> None:
    theorem = THEOREMS["image_lyapunov"]
    with pytest.raises(DerivationError, match="does not list"):
        dataclasses.replace(theorem, lemmas=()).check()
    with pytest.raises(DerivationError, match="nothing before it provides"):
        _altered(theorem.name, -1, uses=("thin air",)).check()


def test_a_theorem_cannot_prove_itself() -> None:
    theorem = THEOREMS["text_diversity_recursion"]
    step = Step(rule="instance", claim=theorem.statement, uses=(f"theorem:{theorem.name}",))
    with pytest.raises(DerivationError, match="nothing before it provides"):
        dataclasses.replace(theorem, derivation=(step,)).check()


def test_an_approximation_is_not_exact() -> None:
    for name in ("image_contraction_caption", "confusion_large_covariance"):
        with pytest.raises(DerivationError, match="cannot give"):
            dataclasses.replace(THEOREMS[name], kind=Kind.EXACT).check()


def test_empty_derivation_and_unknown_rule_are_rejected() -> None:
    theorem = THEOREMS["text_probs_martingale"]
    with pytest.raises(DerivationError, match="found none"):
        dataclasses.replace(theorem, derivation=()).check()
    with pytest.raises(DerivationError, match="known rule"):
        _altered(theorem.name, 0, rule="handwaving").check()


def test_negative_weights_are_rejected() -> None:
    x, y = sp.symbols("x y", real=True)
    fact = sp.Le(x, y, evaluate=False)
    rules.check_step("combination", sp.Le(2 * x, 2 * y, evaluate=False), [fact], {"weights": (2,)})
    claim = sp.Le(-2 * x, -2 * y, evaluate=False)
    with pytest.raises(DerivationError, match="negative"):
        rules.check_step("combination", claim, [fact], {"weights": (-2,)})
    claim = sp.Le(x, y - 1, evaluate=False)
    with pytest.raises(DerivationError, match="non-negative"):
        rules.check_step("combination", claim, [fact], {"weights": (1,), "form": sp.S(-1)})


def test_signs() -> None:
    N, eps = s.batch_size, s.injection_fraction
    assert is_nonnegative(1 - (1 - 1 / N) ** s.text_updates)
    assert is_nonnegative(1 - eps * (2 - eps) * s.injection_prob)
    assert not is_nonnegative(1 - 3 * eps)
    assert not is_nonnegative(s.mean_offset)
    assert is_zero((1 - 1 / N) ** (s.generations + 1) - (1 - 1 / N) ** s.generations * (N - 1) / N)
    assert not is_zero((1 - 1 / N) ** s.generations - 1)
