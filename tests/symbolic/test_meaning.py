"""Lemmas and premises are held to their meaning: an altered one is found out by its own check."""

import dataclasses
import functools

import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic.lemmas import LEMMAS
from symbolic.lemmas import general as sums
from symbolic.model import MODEL
from symbolic.mutation.edits import edits
from symbolic.worlds import UnknownError, holds, injection, meaning, text
from symbolic.worlds.meaning import HOLDS_IN, UNCHECKED, check_premise, contradiction

# Altered in this way they still are true: a term is added that is zero.
_STILL_TRUE = {
    ("square_of_sum", "i: 0..K - 1 -> 0..K"),  # a pair needs a second, larger index
    ("double_sum", "a: 0..d - 1 -> 0..d"),
    ("first_pairs_apart", "a: 0..d - 1 -> 0..d"),
    ("first_pairs_apart", "a: 1..d - 1 -> 1..d"),
    ("binomial_total", "m: n_min..N -> n_min..N + 1"),  # N + 1 successes in N trials
    ("binomial_shifted", "m: 0..N -> 0..N + 1"),
}


@pytest.mark.parametrize("name", [lemma.name for lemma in sums.LEMMAS])
def test_an_altered_lemma_is_found_out(name: str) -> None:
    lemma = LEMMAS[name]
    lemma.check()
    survivors = set()
    for edit in edits(lemma.statement):
        try:
            dataclasses.replace(lemma, statement=edit.result).check()
        except ValueError:
            continue
        survivors.add((name, edit.change))
    assert survivors <= _STILL_TRUE


def test_a_lemma_on_something_else_is_found_out() -> None:
    x = sp.Symbol("x")
    for lemma in sums.LEMMAS:
        with pytest.raises(ValueError, match=r"small size|has no value"):
            dataclasses.replace(lemma, statement=sp.Eq(x, 2 * x, evaluate=False)).check()


# ---------------------------------------------------------------------------------- premises

# Other statements that are true in the worlds, for the reason given.
_ALSO_TRUE = {
    ("probs_start", "0 -> 1"): "text updates are martingales",
    ("product_start", "0 -> 1"): "text updates are martingales",
    ("probs_updates_start", "0 -> 1"): "text updates are martingales",
    ("unsettled_at_most_one", "1 -> 2"): "a weaker bound",
    ("one_hot", "2 -> 3"): "any power of 0 or 1",
    ("one_hot_confusion", "C -> 2*C"): "twice nothing",
    ("keep_rule", "m: n_min..N -> n_min..N + 1"): "no N + 1 successes in N trials",
    ("inverse_count", "m: n_min..N -> n_min..N + 1"): "no N + 1 successes in N trials",
    ("inverse_root_count", "m: n_min..N -> n_min..N + 1"): "no N + 1 successes in N trials",
    ("mean_factor_slope", "m: n_min..N -> n_min..N + 1"): "no N + 1 successes in N trials",
    ("inverse_next_count", "m: 0..N -> 0..N + 1"): "no N + 1 successes in N trials",
    ("squared_after", "SampleMean(z[a], n)*s[a] -> -SampleMean(z[a], n)*s[a]"): "mean zero",
    ("squared_after", "Delta[a] -> -Delta[a]"): "mean zero",
    ("axis_overlap", "x -> -x"): "the same mirrored",
    ("axis_overlap", "-delta[a] -> delta[a]"): "the same mirrored",
    ("axis_chi_square", "x -> -x"): "the same mirrored",
    ("axis_chi_square", "-delta[a] -> delta[a]"): "the same mirrored",
    ("isotropic", "0 -> 1"): "any axis is like any other",
    ("largest_ratio", "lambda_W -> 2*lambda_W"): "a weaker bound",
    ("jacobian_trace", "v_G -> 2*v_G"): "a slope that is the same everywhere",
    ("jacobian_determinant", "v_G -> 2*v_G"): "a slope that is the same everywhere",
    ("jacobian_determinant", "Delta_G -> 2*Delta_G"): "a slope that is the same everywhere",
    ("fidelity_triangle", "1 -> -1"): "a weaker bound",
    ("fidelity_triangle", "t -> -t"): "a weaker bound",
    ("fidelity_triangle", "t -> t + 1"): "a weaker bound",
    ("known_variance", "t -> t + 1"): "the same at all times",
    ("paired_shift", "t -> t + 1"): "the same at all times",
    ("noise_variance", "t -> t + 1"): "the same at all times",
    ("largest_error", "e_g -> 2*e_g"): "a weaker bound",
    ("stable_loss", "beta_n -> 2*beta_n"): "a weaker bound",
    ("lipschitz_loss", "Delta_S -> 2*Delta_S"): "a weaker bound",
    ("lipschitz_loss", "L_l -> 2*L_l"): "a weaker bound",
    ("sample_mean_square", "t -> t + 1"): "the same at all times",
    ("sample_variance_mean", "t -> t + 1"): "the same at all times",
    ("residual_centred", "t -> t + 1"): "mean zero",
    ("residual_fresh", "t -> t + 1"): "mean zero",
    ("residual_square", "t -> t + 1"): "the same at all times",
    ("weight_shift", "t -> t + 1"): "the same at all times",
    ("weight_distance", "t -> t + 1"): "the same at all times",
    ("without_real", "alpha_r -> 2*alpha_r"): "twice nothing",
    ("first_aim", "0 -> 1"): "the same at all times",
    ("first_product", "0 -> 1"): "the same at all times",
    ("first_coefficient_square", "0 -> 1"): "the same at all times",
    ("input_noise_cross", "2 -> 3"): "noise of mean zero whatever the input",
    ("no_label_noise", "sigma2 -> 2*sigma2"): "twice nothing",
    ("no_real_share", "alpha_r -> 2*alpha_r"): "twice nothing",
    ("relative_variance", "R -> R + 1"): "the mean of a mean does not depend on how many",
    ("relative_diversity_variance", "R -> R + 1"): "the mean of a mean does not depend on how many",
}
_SYMMETRIC = "squared_pool_offset"  # draws of either sign are equally likely


