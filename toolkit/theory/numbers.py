"""The theorems of ``symbolic`` as functions of numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp
from scipy import special, stats

import symbolic
from symbolic import Theorem
from symbolic.theorems import image as _image
from symbolic.symbols import MEANINGS, SYMBOLS

FloatArray = npt.NDArray[np.float64]

#: From here on the large-argument series of so many terms replaces differences of log-gammas.
_SERIES_FROM, _SERIES_TERMS = 25.0, 8
#: Image counts whose total probability is below this are left out of a mean over counts.
_TAIL = 1e-16
#: A value too large for the plain sum of the theorem goes through `mean_over_counts`.
_COUNT_MEANS: dict[str, sp.Expr] = {"image_factor_mean": _image.directional_factor}


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


def number(name: str, **values: Any) -> Any:
    """The right-hand side of a theorem at given values.

    Parameters
    ----------
    name : str
        Of a theorem in ``symbolic.THEOREMS``.
    **values
        One per symbol of the right-hand side, under its design name: numbers or arrays, which
        broadcast. What the theorem indexes (``text_probs``, ``bhattacharyya``, ...) is an array
        along its first axes; ``num_texts`` and ``num_features`` follow from it.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        When a value is unknown, missing or outside its symbol's domain, or the result is not
        finite there.

    Examples
    --------
    >>> values = {"batch_size": 1000, "injection_prob": 0.05, "text_updates": 1}
    >>> round(number("new_text_best_value", **values), 4)
    0.8599
    """
    function, symbols = _compiled(name)
    values = _with_sizes(name, dict(values), symbols)
    unknown = sorted(set(values) - set(symbols))
    missing = sorted(set(symbols) - set(values))
    if unknown or missing:
        wanted = ", ".join(f"{key} ({MEANINGS[key]})" for key in symbols)
        problem = f"does not take {unknown}" if unknown else f"also needs {missing}"
        raise ValueError(f"the theorem {name!r} {problem}; it takes: {wanted}.")
    arrays = {key: _checked(name, key, value, symbols[key]) for key, value in values.items()}
    with np.errstate(all="ignore"):
        result = np.asarray(function(**arrays), dtype=np.float64)
    if not np.all(np.isfinite(result)):
        given = ", ".join(f"{key}={np.array2string(np.asarray(v))}" for key, v in values.items())
        raise ValueError(f"the theorem {name!r} has no finite value at {given[:200]}.")
    return float(result) if result.ndim == 0 else result


def log_contraction_constant(degrees_of_freedom: npt.ArrayLike) -> Any:
    """``log c(nu)``, of relative error below 1e-10 for every ``nu`` up to 1e12 and beyond.

    Parameters
    ----------
    degrees_of_freedom : array_like
        Positive.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        When a value is not positive.

    Examples
    --------
    >>> round(log_contraction_constant(1e12) * 1e12, 12)
    -0.25
    """
    nu = np.asarray(degrees_of_freedom, dtype=np.float64)
    if not np.all(nu > 0):
        raise ValueError("degrees_of_freedom must be positive: give at least two images.")
    result = _log_c(nu)
    return float(result) if result.ndim == 0 else result


def log_directional_factor(
    image_count: npt.ArrayLike, *, ddof: int = 1, shrinkage_factor: float = 1.0
) -> Any:
    """Log of the mean factor of a standard deviation in one image update with so many images.

    Parameters
    ----------
    image_count : array_like
        More than ``max(1, ddof)``.
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


def mean_over_counts(
    function: Callable[[FloatArray], npt.ArrayLike],
    *,
    batch_size: int,
    prob: npt.ArrayLike,
    min_images: int = 1,
    kept: float = 1.0,
) -> FloatArray:
    """Mean of a function of a text's image count ``n ~ Binomial(batch_size, prob)``.

    The sum is exact up to counts of total probability below 1e-15.

    Parameters
    ----------
    function : callable
        Of an array of counts.
    batch_size : int
    prob : array_like
        One or several texts' probabilities.
    min_images : int
        With fewer images the value is ``kept`` instead: the keep rule.
    kept : float

    Returns
    -------
    ndarray
        Of the shape of ``prob``.

    Examples
    --------
    >>> float(mean_over_counts(lambda n: n, batch_size=10, prob=0.5, kept=0.0)).__round__(12)
    5.0
    """
    probs = np.asarray(prob, dtype=np.float64)
    means = [_count_mean(function, batch_size, p, min_images, kept) for p in probs.ravel()]
    return np.asarray(means).reshape(probs.shape)


def _count_mean(
    function: Callable[[FloatArray], npt.ArrayLike],
    batch_size: int,
    prob: float,
    min_images: int,
    kept: float,
) -> float:
    count = stats.binom(batch_size, prob)
    low = max(int(np.nan_to_num(count.ppf(_TAIL))) - 1, min_images, 0)
    high = min(int(np.nan_to_num(count.isf(_TAIL), nan=batch_size)) + 1, batch_size)
    total = kept * float(count.cdf(min_images - 1))
    if low <= high:
        counts = np.arange(low, high + 1, dtype=np.float64)
        total += float(np.sum(count.pmf(counts) * np.asarray(function(counts))))
    return total


def expression(formula: sp.Expr, **values: Any) -> Any:
    """Evaluate a formula of ``symbolic`` that is part of a theorem, as `number` does."""
    names = {name: symbol for name, symbol in SYMBOLS.items() if symbol in formula.free_symbols}
    function = _lambdified(formula, tuple(names.items()))
    return function(**{name: np.asarray(values[name], dtype=np.float64) for name in names})


