"""Neighbouring real data sets: the same in every example but one, inside a bounded domain."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.machine import jit
from toolkit.systems import RetrainingSystem, validation
from toolkit.systems.families import Law

FloatArray = npt.NDArray[np.float64]

#: Corners of a box that are tried, at most.
_CORNERS = 32
#: Real examples drawn to find some inside the domain.
_DRAWN = 1000


class Change(NamedTuple):
    """One example of a data set and what stands in its place in the neighbour.

    Attributes
    ----------
    row : int
    example : ndarray, shape (width,)
    """

    row: int
    example: FloatArray


def domain_of(
    system: RetrainingSystem, values: FloatArray, domain: npt.ArrayLike | None
) -> FloatArray:
    """The box ``(low, high)`` in which an example may move, shape (2, width).

    Parameters
    ----------
    system : RetrainingSystem
    values : ndarray, shape (num_real, width)
        The real data.
    domain : array_like or None
        As given; the smallest box around the real data unless it is.

    Raises
    ------
    ValueError
        When it is no box, or an example lies outside.
    """
    if domain is None:
        return np.stack([values.min(axis=0), values.max(axis=0)])
    box = validation.frozen_array(domain, "domain", 2)
    shape = 2, system.family.law.width
    if box.shape != shape or np.any(box[0] > box[1]):
        raise ValueError(
            f"domain must hold the lowest and the highest of each number of an example, shape "
            f"{shape}, low before high; not {np.asarray(domain).tolist()}."
        )
    outside = np.any((values < box[0]) | (values > box[1]), axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ValueError(
            f"row {row} of the real data, {values[row].tolist()}, lies outside the domain; widen "
            "the domain or clip the data."
        )
    return box


def real_data_of(
    system: RetrainingSystem, domain: npt.ArrayLike | None, generator: np.random.Generator
) -> FloatArray:
    """The real data that are given; else some drawn, and moved into the domain if there is one."""
    if system.real_data is not None:
        return np.asarray(system.real_data)
    drawn = real_examples(system, system.num_real, generator)
    if domain is None:
        return drawn
    box = validation.frozen_array(domain, "domain", 2)
    return drawn if len(box) != 2 or box.shape[1] != drawn.shape[1] else np.clip(drawn, *box)


def real_examples(
    system: RetrainingSystem, number: int, generator: np.random.Generator
) -> FloatArray:
    """So many examples of the real law."""
    key = jax.random.key(int(generator.integers(2**31)))
    return np.asarray(_sample(system.truth.law, number, system.truth.parameters, key))


@jit(static_argnums=(0, 1))
def _sample(law: Law, number: int, params: Any, key: jax.Array) -> jax.Array:
    return law.sample(params, key, number)


def extremes(
    law: Law, values: FloatArray, box: FloatArray, most: int, generator: np.random.Generator
) -> list[Change]:
    """Changes that move an example as far as can be: candidates for the worst.

    For each corner of the box the example farthest from it moves there, and another one drawn at
    random: where leverage matters more than distance, as in regression, the farthest may not be
    the worst.
    """
    changes: list[Change] = []
    for corner in _corners(box, generator):
        apart = np.asarray(
            law.coordinates(jnp.asarray(values)) - law.coordinates(jnp.asarray(corner[None]))
        )
        far = np.linalg.norm(apart, axis=1)
        changes.append(Change(int(np.argmax(far)), corner))
        others = np.flatnonzero(far > 0)
        if others.size:
            changes.append(Change(int(generator.choice(others)), corner))
    if len(changes) > most:
        chosen = generator.choice(len(changes), most, replace=False)
        changes = [changes[index] for index in sorted(chosen)]
    return changes


def _corners(box: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Corners of a box: all, or as many as are tried."""
    width = box.shape[1]
    if 2**width <= _CORNERS:
        picks = np.array(list(itertools.product((0, 1), repeat=width)))
    else:
        picks = generator.integers(0, 2, (_CORNERS, width))
    return np.unique(box[picks, np.arange(width)], axis=0)


def category_extremes(
    values: FloatArray, number: int, most: int, generator: np.random.Generator
) -> list[Change]:
    """The same for categories: any example may become any other category."""
    seen = {int(value): row for row, value in reversed(list(enumerate(values[:, 0])))}
    changes = [
        Change(row, np.array([float(new)]))
        for old, row in seen.items()
        for new in range(number)
        if new != old
    ]
    chosen = generator.permutation(len(changes))[:most]
    return [changes[index] for index in sorted(chosen)]


def typical(
    system: RetrainingSystem,
    values: FloatArray,
    box: FloatArray,
    number: int,
    generator: np.random.Generator,
) -> list[Change]:
    """Changes of an example drawn at random to another real one inside the domain.

    Raises
    ------
    ValueError
        When hardly any real example lies inside the domain.
    """
    drawn = real_examples(system, _DRAWN, generator)
    inside = drawn[np.all((drawn >= box[0]) & (drawn <= box[1]), axis=1)]
    if len(inside) < number:
        raise ValueError(
            f"of {_DRAWN} real examples {len(inside)} lie inside the domain; {number} are needed: "
            "widen the domain, or give typical = 0."
        )
    rows = generator.integers(0, len(values), number)
    return [Change(int(row), inside[index]) for index, row in enumerate(rows)]


def given_changes(changes: Sequence[tuple[int, npt.ArrayLike]], values: FloatArray) -> list[Change]:
    """Changes as a user gives them, checked.

    Raises
    ------
    ValueError
        When a row is none of the real data or an example has another width.
    """
    found = []
    for change in changes:
        try:
            row, example = change
            array = np.atleast_1d(np.asarray(example, float))
        except (TypeError, ValueError):
            raise ValueError(f"a change is (row, example), not {change!r}.") from None
        if not 0 <= int(row) < len(values) or array.shape != values.shape[1:]:
            raise ValueError(
                f"a change is (row, example) with a row from 0 to {len(values) - 1} and "
                f"{values.shape[1]} numbers, not ({row}, {np.asarray(example).tolist()})."
            )
        found.append(Change(int(row), array))
    return found


def neighbours(values: FloatArray, changes: Sequence[Change]) -> FloatArray:
    """The data set itself and its neighbours, shape (1 + changes, num_real, width).

    Examples
    --------
    >>> values = np.array([[0.0], [1.0]])
    >>> neighbours(values, [Change(1, np.array([3.0]))])[:, :, 0].tolist()
    [[0.0, 1.0], [0.0, 3.0]]
    """
    sets = np.repeat(values[None], 1 + len(changes), axis=0)
    for index, change in enumerate(changes, start=1):
        sets[index, change.row] = change.example
    return sets
