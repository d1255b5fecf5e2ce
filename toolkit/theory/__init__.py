"""Theory as numbers: the only part of the toolkit that imports ``symbolic``.

`predict` lays everything the theorems say of a system beside a simulation; `number` evaluates
one theorem.
"""

from toolkit.theory.facts import confused_diversity_bound
from toolkit.theory.numbers import (
    function,
    log_contraction_constant,
    log_directional_factor,
    mean_over_counts,
    number,
    theorem,
)
from toolkit.theory.predictions import predict, why_not
from toolkit.theory.recursive_stability import predicted_stability
from toolkit.theory.results import NothingPredictedError
from toolkit.theory.retraining_map import NoFixedPointError, map_of
from toolkit.theory.retraining_stability import stability
from toolkit.theory.tables import best_injection_fraction, image_rates, smallest_dose, theorems

__all__ = [
    "NoFixedPointError",
    "NothingPredictedError",
    "best_injection_fraction",
    "confused_diversity_bound",
    "function",
    "image_rates",
    "log_contraction_constant",
    "log_directional_factor",
    "map_of",
    "mean_over_counts",
    "number",
    "predict",
    "predicted_stability",
    "smallest_dose",
    "stability",
    "theorem",
    "theorems",
    "why_not",
]