@functools.cache
def _survivors(name: str) -> frozenset[str]:
    survived = set()
    for edit in edits(MODEL[name].statement):
        try:
            check_premise(dataclasses.replace(MODEL[name], statement=edit.result))
        except ValueError:
            continue
        survived.add(edit.change)
    return frozenset(survived)


@pytest.mark.parametrize("name", sorted(HOLDS_IN))
def test_a_premise_is_true_and_an_altered_one_is_not(name: str) -> None:
    check_premise(MODEL[name])
    survived = _survivors(name)
    if name == _SYMMETRIC:
        assert len(survived) <= 4
    else:
        assert all((name, change) in _ALSO_TRUE for change in survived)


def test_every_premise_has_a_meaning_to_be_held_to() -> None:
    assert not HOLDS_IN.keys() & UNCHECKED.keys()
    assert HOLDS_IN.keys() | UNCHECKED.keys() == MODEL.keys()
    assert sum(len(names.split()) for names in meaning.NAMES.values()) == len(HOLDS_IN)
    assert all(UNCHECKED.values())
    assert len(UNCHECKED) <= 2


def test_a_premise_without_a_world_is_refused() -> None:
    with pytest.raises(UnknownError, match="has no world"):
        check_premise(dataclasses.replace(MODEL["text_update"], name="something new"))


def test_a_premise_on_something_else_is_found_out() -> None:
    other = dataclasses.replace(MODEL["text_update"], statement=MODEL["pooled_cov"].statement)
    with pytest.raises(UnknownError):
        check_premise(other)


def test_special_premises_are_false_elsewhere() -> None:
    assert not holds(MODEL["one_hot"].statement, text.blurred())
    assert not holds(MODEL["new_text"].statement, injection.before())
    assert not holds(MODEL["fixed_corpus"].statement, injection.new_text())
    assert not holds(MODEL["updates_start_after"].statement, injection.before())


def _rests_on(name: str) -> frozenset[str]:
    """Premises of a theorem, and of the theorems that it uses."""
    uses = {use for step in THEOREMS[name].derivation for use in step.uses}
    own = {use.removeprefix("model:") for use in uses if use.startswith("model:")}
    others = {use.removeprefix("theorem:") for use in uses if use.startswith("theorem:")}
    return frozenset(own.union(*(_rests_on(other) for other in others)))


def test_no_theorem_rests_on_premises_that_exclude_each_other() -> None:
    for names in {_rests_on(name) for name in THEOREMS}:
        pair = contradiction({name: MODEL[name].statement for name in names})
        assert pair is None, pair


def test_premises_that_exclude_each_other_are_found() -> None:
    for pair in (("fixed_corpus", "new_text"), ("updates_start_after", "updates_start_before")):
        assert contradiction({name: MODEL[name].statement for name in pair}) == pair