@functools.cache
def _compiled(name: str) -> tuple[Callable[..., Any], dict[str, sp.Basic]]:
    found = theorem(name)
    symbols = dict(found.symbols)
    for index in ("num_texts", "num_features"):
        # A size that only bounds the sums over an array is read off the array.
        if index in symbols:
            symbols[index] = SYMBOLS[index]
    if name in _COUNT_MEANS:
        return functools.partial(_count_theorem, _COUNT_MEANS[name]), symbols
    function = _lambdified(found.rhs, tuple(symbols.items()))
    limits = {
        str(SYMBOL)
        for total in found.rhs.atoms(sp.Sum)
        for limit in total.limits
        for bound in limit[1:]
        for SYMBOL, symbol in symbols.items()
        if symbol in bound.free_symbols and not SYMBOL.startswith("num_")
    }
    if limits:
        function = functools.partial(_one_by_one, function, tuple(limits))
    return function, symbols


def _one_by_one(function: Callable[..., Any], looped: tuple[str, ...], **values: Any) -> Any:
    """Evaluate sums whose bounds are arrays: a Python loop over the bounds."""
    shape = np.broadcast_shapes(*(np.shape(values[name]) for name in looped))
    bounds = [np.broadcast_to(values[name], shape).ravel() for name in looped]
    results = [
        function(**{**values, **dict(zip(looped, map(int, at), strict=True))})
        for at in zip(*bounds, strict=True)
    ]
    return np.reshape(results, shape)


def _count_theorem(factor: sp.Expr, **values: Any) -> Any:
    """A mean over image counts, without the binomial coefficients that overflow."""

    def of_count(counts: FloatArray) -> FloatArray:
        rest = {key: values[key] for key in ("ddof", "shrinkage_factor")}
        return np.asarray(expression(factor, image_count=counts, **rest))

    return mean_over_counts(
        of_count,
        batch_size=int(values["batch_size"]),
        prob=values["text_prob"],
        min_images=int(values["min_images"]),
    )


@functools.cache
def _lambdified(formula: sp.Expr, symbols: tuple[tuple[str, sp.Basic], ...]) -> Callable[..., Any]:
    # Design names as arguments: symbols of one printed name (p, p[i]) would collide.
    stand_ins = {symbol: _stand_in(name, symbol) for name, symbol in symbols}
    modules: list[Any] = [{"log_c": _log_c, "log_chi": _log_chi}, "scipy", "numpy"]
    return sp.lambdify(list(stand_ins.values()), formula.subs(stand_ins), modules=modules)


def _stand_in(name: str, symbol: sp.Basic) -> sp.Basic:
    return sp.IndexedBase(name) if isinstance(symbol, sp.IndexedBase) else sp.Symbol(name)


def _with_sizes(name: str, values: dict[str, Any], symbols: dict[str, sp.Basic]) -> dict[str, Any]:
    for size in ("num_texts", "num_features"):
        arrays = [key for key, s in symbols.items() if isinstance(s, sp.IndexedBase)]
        if size in symbols and size not in values and arrays and arrays[0] in values:
            values[size] = len(np.atleast_1d(values[arrays[0]]))
    return values


def _checked(name: str, key: str, value: Any, symbol: sp.Basic) -> Any:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{key} in {name!r} must be a number or an array of numbers.") from None
    base = symbol.label if isinstance(symbol, sp.IndexedBase) else symbol
    nonnegative = base.is_nonnegative or symbol.is_nonnegative
    wrong = ~np.isfinite(array)
    expected = "finite"
    if symbol.is_positive:
        wrong, expected = wrong | (array <= 0), "positive"
    elif nonnegative:
        wrong, expected = wrong | (array < 0), "not negative"
    if symbol.is_integer and not isinstance(symbol, sp.IndexedBase):
        wrong, expected = wrong | (array != np.round(array)), f"a whole number, {expected}"
    if np.any(wrong):
        worst = float(array[wrong].flat[0]) if array.ndim else float(array)
        raise ValueError(
            f"{key} ({MEANINGS[key]}) in the theorem {name!r} must be {expected}, not {worst:g}."
        )
    if symbol.is_integer and array.ndim == 0 and key.startswith(("num_", "text")):
        return int(array)
    return array


def _log_c(nu: Any) -> FloatArray:
    return _with_series(
        nu,
        lambda x: 0.5 * np.log(2 / x) + special.gammaln((x + 1) / 2) - special.gammaln(x / 2),
        _series("log_c"),
    )


def _log_chi(nu: Any) -> FloatArray:
    return _with_series(
        nu, lambda x: 0.5 * (np.log(2 / x) + special.digamma(x / 2)), _series("log_chi")
    )


def _with_series(
    nu: Any,
    exact: Callable[[FloatArray], FloatArray],
    series: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    argument = np.asarray(nu, dtype=np.float64)
    small = argument < _SERIES_FROM
    near = exact(np.where(small, argument, 1.0))
    far = series(np.where(small, _SERIES_FROM, argument))
    return np.where(small, near, far)


@functools.cache
def _series(name: str) -> Callable[[FloatArray], FloatArray]:
    nu = sp.Symbol("nu", positive=True)
    make = {"log_c": _image.log_c_series, "log_chi": _image.log_chi_series}[name]
    # As a polynomial of 1/nu by Horner's rule: no overflow of powers of large arguments.
    inverse = sp.Symbol("x", positive=True)
    polynomial = sp.horner(sp.expand(make(_SERIES_TERMS, nu).subs(nu, 1 / inverse)))
    function = sp.lambdify(inverse, polynomial, modules="numpy")
    return lambda argument: np.asarray(function(1 / argument))
