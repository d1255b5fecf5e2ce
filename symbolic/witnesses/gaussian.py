"""Means over Gaussian samples, found without the library: quadrature and polynomial moments.

Quadrature is by trapezoidal sums in variables in which every integrand is analytic and decays
(doubly) exponentially, so that halving the step changes nothing but rounding.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import mpmath as mp

F = Fraction
Rule = tuple[tuple[float, float], ...]
QUADRATURE = mp.mpf("1e-10")  # relative error allowed to the sums below


@functools.cache
def chi(freedom: float) -> Rule:
    """Nodes and weights for a chi variable: trapezoidal in its logarithm."""
    step = min(0.12, 0.55 / math.sqrt(2 * freedom))
    mode = math.log(freedom) / 2
    low = math.floor(-max(40 / freedom, 9 / math.sqrt(2 * freedom)) / step)
    high = math.ceil(math.log1p(9.5 / math.sqrt(freedom)) / step)

    def density(u: float) -> float:
        return math.exp(freedom * u - freedom * math.expm1(2 * u) / 2)

    nodes = [(step * k, density(step * k)) for k in range(low, high + 1)]
    total = math.fsum(weight for _, weight in nodes)
    return tuple((math.exp(mode + u), weight / total) for u, weight in nodes)


def chi_mean(freedom: float, of: Callable[[float], float]) -> mp.mpf:
    """Mean of a function of a chi variable."""
    return mp.mpf(math.fsum(weight * of(x) for x, weight in chi(freedom)))


def _normal(size: float) -> Rule:
    """Half of a standard normal rule, fit for functions of ``hypot(size, z)``."""
    last = math.asinh(9.5 / size)
    step = last / 26
    rule = []
    for k in range(27):
        z = size * math.sinh(step * k)
        weight = step * size * math.cosh(step * k) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        rule.append((z, weight if k == 0 else 2 * weight))
    return tuple(rule)


@functools.cache
def plane(freedom: int, first: float, second: float) -> tuple[mp.mpf, mp.mpf]:
    """Means of the diagonal of ``root(S W S)``, W a two-dimensional Wishart matrix, S diagonal.

    W = L L' with independent chi and normal entries; the root of a two-by-two matrix A is
    ``(A + root(det A)) / root(tr A + 2 root(det A))``.
    """
    on_first, on_second = [], []
    for x, weight_x in chi(freedom):
        for y, weight_y in chi(freedom - 1):
            both, cross = first * x + second * y, first * x * second * y
            for z, weight_z in _normal(both / second):
                root_trace = math.hypot(both, second * z)
                weight = weight_x * weight_y * weight_z / root_trace
                on_first.append(weight * ((first * x) ** 2 + cross))
                on_second.append(weight * (second**2 * (y * y + z * z) + cross))
    return mp.mpf(math.fsum(on_first)), mp.mpf(math.fsum(on_second))


def plane_excess(freedom: int, first: float, second: float) -> mp.mpf:
    """Mean of ``tr root(S W S)`` over the trace of its triangular factor, in the plane."""
    total = []
    for x, weight_x in chi(freedom):
        for y, weight_y in chi(freedom - 1):
            both = first * x + second * y
            for z, weight_z in _normal(both / second):
                excess = (second * z) ** 2 / (math.hypot(both, second * z) + both)
                total.append(weight_x * weight_y * weight_z * excess)
    return mp.mpf(math.fsum(total))


def plane_power(freedom: int, power: float) -> mp.mpf:
    """Mean of a power of ``tr root(W)`` in the plane."""
    total = []
    for x, weight_x in chi(freedom):
        for y, weight_y in chi(freedom - 1):
            for z, weight_z in _normal(x + y):
                total.append(weight_x * weight_y * weight_z * math.hypot(x + y, z) ** power)
    return mp.mpf(math.fsum(total))


# ------------------------------------------------------------------------- three dimensions


@functools.cache
def _few_nodes(freedom: int, size: int = 4) -> Rule:
    """Gauss's rule for a chi variable (zero: a standard normal), from its moments."""
    with mp.workdps(60):
        if freedom:
            ratio = [
                mp.gamma(mp.mpf(freedom + k) / 2) / mp.gamma(mp.mpf(freedom) / 2)
                for k in range(2 * size)
            ]
            moments = [mp.sqrt(2) ** k * r for k, r in enumerate(ratio)]
        else:
            moments = [mp.mpf(0 if k % 2 else mp.fac2(k - 1) if k else 1) for k in range(2 * size)]
        places = range(size)
        hankel = mp.matrix([[moments[i + j] for j in places] for i in places])
        last = mp.matrix([-moments[size + i] for i in places])
        monic = [mp.mpf(1), *reversed(list(mp.lu_solve(hankel, last)))]
        nodes = [mp.re(x) for x in mp.polyroots(monic, maxsteps=200, extraprec=200)]
        vander = mp.matrix([[x**k for x in nodes] for k in places])
        weights = mp.lu_solve(vander, mp.matrix(moments[:size]))
        return tuple((float(x), float(w)) for x, w in zip(nodes, weights, strict=True))


