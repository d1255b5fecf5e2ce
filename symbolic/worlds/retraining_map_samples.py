"""Small worlds of biased sampling: densities are raised to powers, integrated, and mixed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.witnesses.retraining_map_sampling import (
    best_moments,
    mixture,
    smoothed_spread,
    tempered_spread,
)
from symbolic.worlds.arithmetic import real, slope
from symbolic.worlds.world import World, small_world

F = Fraction
RATIO, VARIANCE, FITTED, START = F(5, 4), F(7, 3), F(3, 2), F(4, 3)
#: Real data: values with mean 0, and their chances.
_REAL = ((F(-1), F(2, 5)), (F(1, 3), F(2, 5)), (F(4, 3), F(1, 5)))
_REAL_VARIANCE = sum((p * x**2 for x, p in _REAL), F(0))


def _centred(name: str, values: dict[Any, Any], spread: Callable[[Any], Any]) -> World:
    """Samples around the real mean: their variance is a function of the model's."""

    def after(variance: Any) -> Any:
        return mixture(_REAL, 0, spread(real(variance)), real(RATIO))[1]

    path = [real(START)]
    for _ in range(4):
        path.append(after(path[-1]))
    return World(
        name=name,
        values={
            s.synthetic_ratio: RATIO,
            s.real_variance: _REAL_VARIANCE,
            s.fitted_variance: FITTED,
            s.retraining_eigenvalue: slope(after, FITTED),
            **values,
        },
        tables={
            s.sample_spread: lambda v: spread(real(v)),
            s.variance_map: after,
            s.fitted_variance_at.label: path.__getitem__,
        },
        ranges={s.generations: (1, 2)},
    )


@small_world
def tempered() -> World:
    """Samples at a temperature: the density's power, integrated."""
    heat = F(5, 3)
    return _centred(
        "tempered samples", {s.temperature: heat}, lambda v: tempered_spread(v, real(heat))
    )


@small_world
def smoothed() -> World:
    """Samples of kernels as wide as a share of the data's standard deviation."""
    width = F(2, 5)
    return _centred(
        "kernels in proportion",
        {s.bandwidth: width},
        lambda v: smoothed_spread(v, real(width) * mp.sqrt(v)),
    )


@small_world
def blurred() -> World:
    """Samples of kernels of one width."""
    width = F(2, 5)
    return _centred(
        "kernels of one width",
        {s.fixed_bandwidth: width},
        lambda v: smoothed_spread(v, real(width)),
    )


def _chosen(name: str, ratio: Fraction, at: tuple[Any, Any], real_variance: Any) -> World:
    """The best of two samples, mixed with real data of some variance."""
    mean, spread = best_moments(2)
    spots = ((-mp.sqrt(real(real_variance)), F(1, 2)), (mp.sqrt(real(real_variance)), F(1, 2)))

    def chosen(shift: Any, variance: Any) -> tuple[Any, Any]:
        return real(shift) + mean * mp.sqrt(real(variance)), spread * real(variance)

    def after(shift: Any, variance: Any) -> tuple[Any, Any]:
        return mixture(spots, *chosen(shift, variance), real(ratio))

    def part(of: int, which: int) -> Any:
        def moved(x: Any) -> Any:
            return after(*(x if k == which else at[k] for k in (0, 1)))[of]

        return _difference(moved, real(at[which]))

    trace = part(0, 0) + part(1, 1)
    determinant = part(0, 0) * part(1, 1) - part(0, 1) * part(1, 0)
    apart = mp.sqrt(trace**2 / 4 - determinant)
    shifts, sds = [mp.mpf(0)], [real(START)]
    for _ in range(4):
        shifts.append(shifts[-1] + mean * sds[-1])
        sds.append(mp.sqrt(chosen(0, sds[-1] ** 2)[1]))
    return World(
        name=name,
        values={
            s.synthetic_ratio: ratio,
            s.real_variance: real_variance,
            s.fitted_shift: at[0],
            s.fitted_variance: at[1],
            s.fitted_sd: mp.sqrt(real(at[1])),
            s.selected_mean: mean,
            s.selected_variance: spread,
            s.jacobian_trace: trace,
            s.jacobian_determinant: determinant,
            s.retraining_eigenvalue: trace / 2 + apart,
            s.other_eigenvalue: trace / 2 - apart,
            s.eigenvalue_gap: 2 * apart,
            s.stability_margin: (1 - part(0, 0)) * (1 - part(1, 1)) - part(0, 1) * part(1, 0),
            s.initial_sd: START,
        },
        tables={
            s.chosen_mean: lambda m, v: chosen(m, v)[0],
            s.chosen_spread: lambda v: chosen(0, v)[1],
            s.shift_after: lambda m, v: after(m, v)[0],
            s.variance_after: lambda m, v: after(m, v)[1],
            s.fitted_shift_at.label: shifts.__getitem__,
            s.fitted_sd_at.label: sds.__getitem__,
        },
        ranges={s.generations: (1, 2)},
    )


def _difference(of: Callable[[Any], Any], at: Any) -> Any:
    with mp.workdps(120):
        step = mp.mpf(10) ** -25
        return (of(at + step) - of(at - step)) / (2 * step)


@small_world
def chosen() -> World:
    """Somewhere, not at the fixed point."""
    return _chosen("best of two samples", F(3, 4), (F(2, 7), F(5, 3)), F(9, 4))


@small_world
def settled() -> World:
    """At the fixed point, which is found by retraining many times."""
    ratio, variance = F(1, 5), F(9, 4)
    mean, spread = best_moments(2)
    spots = ((F(-3, 2), F(1, 2)), (F(3, 2), F(1, 2)))
    shift, now = mp.mpf(0), real(variance)
    for _ in range(160):
        shift, now = mixture(spots, shift + mean * mp.sqrt(now), spread * now, real(ratio))
    return _chosen("best of two samples, settled", ratio, (shift, now), variance)
