"""Which premise must be true in which small world.

A premise that only some systems meet (one-hot posteriors, an order of injection) is held to those.
Every premise has a world, or stands in `UNCHECKED` with the reason why no small world shows it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping

from sympy.core.relational import Relational

from symbolic.model.premise import Premise
from symbolic.worlds import (
    counts,
    courses,
    distribution_shift,
    gaussians,
    generalization,
    generalization_swaps,
    images,
    in_context,
    in_context_augmentation,
    in_context_loop,
    injection,
    recursive_stability,
    recursive_stability_laws,
    retraining_budget,
    retraining_courses,
    retraining_errors,
    retraining_map,
    retraining_map_network,
    retraining_map_samples,
    retraining_map_transient,
    retraining_network,
    retraining_regression,
    shapes,
    text,
)
from symbolic.worlds.reader import holds
from symbolic.worlds.world import UnknownError, World

__all__ = ["HOLDS_IN", "UNCHECKED", "check_premise", "contradiction", "is_true"]

Worlds = tuple[Callable[[], World], ...]
_TEXT: Worlds = (text.blurred, text.one_hot)
_FIXED: Worlds = (injection.before, injection.after)
_BEFORE: Worlds = (injection.before, injection.fresh)
_CENTRED: Worlds = (
    retraining_map_samples.tempered,
    retraining_map_samples.smoothed,
    retraining_map_samples.blurred,
)
_CHOSEN: Worlds = (retraining_map_samples.chosen, retraining_map_samples.settled)
_LOOPS: Worlds = (recursive_stability.mixed, recursive_stability.replaced)
_FITTED: Worlds = (distribution_shift.mixed, distribution_shift.alone)
_CHANNELS: Worlds = (distribution_shift.mixing, distribution_shift.renaming)
_TINY: Worlds = (generalization.mixed, generalization.alone)
_PARTS: Worlds = (generalization_swaps.real, generalization_swaps.made)
_REFITTED: Worlds = (retraining_map.misfit, retraining_map.well_specified)

NAMES: dict[Worlds, str] = {
    _TEXT: "text_update posterior mixture density_total total other_total posterior_total "
    "diversity next_diversity confusion prob_covariance posterior_covariance text_start "
    "confused_diversity overlap next_homozygosity second_power third_power likelihood_ratio "
    "mixture_ratio self_overlap_variance overlap_variance self_overlap_covariance "
    "shared_overlap_covariance diversity_variance_at next_third_power third_power_start "
    "squared_diversity_start probs_start product_start diversity_at total_at "
    "text_unsettled settled unsettled_at_most_one diversity_variance prob_covariance_at "
    "frozen_images",
    (text.one_hot,): "one_hot one_hot_pair one_hot_confusion one_hot_counts",
    (text.blurred,): "chi_square_divergence",  # one-hot densities vanish somewhere
    _FIXED: "fixed_corpus target target_total target_overlap overlap_step overlap_start",
    (injection.new_text,): "new_text",
    (*_FIXED, injection.fresh): "fresh_corpus fresh_mean fresh_diversity fresh_target "
    "injected_probs",
    _BEFORE: "updates_start_before updates_end_before probs_updates_start probs_updates_end",
    (injection.after,): "updates_start_after updated_overlap",
    (images.update,): "image_diversity keep_rule next_trace next_square_trace "
    "current_square_trace step_square inverse_count squared_offset current_variance mean_after "
    "contraction_factor deviation root_square diversity_of_root next_root_form root_form "
    "step_after squared_after",
    (courses.settling,): "mean_time residence",
    (courses.revealed,): "constant_confusion",
    (gaussians.common,): "common_covariance centred_scores centred_products text_distance",
    (gaussians.axes,): "axis_overlap axis_chi_square",
    (gaussians.numbers,): "transient_level half_life_freedom",
    (injection.at_target,): "start_at_target",
    (shapes.plain,): "unbiased no_shrinkage",
    (shapes.lopsided,): "long_axis top_direction",
    (shapes.isotropic,): "isotropic isotropic_next_diversity scatter_powers",
    (shapes.expansion,): "root_trace",
    (shapes.in_time,): "direction_start image_start root_form_start determinant_step "
    "determinant_start trace_start square_trace_start trace_variance trace_by_direction "
    "growing_mode shrinking_mode",
    (counts.binomial,): "mean_over_counts step_over_counts squared_over_counts "
    "inverse_root_count inverse_next_count fidelity_start squared_start fidelity_triangle",
    (counts.line,): "rho",
    (counts.slopes,): "mean_factor_slope",
    (counts.caption,): "averaged_contraction",
    (counts.runs,): "relative_variance relative_diversity_variance relative_power_mean",
    (images.pool,): "pooled_offset pooled_cov pooled_variance squared_pool_offset axis_reference "
    "generated_mean generated_square user_mean user_square",
    (retraining_errors.replaced, retraining_errors.fresh, retraining_errors.accumulated): (
        "generated_location generated_moment model_location model_spread"
    ),
    (retraining_errors.fresh,): "real_location real_moment real_spread fresh_location "
    "fresh_variance",
    (retraining_errors.replaced,): "replaced_location replaced_variance",
    (retraining_errors.mixed,): "centred_location centred_moment data_location mixed_distance "
    "mixed_variance mixed_cross model_cross",
    (retraining_errors.accumulated,): "accumulated_location accumulated_moment "
    "accumulated_variance",
    (retraining_courses.first,): "first_location first_variance",
    (retraining_courses.kept,): "mixed_start cross_start kept_variance kept_error location_split "
    "kept_square",
    (retraining_courses.kept_mean,): "mean_distance",
    (retraining_courses.pool,): "pool_variance first_pool first_pool_location model_square",
    (retraining_courses.likelihood,): "maximum_likelihood numbers_in_ratio",
    (retraining_courses.known,): "known_variance",
    (retraining_courses.alike,): "numbers_alike",
    (retraining_network.open_network,): "network_step network_noise",
    (retraining_network.open_network, retraining_network.closed_network): "network_noises",
    (retraining_network.closed_network,): "consensus_step consensus_noise",
    (retraining_budget.sample,): "sample_location sample_unbiased sample_spread sample_variance "
    "sample_moment batch_location batch_unbiased batch_spread batch_moment batch_pooled",
    (retraining_budget.reservoir,): "reservoir_location reservoir_unbiased reservoir_spread "
    "reservoir_count reservoir_pairs reservoir_moment",
    (retraining_budget.first,): "first_pool_error first_reservoir first_reservoir_variance",
    (retraining_courses.growing,): "power_schedule",
    (retraining_courses.linear,): "linear_schedule",
    (retraining_regression.replaced, retraining_regression.accumulated): "weights_step label_noise",
    (retraining_regression.replaced,): "replaced_noise",
    (retraining_regression.accumulated,): "accumulated_noise",
    (retraining_regression.first,): "first_weights first_pool_weights",
    _REFITTED: "retrained_score own_score fisher_information misfit_direction curvature_form "
    "map_eigenvector unit_direction linearised_path deviation_start gradient_step gradient_start",
    (retraining_map_transient.rank_one,): "rank_one_information curvature_axes score_before "
    "score_after told_direction score_length norm_along norm_product fisher_size two_curvatures",
    (retraining_map.well_specified,): "information_equality",
    _CENTRED: "centred_variance variance_path variance_eigenvalue",
    (retraining_map_samples.tempered,): "tempered_samples",
    (retraining_map_samples.smoothed,): "kernel_samples",
    (retraining_map_samples.blurred,): "fixed_kernel_samples",
    _CHOSEN: "chosen_mean chosen_spread joint_shift joint_variance fitted_sd jacobian_trace "
    "jacobian_determinant stability_margin best_of_two_mean best_of_two_square replaced_sd "
    "replaced_shift sd_start shift_start",
    (*_CHOSEN, retraining_map_network.pair): "eigenvalue_sum eigenvalue_product eigenvalue_gap",
    (retraining_map_network.pair,): "network_trace network_determinant",
    (retraining_map_network.three,): "network_jacobian source_weights largest_ratio",
    (retraining_map_samples.settled,): "fixed_shift fixed_variance",
    _LOOPS: "first_mean other_first_mean neighbouring mean_step other_mean_step paired_shift "
    "memory noise_fresh noise_variance memory_variance",
    (recursive_stability.replaced,): "without_real",
    (recursive_stability_laws.standardised,): "standard_mean standard_sd standard_mean_start "
    "standard_sd_start sample_centred sample_fresh sample_mean_square "
    "sample_variance_mean residual_centred residual_fresh residual_square pair_difference",
    (recursive_stability_laws.lines,): "first_weight other_first_weight changed_label weight_step "
    "other_weight_step weight_shift weight_distance input_norm",
    _TINY: "generalization_gap gap_deviation worst_model",
    (generalization.mixed,): "share_of_real share_of_generated",
    _PARTS: "part_deviation part_pairs stable_loss",
    (generalization.beyond, generalization.between): "lipschitz_loss fitted_mean one_member",
    _FITTED: "distribution_shift fit_error largest_error",
    (distribution_shift.two,): "second_outcome first_outcome_alone two_outcomes",
    _CHANNELS: "batch_channel other_batch_channel batch_stability next_batch_stability",
    (recursive_stability.normals,): "limit_stability",
    (retraining_map.narrow, retraining_map.wide, retraining_map.elsewhere): "mixed_likelihood "
    "parametric_optimum gibbs",
    (in_context.context,): "label_product input_noise input_noise_cross input_noise_square "
    "coefficient_norm coefficient_product context_square context_product",
    (in_context.tasks,): "prior attention_error",
    (in_context.powers,): "scatter_power_2 scatter_power_3 scatter_power_4 scatter_power_5 "
    "scatter_power_6",
    (in_context_loop.step,): "next_coefficient_square next_context_product next_aim "
    "context_overlap next_overlap context_growth context_rate "
    "scatter_rate",
    (in_context_loop.course,): "kept_context_square kept_context_aim first_overlap "
    "first_product first_aim first_coefficient_square coefficient_error",
    (in_context_augmentation.augmented,): "augmented_share augmented_ratio augmented_size "
    "augmentation_error augmented_entry augmentation_shift augmentation_sampling_error "
    "augmentation_slope augmentation_limit endless_gap gain_gap",
    (in_context_loop.alone,): "no_real_share no_label_noise",
    (in_context_loop.split,): "context_split share_of_ratio",
    (in_context_loop.trained,): "trained_gain same_length",
    (in_context_loop.orthogonal,): "orthogonal_design",
}

#: Premise to the worlds that decide on it.
HOLDS_IN: dict[str, Worlds] = {
    name: worlds for worlds, names in NAMES.items() for name in names.split()
}

#: Premise to the reason why no small world decides on it; nothing but its words speaks for it.
UNCHECKED: dict[str, str] = {}


@functools.cache
def is_true(name: str, statement: Relational) -> bool | None:
    """Tell whether a statement is what a premise of this name may say.

    Parameters
    ----------
    name : str
        The premise.
    statement : sympy Relational
        What it says, or what somebody made of it.

    Returns
    -------
    bool or None
        Whether it holds in all the worlds that decide on it; None if it is in `UNCHECKED`.

    Raises
    ------
    UnknownError
        If it speaks of something that has no value there, or nothing says where it must hold.

    Examples
    --------
    >>> from symbolic.model import MODEL
    >>> is_true("diversity", MODEL["diversity"].statement), is_true("rho", MODEL["rho"].statement)
    (True, True)
    """
    if name in UNCHECKED:
        return None
    if name not in HOLDS_IN:
        raise UnknownError(f"Premise {name!r} has no world: add one to symbolic.worlds.meaning.")
    return all(_in_world(statement, world) for world in HOLDS_IN[name])


def check_premise(premise: Premise) -> None:
    """Check that a premise is true in the small worlds that decide on it.

    Parameters
    ----------
    premise : Premise
        Or what somebody made of it.

    Raises
    ------
    ValueError
        If it is false in one of them, or speaks of something that has no value there.

    Examples
    --------
    >>> from symbolic.model import MODEL
    >>> check_premise(MODEL["text_update"])
    """
    if is_true(premise.name, premise.statement) is False:
        raise ValueError(f"Premise {premise.name}: {premise.statement} is false in a small world.")


def contradiction(premises: Mapping[str, Relational]) -> tuple[str, str] | None:
    """Find two premises that no small world has together.

    Two contradict each other if each is false in all the worlds of the other that have a value for
    it.  From such a pair anything follows, so no theorem may rest on both.

    Parameters
    ----------
    premises : mapping of str to Relational
        What one theorem rests on, by name.

    Returns
    -------
    tuple of two str, or None
        The first such pair.

    Examples
    --------
    >>> from symbolic.model import MODEL
    >>> names = ("diversity", "fixed_corpus", "new_text")
    >>> contradiction({name: MODEL[name].statement for name in names})
    ('fixed_corpus', 'new_text')
    """
    known = sorted(name for name in premises if name in HOLDS_IN)
    for first, second in itertools.combinations(known, 2):
        apart = [
            _verdicts(premises[one], HOLDS_IN[other])
            for one, other in ((first, second), (second, first))
        ]
        if all(verdicts and not any(verdicts) for verdicts in apart):
            return first, second
    return None


def _verdicts(statement: Relational, worlds: Iterable[Callable[[], World]]) -> list[bool]:
    """Tell in which of some worlds a statement is true; none where it has no value."""
    found = []
    for world in worlds:
        try:
            found.append(_in_world(statement, world))
        except UnknownError:
            continue
    return found


@functools.cache
def _in_world(statement: Relational, world: Callable[[], World]) -> bool:
    return holds(statement, world())
