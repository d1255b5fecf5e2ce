"""Witnesses of repeated retraining and of gradient steps: maps are composed and differenced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map import (
    aligned,
    families,
    well_specified,
    with_digits,
)
from symbolic.witnesses.retraining_map_family import (
    ROUNDING,
    Family,
    Matrix,
    Vector,
    derivative,
    eigenvalues,
    solve,
)


def _eigenvector(matrix: Matrix, value: Any) -> Vector:
    """Give an eigenvector of a matrix that is not diagonal."""
    return matrix[0][1], value - matrix[0][0]


def _share(of: Callable[[Vector], Any], along: Vector) -> Any:
    """How much of a small distance along an eigenvector is left, by its larger component."""
    at = 0 if abs(along[0]) > abs(along[1]) else 1
    return derivative(of, along)[at] / along[at]


def _repeated(family: Family, ratio: Any, times: int) -> Callable[[Vector], Vector]:
    def of(theta: Vector) -> Vector:
        for _ in range(times):
            theta = family.retrained(theta, ratio)
        return theta

    return of


def _paths() -> Iterator[tuple[int, dict[str, Any], Any]]:
    """Times, numbers, and the share left, for eigenvectors of families that are turned."""
    for family, ratio, times in zip(
        families()[:2], (mp.mpf(5) / 4, mp.mpf(2) / 3), (3, 2), strict=True
    ):
        misfit = solve(family.curvature, family.fisher)
        for value in eigenvalues(misfit):
            numbers = {"synthetic_ratio": ratio, "misfit_eigenvalue": value}
            along = _eigenvector(misfit, value)
            yield times, numbers, _share(_repeated(family, ratio, times), along)


@with_digits
def _path() -> Iterator[Case]:
    start = mp.mpf(3) / 2
    for times, numbers, share in _paths():
        given = {**numbers, "generations": times, "transient_size": start}
        yield Case(numbers=given, value=start * share, error=ROUNDING)


@with_digits
def _time() -> Iterator[Case]:
    for times, numbers, share in _paths():
        yield Case(numbers={**numbers, "share_left": share}, value=times, error=ROUNDING)


@with_digits
def _time_bound() -> Iterator[Case]:
    """What it gives away by the series of the logarithm: ``sum of u**k / (k + 1)`` a time."""
    for ratio, times in ((mp.mpf(3), 2), (mp.mpf(1) / 2, 3)):
        share = _share(_repeated(well_specified(), ratio, times), (mp.mpf(1), mp.mpf(2)))
        part = 1 / (1 + ratio)
        slack = times * mp.nsum(lambda k, u=part: u**k / (k + 1), [1, mp.inf])
        numbers = {"synthetic_ratio": ratio, "share_left": share}
        yield Case(numbers=numbers, value=times, error=ROUNDING, sharp=True, slack=slack)


_RATE = mp.mpf(1) / 7


@with_digits
def _gradient() -> Iterator[Case]:
    for family, axis, steps in zip(
        (*aligned(), *aligned()), (0, 1, 1, 0), (1, 2, 5, 0), strict=True
    ):
        unit = (mp.mpf(1 - axis), mp.mpf(axis))
        curvature, ratio = family.curvature[axis][axis], mp.mpf(4) / 3
        numbers = {
            "synthetic_ratio": ratio,
            "misfit_eigenvalue": family.fisher[axis][axis] / curvature,
            "curvature": curvature,
            "learning_rate": _RATE,
            "gradient_steps": steps,
        }
        value = _share(partial(family.climbed, ratio=ratio, rate=_RATE, steps=steps), unit)
        yield Case(numbers=numbers, value=value, error=ROUNDING)


@with_digits
def _one_step() -> Iterator[Case]:
    """Eigenvectors of the curvature alone, whatever the Fisher information."""
    for family, ratio in zip(families(), (mp.mpf(1) / 2, mp.mpf(9), mp.mpf(2)), strict=True):
        for curvature in eigenvalues(family.curvature):
            along = _eigenvector(family.curvature, curvature)
            value = _share(partial(family.climbed, ratio=ratio, rate=_RATE, steps=1), along)
            numbers = {"curvature": curvature, "learning_rate": _RATE}
            yield Case(numbers=numbers, value=value, error=ROUNDING)


@with_digits
def _boundary() -> Iterator[Case]:
    """Bisection for the step whose derivative turns a distance round."""
    for family in families()[:2]:
        curvature = eigenvalues(family.curvature)[0]
        along = _eigenvector(family.curvature, curvature)
        low, high = mp.mpf(0), mp.mpf(8)
        for _ in range(90):
            middle = (low + high) / 2
            step = partial(family.climbed, ratio=mp.mpf(3), rate=middle, steps=1)
            moved = _share(step, along)
            low, high = (middle, high) if moved > -1 else (low, middle)
        yield Case(numbers={"curvature": curvature}, value=low, error=mp.mpf("1e-24"))


WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method="composing and differencing", make=make)
    for name, quantity, make in (
        ("retraining_path", "x_G[t]", _path),
        ("retraining_time", "t_G", _time),
        ("retraining_time_bound", "t_G", _time_bound),
        ("gradient_retraining_eigenvalue", "j_g[K_g]", _gradient),
        ("one_gradient_step_eigenvalue", "j_g[1]", _one_step),
        ("one_gradient_step_threshold", "eta_c", _boundary),
    )
}
