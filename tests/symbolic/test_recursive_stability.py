"""Recursive stability, distribution shift, generalisation: limits, orders, planted errors."""

import dataclasses
import math

import mpmath as mp
import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic.lemmas import generalization, recursive_stability, recursive_stability_laws
from symbolic.lemmas.lemma import Lemma
from symbolic.mutation.edits import edits
from symbolic.witness import WitnessError, evaluate
from symbolic.witnesses import WITNESSES
from symbolic.witnesses.generalization_loops import one_way, remembering

LOOP = {"num_real": 40, "num_generated": 30, "known_variance": sp.Rational(3, 2)}
CHANGED = LOOP | {"example_distance": sp.Rational(7, 3)}
BOUND = {"loss_bound": 1, "uniform_stability": sp.Rational(1, 50), "generation_error": 0}


def value(name: str, **numbers: object) -> float:
    return float(sp.N(evaluate(THEOREMS[name].rhs, numbers), 20))


# ------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("times", [0, 1, 7])
def test_a_vanishing_share_of_real_data_is_none(times: int) -> None:
    for name in ("recursive_stability_gaussian", "memory_variance"):
        numbers = dict(CHANGED if name.startswith("rec") else LOOP, generations=times)
        if name == "memory_variance":
            del numbers["num_real"]
        with_little = value(name, real_share=sp.Rational(1, 10**9), **numbers)
        other = name.replace("gaussian", "without_real").replace(
            "variance", "variance_without_real"
        )
        assert with_little == pytest.approx(value(other, **numbers), rel=1e-7)


def test_many_generations_are_the_limit() -> None:
    share = sp.Rational(1, 5)
    last = value("recursive_stability_gaussian", real_share=share, generations=200, **CHANGED)
    limit = value("recursive_stability_limit", real_share=share, **CHANGED)
    assert last == pytest.approx(limit, rel=1e-14)
    assert 0 < limit < value("recursive_stability_without_real", generations=0, **CHANGED)


def test_without_real_data_one_example_is_forgotten_like_the_root_of_time() -> None:
    at = [value("recursive_stability_without_real", generations=t, **CHANGED) for t in (399, 1599)]
    assert at[0] / at[1] == pytest.approx(2, rel=1e-4)


def test_regression_on_a_unit_input_is_the_mean() -> None:
    for times in (0, 3):
        numbers = dict(CHANGED, real_share=sp.Rational(1, 3), generations=times)
        mean = value("recursive_stability_gaussian", **numbers)
        assert value("recursive_stability_regression", input_norm=1, **numbers) == mean


def test_the_shift_with_a_share_of_real_data_is_between_one_and_all_of_the_errors() -> None:
    error = sp.Rational(1, 100)
    for times in (1, 2, 9):
        with_real = value(
            "distribution_shift", real_share=sp.Rational(1, 4), generation_error=error,
            generations=times,
        )  # fmt: skip
        alone = value("distribution_shift_without_real", generation_error=error, generations=times)
        ever = value(
            "distribution_shift_limit", real_share=sp.Rational(1, 4), generation_error=error
        )
        assert float(error) <= with_real <= min(alone, ever)


def test_errors_that_are_all_alike_add_up_to_the_closed_form() -> None:
    for share in (sp.S.Zero, sp.Rational(1, 4)):
        added = value("distribution_shift_sum", real_share=share, generations=4,
                      generation_error_at=(sp.Rational(1, 50),) * 4)  # fmt: skip
        numbers = {"generation_error": sp.Rational(1, 50), "generations": 4}
        closed = (
            value("distribution_shift", real_share=share, **numbers)
            if share
            else value("distribution_shift_without_real", **numbers)
        )
        assert added == pytest.approx(closed, rel=1e-14)


# ---------------------------------------------------------------------------- generalisation


def test_the_bound_is_that_of_uniform_stability_where_all_data_are_real() -> None:
    only_real = BOUND | {"real_share": 1, "recursive_stability": 0}
    assert value("generalization_expected", generations=3, **only_real) == pytest.approx(0.02)
    moments = {k: v for k, v in only_real.items() if k != "generation_error"}
    found = value("generalization_second_moment", num_examples=100, **moments)
    assert found == pytest.approx(0.01 + 0.08)


def test_confidence_grows_like_a_root_of_the_chance_of_failing() -> None:
    numbers = BOUND | {"real_share": sp.Rational(1, 2), "recursive_stability": sp.Rational(1, 10)}
    numbers |= {"num_examples": 50, "generations": 2}
    often, seldom = (
        value("generalization_confidence", error_chance=chance, **numbers)
        for chance in (sp.Rational(1, 10), sp.Rational(1, 1000))
    )
    assert seldom / often == pytest.approx(math.sqrt(100), rel=1e-12)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_tiny_loop_that_moves_away_attains_the_mean_bound(keeps: bool) -> None:
    loop = one_way(2, keeps=keeps)
    assert loop.uniform_stability() == loop.recursive_stability() == 0
    name = "generalization_expected" + ("" if keeps else "_without_real")
    case = WITNESSES[name].cases()[1]
    assert case.sharp
    assert case.slack == 0 < case.value


def test_tiny_loops_lean_on_their_examples() -> None:
    loop = remembering(True, 2)
    assert 0 < loop.recursive_stability() < 1
    assert 0 < loop.uniform_stability() < loop.most_loss()
    assert loop.distribution_shift() <= sum(
        loop.generation_error() * (1 - loop.share) ** k for k in range(2)
    )


# --------------------------------------------------------------------------- planted errors

_LEMMAS = (*recursive_stability.LEMMAS, *recursive_stability_laws.LEMMAS, *generalization.LEMMAS)
# Altered in this way they still are true: losses are not negative; more noise is any more of it.
_STILL_TRUE = {("two_losses", "-2 -> -1"), ("more_noise", "added -> 2*added")}


@pytest.mark.parametrize("lemma", _LEMMAS, ids=lambda lemma: lemma.name)
def test_an_altered_lemma_is_found_out(lemma: Lemma) -> None:
    survivors = set()
    for edit in edits(lemma.statement):
        try:
            dataclasses.replace(lemma, statement=edit.result).check()
        except (ValueError, TypeError):
            continue
        survivors.add((lemma.name, edit.change))
    assert survivors <= _STILL_TRUE


@pytest.mark.parametrize("name", ["paired_shift", "wasserstein_stability_fitted",
                                  "recursive_stability_regression", "memory_variance"])  # fmt: skip
@pytest.mark.parametrize("factor", [mp.mpf("1.0001"), mp.mpf("0.9999")])
def test_a_factor_slightly_off_is_seen(name: str, factor: object) -> None:
    statement = THEOREMS[name].statement
    with pytest.raises(WitnessError):
        WITNESSES[name].check(
            statement.func(statement.lhs, sp.Float(str(factor)) * statement.rhs, evaluate=False)
        )
