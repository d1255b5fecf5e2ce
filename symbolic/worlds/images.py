"""Small worlds of the image model: two axes, two images a text, every draw listed.

What is checked here does not depend on the draws' law beyond its mean and variance, so a standard
normal is -2, 0 or 2: definitions hold draw by draw, means and variances are those of a normal.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import comb

from symbolic import symbols as s
from symbolic.model.fidelity import axis_offset, squared_after, step_after, step_length
from symbolic.model.image import counts_below, deviation, mean_after, update_factor
from symbolic.model.user_content import axis_cov, next_variance, other_draw, reference_sd
from symbolic.worlds.arithmetic import real
from symbolic.worlds.planes import (
    SYMMETRIC,
    chance_mean,
    draws,
    form,
    length,
    matrix_root,
    rows,
    scatter,
    trace,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
AXES, GENERATED, USERS = 2, 3, 2
SD, REFERENCE_SD, OFFSET = (F(3, 2), F(2, 5)), (F(1, 2), F(4, 3)), (F(2, 3), F(-1, 4))
KAPPA, DDOF, LEAST = F(5, 6), F(1, 2), 2
_COUNT_PROB = F(2, 7)
_DIRECTION = (F(2, 3), F(-3, 5))


def _total(values: Iterator[Fraction]) -> Fraction:
    return sum(values, F(0))


@small_world
def update() -> World:
    """One update of one text's Gaussian, from a covariance that is diagonal in its eigenbasis."""
    factor = {m: F(m, m + 1) ** 2 for m in range(GENERATED + 2)}
    weight = {m: comb(GENERATED, m) * _COUNT_PROB**m * (1 - _COUNT_PROB) ** (GENERATED - m)
              for m in range(GENERATED + 1)}  # fmt: skip
    below = _total(weight[m] for m in range(LEAST))
    updated = range(LEAST, GENERATED + 1)
    variance = _total(x**2 for x in SD)
    outcomes = tuple(_updates())
    means = {
        name: chance_mean([(o.chance, o.values[name]) for o in outcomes])
        for name in (s.next_image_diversity, step_length, s.next_squared_offset)
    }
    return World(
        name="one image update",
        values={
            s.num_features: F(AXES),
            s.image_count: F(GENERATED),
            s.batch_size: F(GENERATED),
            s.text_prob: _COUNT_PROB,
            s.min_images: F(LEAST),
            s.ddof: DDOF,
            s.shrinkage_factor: KAPPA,
            s.degrees_of_freedom: F(GENERATED - 1),
            s.image_diversity: _total(iter(SD)),
            s.current_variance: variance,
            s.squared_offset: _total(x**2 for x in OFFSET),
            s.current_square_trace: _total(x**4 for x in SD),
            counts_below: below,
            s.mean_image_factor: below + _total(weight[m] * factor[m] for m in updated),
            s.inverse_count: _total(weight[m] / m for m in updated),
            s.contraction_factor: means[s.next_image_diversity] / real(_total(iter(SD))),
            s.root_form: _total(v**2 * x for v, x in zip(_DIRECTION, SD, strict=True)),
        },
        tables={
            s.image_sd.label: dict(enumerate(SD)).__getitem__,
            axis_offset.label: dict(enumerate(OFFSET)).__getitem__,
            update_factor: factor.__getitem__,
            s.direction.label: dict(enumerate(_DIRECTION)).__getitem__,
            mean_after: {GENERATED: means[s.next_image_diversity]}.__getitem__,
            step_after: {GENERATED: means[step_length]}.__getitem__,
            squared_after: {GENERATED: means[s.next_squared_offset]}.__getitem__,
        },
        outcomes=outcomes,
        ranges={s.feature: range(AXES), s.other_feature: range(AXES)},
    )


