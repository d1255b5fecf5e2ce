"""A small world of transient growth: samples that tell one combination of two parameters only."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath as mp

from symbolic import symbols as s
from symbolic.witnesses.retraining_map_family import DIGITS, operator_norm
from symbolic.witnesses.retraining_map_family import rank_one as family_of_rank_one
from symbolic.worlds.arithmetic import real
from symbolic.worlds.retraining_map import RATIO, with_matrices
from symbolic.worlds.world import World, small_world

F = Fraction
_SCORE, _CURVATURES = (F(3, 2), F(2)), (F(2), F(5))
_LENGTH = F(5, 2)


@small_world
def rank_one() -> World:
    """Retrained along the direction that the samples tell of."""
    with mp.workdps(DIGITS):
        score = (real(_SCORE[0]), real(_SCORE[1]))
        family = family_of_rank_one(
            (real(_CURVATURES[0]), real(_CURVATURES[1])), score, mp.mpf(3) / 4, mp.mpf(2) / 3
        )
        unit = tuple(x / real(_LENGTH) for x in score)
        world = with_matrices("samples that tell one direction", family, unit, family.height)
        norm = operator_norm(family.jacobian(real(RATIO)))
        pulled = mp.hypot(*(b / real(a) for b, a in zip(score, _CURVATURES, strict=True)))
    moved = world.tables[s.mapped_direction.label]
    return replace(
        world,
        values={
            **world.values,
            s.jacobian_norm: norm,
            s.score_length: _LENGTH,
            s.score_before: _LENGTH,
            s.score_after: score[0] * moved(0) + score[1] * moved(1),
            s.norm_product: real(_LENGTH) * pulled,
            s.fisher_size: _LENGTH**2,
            s.condition_number: F(5, 2),
        },
        tables={
            **world.tables,
            s.axis_score.label: _SCORE.__getitem__,
            s.axis_curvature.label: _CURVATURES.__getitem__,
        },
    )
