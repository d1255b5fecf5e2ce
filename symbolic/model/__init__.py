"""The premises: what the co-evolving system does, each fact once.

Derivations rest on these definitions and laws and on nothing else (but cited lemmas), so that a
theorem with an altered premise finds no support here.  A premise that only some systems meet
(one-hot posteriors, a common covariance) says so, and so must the theorem that uses it.
"""

from __future__ import annotations

from symbolic.model import (
    distribution_shift,
    drift,
    fidelity,
    generalization,
    image,
    in_context,
    in_context_augmentation,
    in_context_loop,
    injection,
    rates,
    recursive_stability,
    recursive_stability_laws,
    retraining_budget,
    retraining_errors,
    retraining_map,
    retraining_map_network,
    retraining_map_samples,
    retraining_map_transient,
    retraining_network,
    retraining_regression,
    spectra,
    text,
    user_content,
)
from symbolic.model.premise import Premise

__all__ = ["MODEL", "Premise"]

_GROUPS = (
    text.TEXT,
    text.COMMON,
    drift.DRIFT,
    injection.INJECTION,
    image.IMAGE,
    spectra.SPECTRA,
    fidelity.FIDELITY,
    user_content.POOL,
    rates.RATES,
    retraining_errors.RETRAINING,
    retraining_regression.REGRESSION,
    retraining_budget.BUDGET,
    retraining_network.NETWORK,
    retraining_map.RETRAINING_MAP,
    retraining_map_samples.RETRAINING_SAMPLES,
    retraining_map_transient.RETRAINING_TRANSIENT,
    retraining_map_network.RETRAINING_NETWORK,
    in_context.IN_CONTEXT,
    in_context_loop.CONTEXT_LOOP,
    in_context_augmentation.AUGMENTATION,
    recursive_stability.RECURSIVE_STABILITY,
    recursive_stability_laws.RECURSIVE_STABILITY_LAWS,
    distribution_shift.DISTRIBUTION_SHIFT,
    generalization.GENERALIZATION,
)


def _collect() -> dict[str, Premise]:
    premises: dict[str, Premise] = {}
    for group in _GROUPS:
        for name, (words, statement) in group.items():
            if name in premises:
                raise ValueError(
                    f"Expected one premise of a name, found {name!r} twice: rename one."
                )
            premises[name] = Premise(name=name, in_words=words, statement=statement)
    return premises


MODEL: dict[str, Premise] = _collect()
