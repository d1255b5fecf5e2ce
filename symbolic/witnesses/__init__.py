"""Independent witnesses of the theorems: theorem name to what speaks for its statement.

Nothing in this package may use the machinery of the derivations (`symbolic.moments`,
`symbolic.recursions`, `symbolic.rules`, ...): only Python's rationals and mpmath.
"""

from __future__ import annotations

from symbolic.witness import Witness
from symbolic.witnesses import (
    confusion,
    contraction,
    counts,
    distribution_shift,
    fidelity,
    generalization,
    image,
    image_bounds,
    in_context,
    in_context_augmentation,
    in_context_growth,
    in_context_loop,
    in_context_scatter,
    injection,
    isotropic,
    rates,
    recursive_stability,
    recursive_stability_laws,
    replicates,
    retraining_budgets,
    retraining_errors,
    retraining_map,
    retraining_map_network,
    retraining_map_samples,
    retraining_map_selection,
    retraining_map_steps,
    retraining_map_transient,
    retraining_mixes,
    retraining_networks,
    retraining_pools,
    retraining_regression,
    retraining_schedules,
    special,
    text,
    user_content,
    wright_fisher,
)

__all__ = ["WITNESSES"]

_MODULES = (
    text,
    confusion,
    injection,
    wright_fisher,
    fidelity,
    counts,
    rates,
    replicates,
    special,
    user_content,
    image,
    image_bounds,
    contraction,
    isotropic,
    retraining_budgets,
    retraining_errors,
    retraining_mixes,
    retraining_networks,
    retraining_pools,
    retraining_regression,
    retraining_schedules,
    retraining_map,
    retraining_map_steps,
    retraining_map_transient,
    retraining_map_samples,
    retraining_map_network,
    retraining_map_selection,
    in_context,
    in_context_augmentation,
    in_context_growth,
    in_context_loop,
    in_context_scatter,
    recursive_stability,
    recursive_stability_laws,
    distribution_shift,
    generalization,
)

WITNESSES: dict[str, Witness] = {
    name: witness for module in _MODULES for name, witness in module.WITNESSES.items()
}
