"""The theorems, a module a subject; each module's ``THEOREMS`` lists its own in order."""

from __future__ import annotations

from symbolic.theorem import Theorem
from symbolic.theorems import (
    confusion,
    confusion_limit,
    confusion_shapes,
    contraction,
    contraction_caption,
    contraction_starts,
    determinants,
    fidelity,
    image,
    image_bounds,
    image_counts,
    image_root,
    injection,
    injection_fresh,
    isotropic_bounds,
    isotropic_plane,
    new_text,
    rates,
    replicates,
    special_functions,
    text,
    text_variance,
    traces,
    user_content,
    user_content_doses,
    wright_fisher,
)

_MODULES = (
    text,
    text_variance,
    wright_fisher,
    confusion,
    confusion_limit,
    confusion_shapes,
    injection,
    injection_fresh,
    new_text,
    image,
    image_root,
    image_bounds,
    special_functions,
    determinants,
    traces,
    contraction,
    contraction_starts,
    contraction_caption,
    isotropic_plane,
    isotropic_bounds,
    fidelity,
    image_counts,
    replicates,
    user_content,
    user_content_doses,
    rates,
)

ALL: tuple[Theorem, ...] = tuple(theorem for module in _MODULES for theorem in module.THEOREMS)