def _updates() -> Iterator[Outcome]:
    """All draws ``z[j][a]`` of an update, with what becomes of the Gaussian."""
    scale = KAPPA / (GENERATED - DDOF)
    found = []
    for chance, drawn in draws(SYMMETRIC, GENERATED * AXES):
        z = rows(drawn)
        products = scatter(z[:-1])  # of n - 1 draws: what is left when the mean is taken out
        spread = [[SD[a] * SD[b] * products[a][b] for b in range(AXES)] for a in range(AXES)]
        found.append((chance, z, spread))
    centre = [
        [_total(c * spread[a][b] for c, _, spread in found) for b in range(AXES)]
        for a in range(AXES)
    ]
    for chance, z, spread in found:
        means = [_total(row[a] for row in z) / GENERATED for a in range(AXES)]
        step = [SD[a] * means[a] for a in range(AXES)]
        cov = [[scale * x for x in row] for row in spread]
        root = matrix_root(cov)
        yield Outcome(
            chance=chance,
            values={
                step_length: length(step),
                s.next_squared_offset: _total((OFFSET[a] + step[a]) ** 2 for a in range(AXES)),
                s.next_trace: trace(cov),
                s.next_square_trace: _total(cov[a][b] * cov[b][a] for a, b in _pairs()),
                s.next_image_diversity: trace(root),
                s.next_root_form: form(root, _DIRECTION),
            },
            tables={
                s.root_diagonal.label: lambda a, root=root: root[a][a],
                s.root_off.label: lambda a, b, root=root: root[a][b] if a != b else F(0),
                s.next_axis_variance.label: lambda a, cov=cov: cov[a][a],
                deviation.label: lambda a, b, spread=spread: (
                    (spread[a][b] - centre[a][b]) / (GENERATED - 1)
                ),
            },
            draws=tuple({s.normal_draw.label: dict(enumerate(row)).__getitem__} for row in z),
        )


def _pairs() -> Iterator[tuple[int, int]]:
    return ((a, b) for a in range(AXES) for b in range(AXES))


@small_world
def pool() -> World:
    """Generated and user images pooled; one direction, and the same axis by axis."""
    return World(
        name="pooled images",
        values={
            s.num_features: F(AXES),
            s.image_count: F(GENERATED),
            s.user_images: F(USERS),
            s.ddof: DDOF,
            s.shrinkage_factor: KAPPA,
            s.current_cov: SD[0] ** 2,
            s.reference_cov: REFERENCE_SD[0] ** 2,
            s.mean_offset: OFFSET[0],
            s.current_variance: _total(x**2 for x in SD),
            s.image_variance: _total(x**2 for x in REFERENCE_SD),
            s.squared_offset: _total(x**2 for x in OFFSET),
        },
        tables={
            s.image_sd.label: dict(enumerate(SD)).__getitem__,
            reference_sd.label: dict(enumerate(REFERENCE_SD)).__getitem__,
            axis_offset.label: dict(enumerate(OFFSET)).__getitem__,
        },
        outcomes=tuple(_pools()),
        ranges={s.feature: range(AXES)},
    )


def _pools() -> Iterator[Outcome]:
    """All draws of a pool; both axes get the same draws, which no premise here compares."""
    for chance, drawn in draws(SYMMETRIC, GENERATED + USERS):
        first, users = drawn[:GENERATED], drawn[GENERATED:]
        axes = []
        for a in range(AXES):
            images = [OFFSET[a] + SD[a] * z for z in first] + [REFERENCE_SD[a] * z for z in users]
            mean = _total(iter(images)) / len(images)
            cov = KAPPA * _total((x - mean) ** 2 for x in images) / (len(images) - DDOF)
            axes.append((images, mean, cov))
        images, mean, cov = axes[0]
        generated, fresh = images[:GENERATED], images[GENERATED:]
        yield Outcome(
            chance=chance,
            values={
                s.generated_image: generated[0],
                s.user_image: fresh[0],
                s.next_mean_offset: mean,
                s.next_cov: cov,
                next_variance: _total(axis[2] for axis in axes),
                s.next_squared_offset: _total(axis[1] ** 2 for axis in axes),
            },
            tables={axis_cov.label: dict(enumerate(axis[2] for axis in axes)).__getitem__},
            draws=(
                *(
                    {s.generated_image: image, s.normal_draw.label: lambda _a, z=z: z}
                    for image, z in zip(generated, first, strict=True)
                ),
                *(
                    {s.user_image: image, other_draw.base.label: lambda _a, z=z: z}
                    for image, z in zip(fresh, users, strict=True)
                ),
            ),
        )
