"""Witnesses of half-lives, deadlines and the sizes that meet them: quadrature and enumeration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import (
    DIGITS,
    chi_log,
    chi_moment,
    log_mean,
    log_mean_rest,
    number,
    plane_factor,
)
from symbolic.witnesses.enumeration import (
    ONE_HOT,
    PROBS,
    along,
    gini,
    mean,
    mixture,
    posteriors,
    text_update,
)

F = Fraction
Cases = Callable[[], Iterator[Case]]
TINY = mp.mpf("1e-30")

# ------------------------------------------------------------------------------------------ times


def _share(size: int, times: int, **densities: object) -> Fraction:
    """Share of the diversity that is left, by enumeration."""
    step = lambda p: text_update(p, size, **densities)  # type: ignore[arg-type] # noqa: E731
    return mean(along({PROBS: F(1)}, step, times), gini) / gini(PROBS)


def _text_level() -> Iterator[Case]:
    for size, times in ((2, 2), (3, 2)):
        numbers = {"batch_size": size, "share_left": _share(size, times, densities=ONE_HOT)}
        yield Case(numbers=numbers, value=times, error=TINY, sharp=True)
        yield Case(numbers=numbers | {"share_left": _share(size, times)}, value=times)


def _half_from(share: Fraction) -> mp.mpf:
    """Half-life of what keeps a share in each update."""
    with mp.workdps(DIGITS):
        return mp.log(number(F(1, 2))) / mp.log(number(share))


def _text_half() -> Iterator[Case]:
    for size in (2, 3, 4):
        value = _half_from(_share(size, 1, densities=ONE_HOT))
        yield Case(numbers={"batch_size": size}, value=value, error=TINY, sharp=True)
    yield Case(numbers={"batch_size": 3}, value=_half_from(_share(3, 1)))


def _text_size() -> Iterator[Case]:
    for size in (2, 3, 4):
        wanted = _half_from(_share(size, 1, densities=ONE_HOT))
        yield Case(numbers={"wanted_half_life": wanted}, value=size, error=TINY, sharp=True)
    # Confused posteriors need fewer images: here two.
    yield Case(numbers={"wanted_half_life": _half_from(_share(2, 1))}, value=2)


def _confused_level() -> Iterator[Case]:
    mix = mixture(PROBS)
    confused = sum((m * gini(r) for m, r in zip(mix, posteriors(PROBS), strict=True)), F(0))
    for size, times in ((2, 1), (3, 2)):
        yield Case(
            numbers={
                "batch_size": size, "posterior_confusion": confused / gini(PROBS),
                "share_left": _share(size, 1) ** times,
            },
            value=times, error=TINY,
        )  # fmt: skip


def _image_share(nu: int, times: int) -> mp.mpf:
    with mp.workdps(DIGITS):
        return chi_moment(F(nu), F(1)) ** times


def _image_level() -> Iterator[Case]:
    for n, times in ((4, 2), (10, 3)):
        numbers = {"image_count": n, "share_left": _image_share(n - 1, times)}
        yield Case(numbers=numbers, value=times, error=mp.mpf("1e-15"), sharp=True)
    numbers = {"image_count": 10, "share_left": plane_factor(9)}
    yield Case(numbers=numbers, value=1)


def _direction() -> Iterator[Case]:
    for n in (4, 10):
        with mp.workdps(DIGITS):
            value = mp.log(number(F(1, 2))) / mp.log(_image_share(n - 1, 1))
        yield Case(numbers={"image_count": n}, value=value, error=mp.mpf("1e-15"))


def _typical() -> Iterator[Case]:
    for n, times in ((4, 2), (10, 3)):
        with mp.workdps(DIGITS):
            left = mp.exp(times * chi_log(F(n - 1)))
        numbers = {"image_count": n, "share_left": left}
        yield Case(numbers=numbers, value=times, error=mp.mpf("1e-15"))


def _deadline() -> Iterator[Case]:
    for n, lasting, updates in ((4, 3, 2), (10, 5, 3)):
        numbers = {
            "image_count": n, "generations_allowed": lasting,
            "share_left": _image_share(n - 1, lasting * updates),
        }  # fmt: skip
        yield Case(numbers=numbers, value=updates, error=mp.mpf("1e-15"), sharp=True)
    numbers = {"image_count": 10, "generations_allowed": 1, "share_left": plane_factor(9)}
    yield Case(numbers=numbers, value=1)


def _freedom(necessary: bool) -> Cases:
    """From degrees of freedom to the half-life that they give, and back by the bound.

    ``-1/(4 log c)`` is ``nu / (1 - 4 nu gap)`` with the gap between ``log c`` and ``-1/(4 nu)``.
    """

    def cases() -> Iterator[Case]:
        for nu in (F(7), F(61, 2), F(500)):
            with mp.workdps(DIGITS):
                wanted = -mp.log(2) / log_mean(nu)
                share = 4 * number(nu) * log_mean_rest(nu, 1)
                above = number(nu) * share / (1 - share)
                slack = 1 - above if necessary else above
            yield Case(
                numbers={"wanted_half_life": wanted},
                value=nu,
                error=TINY,
                sharp=True,
                slack=slack,
            )

    return cases


def _witness(quantity: str, method: str, make: Cases) -> Witness:
    return Witness(quantity=quantity, method=method, make=make)


_BY_ENUMERATION = {
    "text_level_time": ("t_ell", _text_level),
    "text_half_life": ("t_half", _text_half),
    "text_smallest_batch_size": ("N_need", _text_size),
    "text_confused_level_time": ("t_ell", _confused_level),
}
_BY_QUADRATURE = {
    "image_level_time": ("t_ell", _image_level),
    "directional_half_life": ("t_half", _direction),
    "typical_level_time": ("t_ell", _typical),
    "image_updates_deadline": ("M_max", _deadline),
    "image_freedom_sufficient": ("nu_need", _freedom(necessary=False)),
    "image_freedom_necessary": ("nu_need", _freedom(necessary=True)),
}
WITNESSES = {
    name: _witness(quantity, method, make)
    for method, group in (
        ("enumeration", _BY_ENUMERATION),
        ("quadrature", _BY_QUADRATURE),
    )
    for name, (quantity, make) in group.items()
}
