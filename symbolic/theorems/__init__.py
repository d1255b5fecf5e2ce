"""The theorems, a module a subject; each module's ``THEOREMS`` lists its own in order."""

from __future__ import annotations

from symbolic.theorem import Theorem
from symbolic.theorems import (
    confusion,
    confusion_limit,
    confusion_shapes,
    contraction,
    fidelity,
    image,
    image_bounds,
    image_root,
    injection,
    new_text,
    text,
    user_content,
)

_MODULES = (
    text,
    confusion,
    confusion_limit,
    confusion_shapes,
    injection,
    new_text,
    image,
    image_root,
    image_bounds,
    contraction,
    fidelity,
    user_content,
)

ALL: tuple[Theorem, ...] = tuple(theorem for module in _MODULES for theorem in module.THEOREMS)
