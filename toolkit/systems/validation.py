"""Checks of configuration values: what was expected, what came, how to mend it."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: How far probabilities may be from summing to one before it is taken for a mistake.
SUM_TOLERANCE = 1e-8
_RELATIVE_ASYMMETRY = 1e-10


def frozen_array(value: Any, name: str, ndim: int) -> FloatArray:
    """A read-only float64 array of the given number of axes, all finite.

    Raises
    ------
    ValueError
        When the value is no array of numbers, has another number of axes, or is not finite.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers with {ndim} axes.") from None
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, but its shape is {array.shape}.")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds NaN or infinite values; every value must be finite.")
    array.setflags(write=False)
    return array


def probabilities(value: Any, name: str) -> FloatArray:
    """A read-only vector of probabilities.

    Raises
    ------
    ValueError
        When a value is negative or NaN, or they do not sum to one.
    """
    array = frozen_array(value, name, 1)
    if array.size == 0:
        raise ValueError(f"{name} is empty; give one probability per text.")
    if np.any(array < 0):
        worst = int(np.argmin(array))
        raise ValueError(f"{name} must not be negative, but {name}[{worst}] = {array[worst]:g}.")
    total = float(array.sum())
    if abs(total - 1) > SUM_TOLERANCE:
        raise ValueError(f"{name} must sum to 1, but the sum is {total:.10g}; divide by it.")
    return array


def covariances(value: Any, name: str, shape: tuple[int, ...]) -> FloatArray:
    """A read-only stack of symmetric positive definite matrices of the given shape.

    Raises
    ------
    ValueError
        When the shape differs, or a matrix is not symmetric or not positive definite.
    """
    array = frozen_array(value, name, len(shape))
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, but it has {array.shape}.")
    for index, matrix in enumerate(array.reshape((-1, *shape[-2:]))):
        where = f"{name}[{index}]" if len(shape) > 2 else name
        scale = float(np.max(np.abs(matrix)))
        if float(np.max(np.abs(matrix - matrix.T))) > _RELATIVE_ASYMMETRY * scale:
            raise ValueError(f"{where} is not symmetric; a covariance equals its transpose.")
        try:
            np.linalg.cholesky(matrix / (scale or 1.0))
        except np.linalg.LinAlgError:
            smallest = float(np.min(np.linalg.eigvalsh(matrix)))
            raise ValueError(
                f"{where} is not positive definite: its smallest eigenvalue is {smallest:.3g}."
            ) from None
    return array


def integer(value: Any, name: str, at_least: int) -> int:
    """A whole number not below a bound.

    Raises
    ------
    ValueError
        When it is not whole, or below the bound.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}.") from None
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, not {number}.")
    return number


def real(
    value: Any, name: str, low: float, high: float = math.inf, *, open_low: bool = False
) -> float:
    """A finite number inside an interval (closed, but for ``open_low`` and an infinite end).

    Raises
    ------
    ValueError
        When it is no number or outside the interval.
    """
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {value!r}.") from None
    inside = (number > low if open_low else number >= low) and number <= high
    if not (math.isfinite(number) and inside):
        bracket = "(" if open_low else "["
        end = "inf)" if math.isinf(high) else f"{high:g}]"
        raise ValueError(f"{name} must lie in {bracket}{low:g}, {end}, not {number:g}.")
    return number


def known_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse keys nobody would read.

    Raises
    ------
    ValueError
        Naming the unknown key and the nearest known one.
    """
    known = list(known)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}."
            raise ValueError(f"unknown key {key!r} in {where}; {hint}")
