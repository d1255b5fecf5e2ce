"""Witnesses of fidelity: quadrature in one dimension, signs of every image enumerated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import chi_moment

F = Fraction

# ------------------------------------------------------------------- one dimension, n images each


def _root_of_two(nu: int) -> mp.mpf:
    """Mean of ``sqrt(1 + chi^2 / nu)``, by quadrature."""
    with mp.workdps(30):
        peak = mp.sqrt(nu)
        knots = [0, peak, peak + 3, peak + 14]

        def density(x: mp.mpf) -> mp.mpf:
            return x ** (nu - 1) * mp.exp(-x * x / 2)

        whole = mp.quad(density, knots)
        return mp.quad(lambda x: mp.sqrt(1 + x * x / nu) * density(x), knots) / whole


def _distance(n: int, times: int) -> mp.mpf:
    """Mean distance of the mean from its start, of standard deviation one, after 1 or 2 updates."""
    with mp.workdps(30):
        return mp.sqrt(2 / mp.pi / n) * (mp.mpf(1) if times == 1 else _root_of_two(n - 1))


def _first_moment() -> Iterator[Case]:
    for n, times in ((4, 1), (9, 1), (4, 2), (9, 2)):
        with mp.workdps(30):
            numbers = {
                "generations": times,
                "image_diversity": F(3, 2),
                "contraction_factor": chi_moment(F(n - 1), F(1)),
                "inverse_root_count": 1 / mp.sqrt(n),
                "inverse_count": F(1, n),
            }
            yield Case(numbers=numbers, value=_distance(n, times) * 3 / 2)


# ------------------------------------------------------------------------- signs, counts and time

Law = dict[tuple[Fraction, Fraction], Fraction]  # (squared offset, variance): chance


def _one_update(size: int, prob: Fraction, least: int, square: Fraction, variance: Fraction) -> Law:
    """Outcomes of an update whose images lie one standard deviation to either side of the mean.

    The offset's sign relative to the step is symmetric, so only its square is carried along.
    """
    law: Law = {}
    for n in range(size + 1):
        chance = math.comb(size, n) * prob**n * (1 - prob) ** (size - n)
        if n < least:
            law[square, variance] = law.get((square, variance), F(0)) + chance
            continue
        for signs in itertools.product((-1, 1), repeat=n):
            average = F(sum(signs), n)
            spread = sum(((x - average) ** 2 for x in signs), F(0)) / (n - 1)
            key = (square + variance * average**2, variance * spread)
            law[key] = law.get(key, F(0)) + chance / 2**n
    return law


def _squared() -> Iterator[Case]:
    start, least = F(7, 3), 2
    for size, prob, times in ((3, F(2, 5), 1), (4, F(3, 5), 2)):
        law: Law = {(F(0), start): F(1)}
        for _ in range(times):
            following: Law = {}
            for (square, variance), chance in law.items():
                for key, share in _one_update(size, prob, least, square, variance).items():
                    following[key] = following.get(key, F(0)) + chance * share
            law = following
        inverse = sum(
            (
                math.comb(size, m) * prob**m * (1 - prob) ** (size - m) / m
                for m in range(least, size + 1)
            ),
            F(0),
        )
        numbers = {"generations": times, "image_variance": start, "inverse_count": inverse}
        yield Case(numbers=numbers, value=sum(c * key[0] for key, c in law.items()))


def _bound() -> Witness:
    return Witness(quantity="Mean(F[t])", method="quadrature", make=_first_moment)


WITNESSES = {
    "image_fidelity_bound_at": _bound(),
    "image_fidelity_bound": _bound(),
    "image_fidelity_root_bound": _bound(),
    "image_fidelity_squared": Witness(quantity="Mean(F2[t])", method="enumeration", make=_squared),
}
