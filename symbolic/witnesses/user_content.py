"""Witnesses of user content: signs enumerated, and moments counted pair by pair."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

from symbolic.witness import Case, Witness

F = Fraction
Pair = tuple[Fraction, Fraction]

# ------------------------------------------------------------ one update, every outcome of signs

OFFSET, VARIANCE, REFERENCE = F(3, 2), F(4), F(1, 9)  # with rational roots


def _outcomes(n: int, n0: int) -> Iterator[list[Fraction]]:
    """Pools of images that are one standard deviation above or below their mean."""
    for signs in itertools.product((-1, 1), repeat=n + n0):
        generated = [OFFSET + 2 * sign for sign in signs[:n]]
        yield generated + [F(sign, 3) for sign in signs[n:]]


def _mean(n: int, n0: int, of: Callable[[list[Fraction]], Fraction]) -> Fraction:
    return sum((of(pool) for pool in _outcomes(n, n0)), F(0)) / 2 ** (n + n0)


def _average(pool: list[Fraction]) -> Fraction:
    return sum(pool, F(0)) / len(pool)


def _scatter(pool: list[Fraction]) -> Fraction:
    return sum(((x - _average(pool)) ** 2 for x in pool), F(0))


_SIZES = ((2, 3), (3, 1))


def _covariance() -> Iterator[Case]:
    for (n, n0), ddof in itertools.product(_SIZES, (0, 1, 2)):
        scale = F(9, 10) / (n + n0 - ddof)
        yield Case(
            numbers={
                "image_count": n, "user_images": n0, "ddof": ddof,
                "shrinkage_factor": F(9, 10), "current_cov": VARIANCE,
                "reference_cov": REFERENCE, "mean_offset": OFFSET,
            },
            value=scale * _mean(n, n0, _scatter),
        )  # fmt: skip


def _drift() -> Iterator[Case]:
    for n, n0 in _SIZES:
        numbers = {"image_count": n, "user_images": n0, "mean_offset": OFFSET}
        yield Case(numbers=numbers, value=_mean(n, n0, _average))


def _squared() -> Iterator[Case]:
    for n, n0 in _SIZES:
        yield Case(
            numbers={
                "image_count": n, "user_images": n0, "squared_offset": OFFSET**2,
                "current_variance": VARIANCE, "image_variance": REFERENCE,
            },
            value=_mean(n, n0, lambda pool: _average(pool) ** 2),
        )  # fmt: skip


# -------------------------------------------------------- the long run, pairs of images counted


def step(n: int, n0: int, ddof: int, scale: Fraction, state: Pair, reference: Fraction) -> Pair:
    """Mean trace and mean squared offset one update on.

    A sample variance is the mean squared difference over pairs of images, halved.
    """
    trace, offset = state
    m = n + n0
    pairs = (
        F(n * (n - 1), 2) * 2 * trace
        + n * n0 * (trace + reference + offset)
        + F(n0 * (n0 - 1), 2) * 2 * reference
    )
    return scale * pairs / m / (m - ddof), (n**2 * offset + n * trace + n0 * reference) / F(m) ** 2


def _matrix(n: int, n0: int, ddof: int, scale: Fraction, reference: Fraction) -> list[Pair]:
    """Constant term and columns of the map of (trace, squared offset)."""
    states = ((F(0), F(0)), (F(1), F(0)), (F(0), F(1)))
    free, *images = (step(n, n0, ddof, scale, state, reference) for state in states)
    return [free, *((a - free[0], b - free[1]) for a, b in images)]


def stationary(n: int, n0: int, ddof: int, scale: Fraction, reference: Fraction) -> Pair:
    """Solve for the state that an update leaves where it is (Cramer's rule)."""
    (g, h), (a, c), (b, d) = _matrix(n, n0, ddof, scale, reference)
    determinant = (1 - a) * (1 - d) - b * c
    return (g * (1 - d) + b * h) / determinant, ((1 - a) * h + c * g) / determinant


def _critical() -> Iterator[Case]:
    for n, n0, ddof in ((5, 2, 1), (4, 3, 2), (7, 1, 0)):
        _, (a, c), (b, d) = _matrix(n, n0, ddof, F(1), F(0))
        # Only the trace's row is multiplied by the shrinkage factor.
        value = (1 - d) / (a * (1 - d) + b * c)
        yield Case(numbers={"image_count": n, "user_images": n0, "ddof": ddof}, value=value)


def _long_run(which: int) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for n, n0, ddof, scale in ((5, 2, 1, F(1)), (4, 3, 2, F(19, 20)), (7, 2, 0, F(9, 8))):
            yield Case(
                numbers={
                    "image_count": n, "user_images": n0, "ddof": ddof,
                    "shrinkage_factor": scale, "image_variance": F(7, 3),
                },
                value=stationary(n, n0, ddof, scale, F(7, 3))[which],
            )  # fmt: skip

    return cases


def _fidelity() -> Iterator[Case]:
    for n, n0 in ((5, 2), (3, 4), (11, 1)):
        numbers = {"image_count": n, "user_images": n0, "image_variance": F(7, 3)}
        yield Case(numbers=numbers, value=stationary(n, n0, 1, F(1), F(7, 3))[1])


def _bound(far: int, sharpest: Fraction) -> Callable[[], Iterator[Case]]:
    """Both bounds are attained for one user image; for more of them, as n is large or small."""

    def cases() -> Iterator[Case]:
        for n, n0, error, sharp in (
            (3, 2, F(0), False),
            (9, 1, F(1, 10**30), True),
            (far, 3, sharpest, True),
        ):
            numbers = {"user_images": n0, "image_variance": F(7, 3)}
            value = stationary(n, n0, 1, F(1), F(7, 3))[1]
            yield Case(numbers=numbers, value=value, error=error, sharp=sharp)

    return cases


def _user_images() -> Iterator[Case]:
    for n, n0 in ((5, 2), (3, 4)):
        cap = stationary(n, n0, 1, F(1), F(7, 3))[1]
        numbers = {"image_count": n, "image_variance": F(7, 3), "fidelity_cap": cap}
        yield Case(numbers=numbers, value=n0)


def _image_count() -> Iterator[Case]:
    for n, n0 in ((5, 2), (3, 4)):
        cap = stationary(n, n0, 1, F(1), F(7, 3))[1]
        numbers = {"user_images": n0, "image_variance": F(7, 3), "fidelity_cap": cap}
        yield Case(numbers=numbers, value=n)


def _counted(quantity: str, make: Callable[[], Iterator[Case]]) -> Witness:
    return Witness(quantity=quantity, method="pairs of images counted", make=make)


WITNESSES = {
    "user_content_mean_covariance": Witness(
        quantity="Mean(Sigma')", method="enumeration", make=_covariance
    ),
    "user_content_drift": Witness(quantity="Mean(Delta')", method="enumeration", make=_drift),
    "user_content_squared_drift": Witness(
        quantity="Mean(Delta2')", method="enumeration", make=_squared
    ),
    "user_content_critical_shrinkage": _counted("kappa_crit", _critical),
    "user_content_stationary_fidelity": _counted("F_*", _long_run(1)),
    "user_content_stationary_trace": _counted("T_*", _long_run(0)),
    "user_content_fidelity": _counted("F_*", _fidelity),
    "user_content_fidelity_floor": _counted("F_*", _bound(10**15, F(1, 10**14))),
    "user_content_fidelity_ceiling": _counted("F_*", _bound(0, F(1, 10**30))),
    "user_content_smallest_user_images": _counted("N_0_need", _user_images),
    "user_content_smallest_image_count": _counted("n_need", _image_count),
}
