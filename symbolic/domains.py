"""What every theorem asks of its symbols besides their assumptions: shares are at most 1.

A theorem's own ``conditions`` come on top.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s

__all__ = ["LIMITS"]

LIMITS: tuple[Relational, ...] = tuple(
    sp.Le(share, 1, evaluate=False)
    for share in (
        s.text_prob,
        s.text_diversity,
        s.initial_text_diversity,
        s.posterior_confusion,
        s.homozygosity,
        s.third_power_sum,
        s.injection_prob,
        s.injection_fraction,
        s.target_diversity,
        s.mean_target_diversity,
        s.initial_overlap,
        s.diversity_floor,
        s.fraction_power,
        s.fresh_weight,
        s.real_share,
        s.error_chance,
        s.recursive_stability,
        s.part_stability,
        s.generation_error,
    )
)
