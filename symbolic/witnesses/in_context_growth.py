"""Witnesses of growth in a loop of linear attention: enumeration, bisection, quadrature."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.attention import Matrix, dot, error_of_gain, lowest, squared_mean

F = Fraction
_CLOSE, _QUADRATURE = mp.mpf("1e-24"), mp.mpf("1e-9")
_SETTINGS = ((2, 1, F(4, 5), F(2, 7)), (1, 3, F(6, 5), F(1, 3)), (2, 2, F(9, 8), F(1, 5)))


def _stretched(features: int, size: int) -> Fraction:
    """Mean squared length of a unit vector times the inputs' scatter."""
    return squared_mean((F(1), *(F(0),) * (features - 1)), size, F(0))


def _real(value: Fraction) -> Any:
    return mp.mpf(value.numerator) / value.denominator


def _precisely(make: Callable[[], Iterator[Case]]) -> Callable[[], tuple[Case, ...]]:
    def precise() -> tuple[Case, ...]:
        with mp.workdps(30):
            return tuple(make())

    return precise


def _bisected(above: Callable[[Any], bool]) -> Any:
    """Find where a share is large enough."""
    low, high = mp.mpf(-4), mp.mpf(1)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return low


def _growth() -> Iterator[Case]:
    for features, size, gain, share in _SETTINGS:
        value = (gain * (1 - share)) ** 2 * _stretched(features, size)
        numbers = {"num_features": features, "num_generated": size}
        yield Case(numbers=numbers | {"attention_gain": gain, "real_share": share}, value=value)


def _shrinks(factor: Fraction, share: Any) -> bool:
    """Tell whether a mean square shrinks that grows by so much without real examples."""
    return bool(_real(factor) * (1 - share) ** 2 < 1)


@_precisely
def _bounded() -> Iterator[Case]:
    for features, size, gain, _ in _SETTINGS:
        value = _bisected(functools.partial(_shrinks, gain**2 * _stretched(features, size)))
        numbers = {"num_features": features, "num_generated": size, "attention_gain": gain}
        yield Case(numbers=numbers, value=value, error=_CLOSE)


@_precisely
def _of_total() -> Iterator[Case]:
    """The gain at which a context of so many real and generated examples is at the threshold."""
    for features, generated, whole in ((2, 1, 3), (1, 3, 4), (2, 2, 7)):
        part = F(generated, whole)
        gain = 1 / (_real(part) * mp.sqrt(_real(_stretched(features, generated))))
        numbers = {"num_features": features, "num_context": whole, "attention_gain": gain}
        yield Case(numbers=numbers, value=_real(1 - part), error=_CLOSE)


def _trained() -> Iterator[Case]:
    """The gain at the bottom of the error's parabola; without noise nothing is given away."""
    for features, size, prior, noise in ((2, 2, F(3, 4), F(0)), (1, 3, F(5, 2), F(4, 3))):
        share = F(1, size)
        gain, _ = lowest([error_of_gain(F(k), features, size, prior, noise) for k in range(3)])
        stretched = _stretched(features, size)
        value = (gain * (1 - share)) ** 2 * stretched
        slack = gain * (1 - share) ** 2 * (1 - gain * stretched)
        numbers: dict[str, Any] = {"num_features": features, "num_generated": size}
        numbers |= {"prior_variance": prior**2, "label_noise": noise**2, "real_share": share}
        yield Case(numbers=numbers, value=value, sharp=True, slack=slack)


_DESIGNS: tuple[Matrix, ...] = (
    ((F(1), F(1)), (F(1), F(-1))),
    ((F(1),), (F(-1),), (F(1),)),
    ((F(1),),),
)


def _noises(design: Matrix, sd: Fraction) -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
    """What the noise of labels on an orthogonal design does to the weights."""
    for signs in itertools.product((sd, -sd), repeat=len(design)):
        columns = zip(*design, strict=True)
        yield F(1, 2 ** len(design)), tuple(dot(x, signs) / len(design) for x in columns)


def _moved(designs: list[Matrix], weights: list[Fraction], sd: Fraction) -> Fraction:
    """Mean squared length of weighted sums of such steps, one for each design."""
    found = F(0)
    for drawn in itertools.product(*(tuple(_noises(x, sd)) for x in designs)):
        chance = F(1)
        for share, _ in drawn:
            chance *= share
        steps = zip(*(step for _, step in drawn), strict=True)
        total = [dot(weights, column) for column in steps]
        found += chance * dot(total, total)
    return found


