"""Witnesses of linear attention in a loop: second moments of the coefficients, step by step.

Means over a batch are taken over all batches; what is carried from one generation to the next are
the means and the mean products of the coefficients, of the real mean product and of the true
coefficients, entry by entry.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from symbolic.witness import Case, Witness
from symbolic.witnesses.attention import (
    Point,
    batches,
    dot,
    mean_product,
    scatters,
    squared_mean,
)

F = Fraction


class Loop(NamedTuple):
    """A loop: sizes, gain, share of the real examples, true coefficients, noise of the labels."""

    real: int
    generated: int
    gain: Fraction
    share: Fraction
    true: Point
    real_noise: Fraction
    noise: Fraction

    def numbers(self, *names: str) -> dict[str, Any]:
        """Say the numbers by design name."""
        known: dict[str, Any] = {
            "num_real": self.real,
            "num_generated": self.generated,
            "num_features": len(self.true),
            "attention_gain": self.gain,
            "real_share": self.share,
            "squared_norm": dot(self.true, self.true),
            "real_label_noise": self.real_noise**2,
            "label_noise": self.noise**2,
        }
        return {name: known[name] for name in names}


LOOPS = (
    Loop(2, 1, F(4, 5), F(2, 7), (F(3, 2), F(-2, 5)), F(1, 2), F(2, 3)),
    Loop(1, 2, F(6, 5), F(3, 4), (F(1, 3), F(5, 4)), F(3, 4), F(1, 3)),
    Loop(3, 2, F(3, 5), F(1, 3), (F(7, 4),), F(4, 3), F(5, 4)),
)
ALL = ("num_real", "num_generated", "num_features", "attention_gain", "real_share",
       "squared_norm", "real_label_noise", "label_noise")  # fmt: skip
Square = dict[tuple[int, int], Fraction]


def _first(loop: Loop) -> Square:
    """Mean products of the entries of the real context's mean product."""
    axes = range(len(loop.true))
    found = {at: F(0) for at in itertools.product(axes, axes)}
    for chance, batch in batches(len(loop.true), loop.real, loop.real_noise):
        product = mean_product(batch, loop.true)
        for a, b in found:
            found[a, b] += chance * product[a] * product[b]
    return found


def _labelled(products: Square, loop: Loop) -> Square:
    """Mean products of the entries of a batch's mean product, from those of the coefficients."""
    axes = range(len(loop.true))
    moments = scatters(len(axes), loop.generated)
    found: Square = {}
    for a, b in itertools.product(axes, repeat=2):
        found[a, b] = sum(
            (moments[a, c, b, d] * products[c, d] for c, d in itertools.product(axes, repeat=2)),
            F(0),
        )
        if a == b:
            found[a, b] += loop.noise**2 / loop.generated
    return found


def _trace(products: Square) -> Fraction:
    return sum((value for (a, b), value in products.items() if a == b), F(0))


@functools.cache
def error(loop: Loop, times: int) -> Fraction:
    """Mean squared distance of the coefficients from the true ones."""
    axes = range(len(loop.true))
    first = _first(loop)
    products = {at: loop.gain**2 * value for at, value in first.items()}
    crossed = {at: loop.gain * value for at, value in first.items()}  # u_0 and the coefficients
    mean = [loop.gain * w for w in loop.true]
    for _ in range(times):
        batch = _labelled(products, loop)
        real, new = loop.gain * loop.share, loop.gain * (1 - loop.share)
        products = {
            (a, b): real**2 * first[a, b]
            + real * new * (crossed[a, b] + crossed[b, a])
            + new**2 * batch[a, b]
            for a, b in itertools.product(axes, repeat=2)
        }
        crossed = {at: real * first[at] + new * crossed[at] for at in crossed}
        mean = [real * w + new * m for w, m in zip(loop.true, mean, strict=True)]
    return _trace(products) - 2 * dot(mean, loop.true) + dot(loop.true, loop.true)


