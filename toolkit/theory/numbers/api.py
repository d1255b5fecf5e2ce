"""A theorem's right-hand side as a number, and as a function for JAX."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import sympy as sp

import symbolic
from symbolic import Theorem
from symbolic.special import log_c
from symbolic.symbols import MEANINGS, SYMBOLS
from toolkit.measures import Array
from toolkit.theory.numbers.constants import constant
from toolkit.theory.numbers.domains import check_conditions, checked
from toolkit.theory.numbers.programs import NoNumberError, evaluate, index_ranks

#: Sizes that are read off the arrays they bound.
_READ_OFF = ("num_texts", "num_features", "num_models")


def theorem(name: str) -> Theorem:
    """A theorem of the library.

    Raises
    ------
    ValueError
        When there is none of that name.

    Examples
    --------
    >>> theorem("text_diversity_lower_bound").kind.value
    'lower bound'
    """
    try:
        return symbolic.THEOREMS[name]
    except KeyError:
        known = ", ".join(symbolic.THEOREMS)
        raise ValueError(f"no theorem is called {name!r}; choose from: {known}.") from None


# `log` is of any type for the type checker alone: a mapping of numbers may follow it.
def number(name: str, *, log: Any = False, **values: Any) -> Any:
    """The right-hand side of a theorem at given values.

    Parameters
    ----------
    name : str
        Of a theorem in ``symbolic.THEOREMS``.
    log : bool
        Its logarithm instead, finite also where the value itself would under- or overflow.
    **values
        One per symbol of the right-hand side, under its design name: numbers or arrays, which
        broadcast. What the theorem indexes (``text_probs``, ``bhattacharyya``, ...) is an array
        along its first axes; ``num_texts``, ``num_features`` and ``num_models`` follow from it.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        When a value is unknown, missing, outside its symbol's domain or against a condition of
        the theorem, or the result is not finite there, or (in log form) not positive.

    Examples
    --------
    >>> values = {"batch_size": 1000, "injection_prob": 0.05, "text_updates": 1}
    >>> round(number("new_text_best_value", **values), 4)
    0.8599
    >>> drift = {"batch_size": 10**12, "generations": 10**9, "initial_text_diversity": 1}
    >>> round(number("text_diversity_lower_bound", log=True, **drift), 12)
    -0.001
    """
    found = theorem(name)
    values = _complete(name, values)
    symbols = _symbols(name)
    given = {symbols[key]: checked(name, key, v, symbols[key]) for key, v in values.items()}
    check_conditions(found, given)
    with np.errstate(all="ignore"):
        sign, result = _run(name, given, log)
    result = np.asarray(result, dtype=np.float64)
    if np.any(np.asarray(sign) <= 0):
        raise ValueError(
            f"the theorem {name!r} is not positive at {_told(values)}, so it has no logarithm; "
            "leave log out."
        )
    if not np.all(np.isfinite(result)):
        advice = "" if log else "; its logarithm may have one: log=True"
        raise ValueError(f"the theorem {name!r} has no finite value at {_told(values)}{advice}.")
    return float(result) if result.ndim == 0 else result


def function(name: str, *, log: bool = False) -> Callable[..., Array]:
    """A theorem's right-hand side as a pure function of keyword arrays, for JAX.

    It takes what `number` takes, and may stand under ``jax.jit``, ``jax.grad`` and ``jax.vmap``.
    Nothing is checked: where `number` would refuse a value, the result is NaN or meaningless.
    A derivative with respect to a size that bounds a sum is taken inside the sum alone.

    Parameters
    ----------
    name : str
        Of a theorem in ``symbolic.THEOREMS``.
    log : bool
        Its logarithm instead; NaN where the value is not positive.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        When there is no such theorem, or it has no form in numbers.

    Examples
    --------
    >>> import jax
    >>> bound = function("image_contraction_rank_one")
    >>> float(jax.grad(lambda nu: bound(degrees_of_freedom=nu))(5.0))
    0.01
    """
    theorem(name)

    def of_values(**values: Any) -> Array:
        values = _complete(name, values)
        symbols = _symbols(name)
        given = {symbols[key]: _for_jax(value) for key, value in values.items()}
        with np.errstate(all="ignore"):
            sign, result = _run(name, given, log)
        return jnp.where(jnp.asarray(sign) > 0, jnp.asarray(result, dtype=float), jnp.nan)

    of_values.__name__, of_values.__doc__ = name, theorem(name).in_words
    return of_values


def _run(name: str, given: Mapping[Any, Any], log: bool) -> tuple[Any, Any]:
    try:
        found = evaluate(theorem(name).rhs, given, log=log)
    except NoNumberError as error:
        raise ValueError(
            f"the theorem {name!r} cannot be turned into numbers: {error}; evaluate its "
            "rhs by SymPy."
        ) from None
    return found if log else (1, found)


def _for_jax(value: Any) -> Any:
    # What is known stays NumPy, so that the bounds of sums are known too.
    return value.astype(float) if isinstance(value, Array) else np.asarray(value, dtype=np.float64)


@functools.cache
def _symbols(name: str) -> dict[str, sp.Basic]:
    found = theorem(name)
    symbols = dict(found.symbols)
    for index in _READ_OFF:
        # A size that only bounds the sums over an array is read off the array.
        if index in symbols:
            symbols[index] = SYMBOLS[index]
    return symbols


def _complete(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Read sizes off the arrays, and refuse values that are unknown or missing."""
    symbols, complete = _symbols(name), dict(values)
    for size in _READ_OFF:
        arrays = [key for key, s in symbols.items() if isinstance(s, sp.IndexedBase)]
        if size in symbols and size not in values and arrays and arrays[0] in values:
            complete[size] = (*np.shape(values[arrays[0]]), 1)[0]
    unknown, missing = sorted(set(complete) - set(symbols)), sorted(set(symbols) - set(complete))
    if unknown or missing:
        wanted = ", ".join(f"{key} ({MEANINGS[key]})" for key in symbols)
        problem = f"does not take {unknown}" if unknown else f"also needs {missing}"
        raise ValueError(f"the theorem {name!r} {problem}; it takes: {wanted}.")
    return complete


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={np.array2string(np.asarray(v))}" for key, v in values.items())[:200]