def _unbiased() -> Iterator[Case]:
    pairs = ((_DESIGNS[0], _DESIGNS[0], 2), (_DESIGNS[1], _DESIGNS[2], 3),
             (_DESIGNS[2], _DESIGNS[1], 1))  # fmt: skip
    for real, new, times in pairs:
        value = _moved([real, *[new] * times], [F(1)] * (times + 1), F(2, 3))
        numbers = {"num_features": len(new[0]), "label_noise": F(4, 9), "generations": times}
        yield Case(
            numbers=numbers | {"num_real": len(real), "num_generated": len(new)}, value=value
        )


def _stationary() -> Iterator[Case]:
    """Errors of the first two fits tell where the recursion ends."""
    pairs = ((_DESIGNS[0], _DESIGNS[0], F(1, 3)), (_DESIGNS[1], _DESIGNS[2], F(2, 5)))
    for real, new, share in pairs:
        first, second = (
            _moved([real, *[new] * times], [F(1), *[1 - share] * times], F(2, 3))
            for times in (0, 1)
        )
        kept = (1 - share) ** 2
        numbers = {"num_features": len(new[0]), "label_noise": F(4, 9), "real_share": share}
        numbers |= {"num_real": len(real), "num_generated": len(new)}
        yield Case(numbers=numbers, value=(second - kept * first) / (1 - kept))


@functools.cache
def _log_length(size: int, features: int) -> Any:
    """Mean logarithm of ``|X'X v|/n`` by quadrature over ``r = |X v|^2`` and the other features.

    ``|X'X v|^2 = r (r + c)``, ``c`` a chi-square with ``d - 1`` degrees of freedom.
    """

    def density(x: Any, freedom: int) -> Any:
        half = mp.mpf(freedom) / 2
        return x ** (half - 1) * mp.exp(-x / 2) / (2**half * mp.gamma(half))

    ends = [0, size, 8 * size + 60]
    if features == 1:
        return mp.quad(lambda r: mp.log(r / size) * density(r, size), ends)
    others = [0, features, 8 * features + 60]
    return mp.quad(
        lambda r, c: mp.log(r * (r + c) / size**2) / 2 * density(r, size)
        * density(c, features - 1),
        ends,
        others,
    )  # fmt: skip


_TYPICAL = ((3, 3, F(6, 5), F(1, 4)), (4, 1, F(4, 5), F(0)), (2, 3, F(3, 2), F(1, 3)))


def _rate() -> Iterator[Case]:
    for size, features, gain, share in _TYPICAL:
        value = mp.log(_real(gain * (1 - share))) + _log_length(size, features)
        numbers: dict[str, Any] = {"num_features": features, "num_generated": size}
        numbers |= {"attention_gain": gain, "real_share": share}
        yield Case(numbers=numbers, value=value, error=_QUADRATURE)


def _fades(level: Any, share: Any) -> bool:
    """Tell whether a length shrinks whose logarithm grows by so much without real examples."""
    return bool(mp.log(1 - share) + level < 0)


@_precisely
def _typical() -> Iterator[Case]:
    for size, features, gain, _ in _TYPICAL:
        level = _log_length(size, features) + mp.log(_real(gain))
        value = _bisected(functools.partial(_fades, level))
        numbers = {"num_features": features, "num_generated": size, "attention_gain": gain}
        yield Case(numbers=numbers, value=value, error=_QUADRATURE)


WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method=method, make=make)
    for name, quantity, method, make in (
        ("context_growth_factor", "Mean(g_A)", "enumeration", _growth),
        ("context_bounded_share", "alpha_c", "enumeration and bisection", _bounded),
        ("context_bounded_share_of_total", "alpha_c", "enumeration", _of_total),
        ("context_trained_gain_bounded", "Mean(g_A)", "enumeration", _trained),
        ("context_growth_unbiased", "Mean(m[t])", "enumeration", _unbiased),
        ("context_stationary_unbiased", "m_*", "enumeration", _stationary),
        ("context_typical_rate", "r_A", "quadrature", _rate),
        ("context_typical_share", "alpha_typ", "quadrature and bisection", _typical),
    )
}