def _overlap_step() -> Iterator[Case]:
    """All batches that given coefficients label."""
    for loop, now in zip(LOOPS, ((F(1), F(-2)), (F(1, 2), F(3)), (F(2, 3),)), strict=True):
        square, found = dot(loop.true, loop.true), F(0)  # the true coefficients stand for u_0
        for chance, batch in batches(len(now), loop.generated, loop.noise):
            product = dot(mean_product(batch, now), loop.true) / square
            found += chance * loop.gain * (loop.share + (1 - loop.share) * product)
        numbers = loop.numbers("attention_gain", "real_share")
        numbers["context_overlap"] = dot(now, loop.true) / square
        yield Case(numbers=numbers, value=found)


def _norm_step() -> Iterator[Case]:
    for loop, now in zip(LOOPS, ((F(1), F(-2)), (F(1, 2), F(3)), (F(2, 3),)), strict=True):
        square, found = dot(loop.true, loop.true), F(0)
        for chance, batch in batches(len(now), loop.generated, loop.noise):
            after = [
                loop.gain * (loop.share * u + (1 - loop.share) * b)
                for u, b in zip(loop.true, mean_product(batch, now), strict=True)
            ]
            found += chance * dot(after, after)
        numbers = loop.numbers("attention_gain", "real_share", "num_features", "num_generated",
                               "label_noise")  # fmt: skip
        numbers |= {"context_overlap": dot(now, loop.true) / square, "first_square": square}
        yield Case(numbers=numbers | {"coefficient_square": dot(now, now)}, value=found)


def _overlap() -> Iterator[Case]:
    for loop, times in zip(LOOPS, (2, 3, 0), strict=True):
        found = loop.gain
        for _ in range(times):
            found = loop.gain * loop.share + loop.gain * (1 - loop.share) * found
        numbers = loop.numbers("attention_gain", "real_share")
        yield Case(numbers=numbers | {"generations": times}, value=found)


def _error() -> Iterator[Case]:
    for loop, times in zip((*LOOPS, LOOPS[0]), (2, 3, 1, 0), strict=True):
        numbers = loop.numbers(*ALL) | {"generations": times}
        yield Case(numbers=numbers, value=error(loop, times))


def _alone() -> Iterator[Case]:
    for loop, times in zip(LOOPS, (2, 3, 4), strict=True):
        numbers = loop.numbers(*ALL[:4], *ALL[5:]) | {"generations": times}
        yield Case(numbers=numbers, value=error(loop._replace(share=F(0)), times))


def _stationary() -> Iterator[Case]:
    for loop in LOOPS:
        kept = loop.gain * (1 - loop.share)
        square = kept**2 * squared_mean((F(1), *(F(0),) * (len(loop.true) - 1)), loop.generated,
                                        F(0))  # fmt: skip
        if square < 1:  # three steps of a recursion with these two factors and 1 tell its end
            yield Case(numbers=loop.numbers(*ALL), value=_extrapolated(loop, kept, square))


def _extrapolated(loop: Loop, kept: Fraction, square: Fraction) -> Fraction:
    """Solve for the constant of ``c + a kept**t + b square**t`` from three values."""
    path = [error(loop, t) for t in range(3)]
    once = [later - kept * now for now, later in itertools.pairwise(path)]
    return (once[1] - square * once[0]) / ((1 - kept) * (1 - square))


def _forgotten() -> Iterator[Case]:
    for loop in LOOPS:
        silent = loop._replace(share=F(0), noise=F(0), gain=F(1, 2))
        square = silent.gain**2 * squared_mean(
            (F(1), *(F(0),) * (len(loop.true) - 1)), loop.generated, F(0)
        )
        if square < 1:
            value = _extrapolated(silent, silent.gain, square)
            yield Case(numbers=silent.numbers("squared_norm"), value=value)


WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method="enumeration, step by step", make=make)
    for name, quantity, make in (
        ("context_overlap_step", "Mean(c_A')", _overlap_step),
        ("context_norm_step", "Mean(N_A')", _norm_step),
        ("context_overlap", "Mean(omega[t])", _overlap),
        ("context_error", "Mean(m[t])", _error),
        ("context_error_without_real", "Mean(m[t])", _alone),
        ("context_stationary_error", "m_*", _stationary),
        ("context_forgetting", "m_*", _forgotten),
    )
}