def _eigenvalues(a: Sequence[Sequence[float]]) -> Iterator[float]:
    """Eigenvalues of a positive three-by-three matrix, by Viete's angles."""
    middle = (a[0][0] + a[1][1] + a[2][2]) / 3
    b = [[a[i][j] - (middle if i == j else 0) for j in range(3)] for i in range(3)]
    size = math.sqrt(sum(b[i][j] ** 2 for i in range(3) for j in range(3)) / 6)
    det = (
        b[0][0] * (b[1][1] * b[2][2] - b[1][2] ** 2)
        - b[0][1] * (b[0][1] * b[2][2] - b[1][2] * b[0][2])
        + b[0][2] * (b[0][1] * b[1][2] - b[1][1] * b[0][2])
    )
    angle = math.acos(max(-1.0, min(1.0, det / 2 / size**3))) / 3
    for turn in (0, 2 * math.pi / 3, 4 * math.pi / 3):
        yield max(middle + 2 * size * math.cos(angle + turn), 0)


def _in_space(
    freedom: int, sds: tuple[float, float, float], size: int = 4
) -> Iterator[tuple[float, tuple[float, ...]]]:
    chis = [_few_nodes(freedom - j, size) for j in range(3)]
    for nodes in itertools.product(*chis, *([_few_nodes(0, size)] * 3)):
        (x, _), (y, _), (w, _), (p, _), (q, _), (r, _) = nodes
        s, t, u = sds
        rows = ((s * x, 0.0, 0.0), (t * p, t * y, 0.0), (u * q, u * r, u * w))
        matrix = [[math.fsum(f * g for f, g in zip(m, n, strict=True)) for n in rows] for m in rows]
        yield math.prod(weight for _, weight in nodes), tuple(_eigenvalues(matrix))


@functools.cache
def space(freedom: int, sds: tuple[float, float, float]) -> mp.mpf:
    """Mean of ``tr root(S W S)``, W three-dimensional, to an error of order ``freedom**-4``."""
    outcomes = _in_space(freedom, sds)
    return mp.mpf(math.fsum(w * math.fsum(map(math.sqrt, values)) for w, values in outcomes))