def log_contraction_constant(degrees_of_freedom: npt.ArrayLike) -> Any:
    """``log c(nu)``, of relative error below 1e-10 for every ``nu`` up to 1e12 and beyond.

    Parameters
    ----------
    degrees_of_freedom : array_like
        Positive. A JAX array may be traced; it is not checked.

    Returns
    -------
    float or array

    Raises
    ------
    ValueError
        When a value is not positive.

    Examples
    --------
    >>> round(log_contraction_constant(1e12) * 1e12, 12)
    -0.25
    """
    if isinstance(degrees_of_freedom, Array):
        return constant(log_c)(degrees_of_freedom)
    nu = np.asarray(degrees_of_freedom, dtype=np.float64)
    if not np.all(nu > 0):
        raise ValueError("degrees_of_freedom must be positive: give at least two images.")
    result = constant(log_c)(nu)
    return float(result) if result.ndim == 0 else result


def log_directional_factor(
    image_count: npt.ArrayLike, *, ddof: int = 1, shrinkage_factor: float = 1.0
) -> Any:
    """Log of the mean factor of a standard deviation in one image update with so many images.

    Parameters
    ----------
    image_count : array_like
        At least 2, and more than ``ddof``.
    ddof : int
    shrinkage_factor : float

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> round(log_directional_factor(10), 6)
    -0.027721
    """
    return number(
        "image_exact_rate",
        image_count=image_count,
        ddof=ddof,
        shrinkage_factor=shrinkage_factor,
    )


def expression(formula: sp.Expr, **values: Any) -> Any:
    """Evaluate a formula of ``symbolic`` that is part of a theorem, as `number` does."""
    free: Collection[Any] = formula.free_symbols | set(index_ranks(formula))
    names = {name: symbol for name, symbol in SYMBOLS.items() if symbol in free}
    given = {s: np.asarray(values[name], dtype=np.float64) for name, s in names.items()}
    return evaluate(formula, given)
