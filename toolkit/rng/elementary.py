"""Logarithm, sine and cosine as polynomials that a compiler makes vectors of.

XLA's own double logarithm and ``log1p`` take several times longer on a CPU. Each polynomial
here is a minimax fit in the variable named; the tests hold the bounds stated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

Array = jax.Array

#: ``(atanh(u)/u - 1) / u^2`` in ``w = u^2``, as a ratio; to 1.2e-15 for ``w <= 1/2``.
_ATANH = (
    (
        0.3333333333333345,
        -0.8194865029074218,
        0.7051063132746861,
        -0.24560563150367465,
        0.02825285128821203,
        -0.00013468153891148943,
    ),
    (
        1.0,
        -3.0584595087211284,
        3.52182321642032,
        -1.872475795357433,
        0.4456504376276428,
        -0.03588955663139266,
    ),
)
#: Twice the same where ``w <= 0.0295``: to 3.1e-16, and in single precision to 1.2e-9.
_LOG = {
    "float64": (
        0.666666666666667,
        0.3999999999989845,
        0.285714286263974,
        0.22222211073107578,
        0.18182893201261147,
        0.15331597487736665,
        0.14617866701736282,
    ),
    "float32": (0.6666666655303636, 0.40000122743922123, 0.28550737997804976, 0.23332362873535423),
}
#: ``sin(2 pi y) / y`` and ``cos(2 pi y)`` in ``y^2`` for ``|y| <= 1/4``: to 1e-15, and to 3e-8.
_SINE = {
    "float64": (
        6.283185307179585,
        -41.34170224039829,
        81.60524927558079,
        -76.70585968972728,
        42.05868995845808,
        -15.0945062464954,
        3.8173668640812166,
        -0.6925123264850613,
    ),
    "float32": (
        6.283185280366984,
        -41.34168072213899,
        81.60248507005915,
        -76.58139535472833,
        39.76160854864215,
    ),
}
_COSINE = {
    "float64": (
        1.0,
        -19.739208802178705,
        64.93939402266396,
        -85.45681720598174,
        60.24464131323059,
        -26.426254069085548,
        7.903462537375844,
        -1.7132188566230229,
        0.2719476331299938,
    ),
    "float32": (
        0.9999999997806446,
        -19.739208548907836,
        64.93934662876012,
        -85.45357159417762,
        60.144014495489635,
        -24.982233980832806,
    ),
}
#: Of a float: its bits as a whole number, bits of the fraction, and the bits of sqrt(1/2).
_LAYOUT = {
    "float64": (jnp.int64, 52, 0x3FE6A09E667F3BCD),
    "float32": (jnp.int32, 23, 0x3F3504F3),
}


def horner(coefficients: Sequence[float], x: Array) -> Array:
    """The polynomial ``sum c_k x^k``."""
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def log(x: Array) -> Array:
    """Natural logarithm of normal positive floats, to four units in the last place.

    ``x = 2^e m`` with m within a factor sqrt(2) of 1, and ``log m = 2 atanh((m-1) / (m+1))``.
    What is not positive and finite gives a finite number of no meaning.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> print(f"{log(jnp.asarray(10.0)):.12f}")
    2.302585092994
    """
    integer, width, half = _LAYOUT[x.dtype.name]
    bits = jax.lax.bitcast_convert_type(x, integer)
    exponent = (bits - half) >> width
    fraction = jax.lax.bitcast_convert_type(bits - (exponent << width), x.dtype) - 1
    u = fraction / (2 + fraction)
    w = u * u
    # A processor converts a 32-bit word to floating point at once, a 64-bit one may take longer.
    scale = exponent.astype(jnp.int32).astype(x.dtype) * math.log(2)
    return scale + (2 * u + u * w * horner(_LOG[x.dtype.name], w))


def atanh_rest(w: Array) -> Array:
    """``(atanh(u)/u - 1) / u^2`` as a function of ``w = u^2``, to 1.2e-15 for ``w <= 1/2``.

    With it ``log(1 + t) = 2 u (1 + w atanh_rest(w))`` for ``u = t / (2 + t)``, and differences
    such as ``log(1 + t) - t`` can be had without cancellation.
    """
    above, below = _ATANH
    return horner(above, w) / horner(below, w)


def cos_sin_of_turn(turn: Array) -> tuple[Array, Array]:
    """Cosine and sine of ``2 pi turn`` for a turn in [-1/2, 1/2], to 1e-15.

    With ``y = 1/4 - |turn|``, which is at most 1/4, they are ``sin(2 pi y)`` and, but for the
    sign of the turn, ``cos(2 pi y)``: one polynomial each.
    """
    y = 0.25 - jnp.abs(turn)
    square = y * y
    cosine = y * horner(_SINE[turn.dtype.name], square)
    sine = horner(_COSINE[turn.dtype.name], square)
    return cosine, jnp.where(turn < 0, -sine, sine)