def eigenvalues(freedom: int, dim: int) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Chances and eigenvalues of a Wishart matrix of identity scale, in one to three dimensions.

    In three dimensions means have an error of order ``freedom**-5``.
    """
    if dim == 3:
        yield from _in_space(freedom, (1.0, 1.0, 1.0), 5)
    elif dim == 1:
        yield from ((weight, (x * x,)) for x, weight in chi(freedom))
    else:
        for (x, weight_x), (y, weight_y) in itertools.product(chi(freedom), chi(freedom - 1)):
            for z, weight_z in _normal(x + y):
                larger = (math.hypot(x + y, z) + math.hypot(x - y, z)) / 2
                # roots of the eigenvalues: their product is that of the diagonal
                yield weight_x * weight_y * weight_z, (larger**2, (x * y / larger) ** 2)


# ------------------------------------------------------------------- polynomials in normals

Poly = dict[tuple[int, ...], Fraction]


def variable(number: int, of: int) -> Poly:
    """One of so many independent standard normals."""
    return {tuple(int(k == number) for k in range(of)): F(1)}


def add(*terms: Poly) -> Poly:
    """Sum of polynomials."""
    total: Poly = {}
    for term in terms:
        for key, value in term.items():
            total[key] = total.get(key, F(0)) + value
    return total


def scaled(factor: Fraction, poly: Poly) -> Poly:
    """Multiple of a polynomial."""
    return {key: factor * value for key, value in poly.items()}


def times(one: Poly, other: Poly) -> Poly:
    """Product of polynomials."""
    total: Poly = {}
    for (first, a), (second, b) in itertools.product(one.items(), other.items()):
        key = tuple(map(int.__add__, first, second))
        total[key] = total.get(key, F(0)) + a * b
    return total


def mean(poly: Poly) -> Fraction:
    """Expectation: even moments of a standard normal are double factorials."""
    total = F(0)
    for key, value in poly.items():
        if not any(k % 2 for k in key):
            total += value * math.prod(math.prod(range(1, k, 2)) for k in key)
    return total


Matrix = list[list[Poly]]


def product(one: Matrix, other: Matrix) -> Matrix:
    """Matrix product of polynomials."""
    return [
        [
            add(*(times(x, y) for x, y in zip(row, column, strict=True)))
            for column in zip(*other, strict=True)
        ]
        for row in one
    ]


def transposed(one: Matrix) -> Matrix:
    """Transpose."""
    return [list(column) for column in zip(*one, strict=True)]


def trace(one: Matrix) -> Poly:
    """Trace."""
    return add(*(one[k][k] for k in range(len(one))))


def determinant(one: Matrix) -> Poly:
    """Determinant by its first row."""
    if len(one) == 1:
        return one[0][0]
    terms: Iterable[Poly] = (
        scaled(F((-1) ** k), times(entry, determinant([row[:k] + row[k + 1 :] for row in one[1:]])))
        for k, entry in enumerate(one[0])
    )
    return add(*terms)


def centred(rows: Matrix) -> Matrix:
    """Draws minus their mean."""
    size = len(rows)
    means = [scaled(F(1, size), add(*column)) for column in zip(*rows, strict=True)]
    return [[add(x, scaled(F(-1), m)) for x, m in zip(row, means, strict=True)] for row in rows]


def draws(size: int, dim: int, first: int, of: int) -> Matrix:
    """Independent standard normal vectors, numbered from ``first``."""
    return [[variable(first + dim * j + a, of) for a in range(dim)] for j in range(size)]


def covariance(images: int, sds: Sequence[Fraction]) -> Matrix:
    """Scatter matrix of so many draws about their mean, with the standard deviations given."""
    dim = len(sds)
    rows = centred(draws(images, dim, 0, images * dim))
    rows = [[scaled(sd, x) for sd, x in zip(sds, row, strict=True)] for row in rows]
    return product(transposed(rows), rows)


def twice(freedom: int, sds: Sequence[Fraction]) -> Matrix:
    """Scatter matrix after two updates: a sample of a sample, given the first one's draws."""
    dim = len(sds)
    of = freedom * dim + freedom * freedom
    first = draws(freedom, dim, 0, of)
    first = [[scaled(sd, x) for sd, x in zip(sds, row, strict=True)] for row in first]
    rows = product(draws(freedom, freedom, freedom * dim, of), first)
    return product(transposed(rows), rows)
