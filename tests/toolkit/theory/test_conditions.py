"""Numbers outside the conditions of a theorem are refused, not turned into nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from symbolic import THEOREMS
from toolkit.theory import number

PLAIN = {"ddof": 1, "shrinkage_factor": 1}
PATH = {**PLAIN, "generations": 2}
RUNS = {"image_count": 5, "replicates": 10}
STILL = {"batch_size": 5, "text_updates": 0, "injection_prob": 0, "injection_fraction": 0.5}
DRAWN = {"generations": 2, "initial_text_diversity": 0.5, "initial_overlap": 0.3}

OUTSIDE: list[tuple[str, dict[str, Any], str]] = [
    ("directional_power_mean", {"image_count": 4, "power": -1.8, "directional_variance": 2, **PATH},
     "power .* must be above"),
    ("image_determinant_power",
     {"image_count": 4, "num_features": 3, "power": -1.25, "determinant": 2, **PATH},
     "power .* must be above"),
    ("image_determinant_diversity_mean",
     {"image_count": 2, "num_features": 5, "determinant": 2, **PATH}, "must be above num_features"),
    ("image_log_determinant_mean",
     {"image_count": 3, "num_features": 3, "determinant": 2, **PATH}, "must be above num_features"),
    ("image_one_step_lower_bound",
     {"image_count": 2, "image_sd": [2, 1, 1], **PLAIN}, "must be above num_features"),
    ("image_plane_power_mean", {"image_count": 3, "power": -5, "image_diversity": 2, **PLAIN},
     "power .* must be above"),
    ("image_plane_factor", {"image_count": 2, **PLAIN}, "image_count .* must be at least 3"),
    ("image_contraction_isotropic_upper",
     {"image_count": 2, "num_features": 2, "ddof": 2, "shrinkage_factor": 1},
     "must be above ddof"),
    ("image_square_trace_step",
     {"image_count": 2, "ddof": 5, "shrinkage_factor": 1, "current_variance": 2,
      "current_square_trace": 3}, "must be above ddof"),
    ("image_trace_variance",
     {"image_count": 5, "image_variance": 1, "image_square_trace": 5, **PATH},
     "must be at most 1, not 5"),
    ("chi_power_deficit_bound", {"degrees_of_freedom": 4, "fraction_power": 1.5},
     "fraction_power .* must be at most 1"),
    ("replicate_collapse", {"fraction_power": 2, "generations": 3, **RUNS},
     "fraction_power .* must be at most 1"),
    ("replicate_failure_time", {"fraction_power": 1.5, "share_left": 0.5, **RUNS},
     "fraction_power .* must be"),
    ("replicate_failure_time", {"fraction_power": 0.5, "share_left": 2, **RUNS},
     "share_left .* must be below 1"),
    ("replicate_relative_variance", {"image_count": 1, "replicates": 3, "generations": 2},
     "image_count .* must be at least 2"),
    ("image_level_time", {"image_count": 5, "share_left": 3}, "share_left .* must be below 1"),
    ("typical_level_time", {"image_count": 5, "share_left": 3}, "share_left .* must be below 1"),
    ("directional_half_life", {"image_count": 1}, "image_count .* must be at least 2"),
    ("text_level_time", {"batch_size": 5, "share_left": 2}, "share_left .* must be below 1"),
    ("text_confused_level_time", {"batch_size": 5, "share_left": 0.5, "posterior_confusion": 1},
     "posterior_confusion .* must be below 1"),
    ("transient_time", {"transient_factor": 0.5, "transient_level": 2, "transient_size": 1},
     "must be below transient_size"),
    ("fixation_time_lower_bound",
     {"batch_size": 5, "num_texts": 2, "initial_text_diversity": 0.8}, "must be at most 1 - 1/"),
    ("wright_fisher_diversity_variance",
     {"batch_size": 5, "text_diversity": 0.5, "third_power_sum": 0.6}, "_sum .* at most"),
    ("user_content_drift", {"image_count": 1, "user_images": 0, "mean_offset": 1}, "must be above"),
    ("image_factor_slope",
     {"batch_size": 9, "text_prob": 0.3, "min_images": 1, "ddof": 0, "shrinkage_factor": 1},
     "min_images .* must be at least 2"),
    ("image_fidelity_count_bound", {"image_diversity": 2, "inverse_count": 0},
     "inverse_count .* must be above 0"),
    ("corpus_injection_curve_before", {**STILL, **DRAWN, "target_diversity": 0.5}, "must be below"),
    ("corpus_injection_recursion_after",
     {**STILL, "generations": 2, "initial_text_diversity": 0.5, "target_diversity": 0.5},
     "must be below 1"),
    ("corpus_injection_stationary_after", {**STILL, "target_diversity": 0.5}, "must be below 1"),
    ("fresh_corpus_curve_after",
     {**STILL, **DRAWN, "target_diversity": 0.5, "mean_target_diversity": 0.6}, "must be below"),
    ("new_text_curve_lower_bound", {**STILL, "generations": 2, "initial_text_diversity": 0.5},
     "must be below 1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "message"), OUTSIDE)
def test_outside_is_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        number(name, **values)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_certain_injection_of_everything_has_no_curve() -> None:
    """Both geometric terms are 0 ** t there: the closed form is 0/0."""
    every = {**STILL, **DRAWN, "injection_prob": 1, "injection_fraction": 1, "text_updates": 1}
    with pytest.raises(ValueError, match="must be below"):
        number("corpus_injection_curve_before", target_diversity=0.5, **every)


def test_only_where_a_text_can_be_drawn() -> None:
    values: dict[str, Any] = {"generations": 1, "injection_prob": 0.1}
    values |= {"injection_fraction": 0.5}
    values |= {"text_probs": [0.5, 0.5], "target_probs": [0.2, 0.8]}
    with pytest.raises(ValueError, match="must be below num_texts"):
        number("corpus_injection_text_probs", text=2, **values)


def test_rank_one_and_one_dimension_are_inside() -> None:
    """A square trace is at most the squared trace, within round-off that grows with it."""
    for variance in (1e-9, 0.1 + 0.2, 12345.678, 1e12):
        square = (variance**0.5) ** 4
        values = {"image_count": 7, "image_variance": variance, "image_square_trace": square}
        assert number("image_trace_variance", **values, **PATH) > 0
        runs = {"image_variance": variance, "image_diversity": variance**0.5}
        runs |= {"replicates": 4, "image_count": 7, "generations": 3}
        assert number("replicate_diversity_variance", **runs) > 0


def test_a_condition_on_numbers_speaks_of_the_theorem() -> None:
    for name in ("image_factor_upper_bound", "image_fidelity_squared", "image_determinant_power"):
        symbols = set(THEOREMS[name].symbols.values())
        assert all(condition.free_symbols <= symbols for condition in THEOREMS[name].conditions)
