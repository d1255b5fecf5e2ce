"""Witnesses of augmentation: all real and synthetic examples are listed, or their moments."""

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
    squared_mean,
)

F = Fraction


class Setting(NamedTuple):
    """Real examples, gain, true coefficients, noise of real and of synthetic labels."""

    real: int
    gain: Fraction
    true: Point
    real_noise: Fraction
    noise: Fraction

    def numbers(self, *left_out: str) -> dict[str, Any]:
        """Say the numbers by design name."""
        known = {
            "num_real": self.real,
            "num_features": len(self.true),
            "attention_gain": self.gain,
            "squared_norm": dot(self.true, self.true),
            "real_label_noise": self.real_noise**2,
            "label_noise": self.noise**2,
        }
        return {name: value for name, value in known.items() if name not in left_out}


SETTINGS = (
    Setting(2, F(4, 5), (F(3, 2), F(-2, 5)), F(1, 2), F(2, 3)),
    Setting(1, F(6, 5), (F(1, 3), F(5, 4)), F(3, 4), F(1, 3)),
    Setting(3, F(3, 5), (F(7, 4),), F(4, 3), F(5, 4)),
)


@functools.cache
def _one(axis: int, other: int, features: int, noise: Fraction) -> tuple[Fraction, Fraction]:
    """Mean square of one input times its label: by coefficients' products, and by noise."""
    unit = tuple(F(int(a == axis)) for a in range(features))
    both = tuple(F(int(a in (axis, other))) for a in range(features))
    quiet = squared_mean(unit, 1, F(0))
    if axis != other:  # of the product of two entries: by polarisation
        quiet = (squared_mean(both, 1, F(0)) - 2 * quiet) / 2
    return quiet, squared_mean(unit, 1, noise) - squared_mean(unit, 1, F(0))


def _square_of_one(labels: Point, noise: Fraction) -> Fraction:
    axes = range(len(labels))
    quiet = sum(
        (
            _one(a, b, len(labels), noise)[0] * labels[a] * labels[b]
            for a, b in itertools.product(axes, repeat=2)
        ),
        F(0),
    )
    return quiet + _one(0, 0, len(labels), noise)[1]


def _moments(setting: Setting, number: Fraction) -> tuple[Fraction, Fraction]:
    """Error after the retraining and the squared distance of the mean coefficients."""
    share = setting.real / (setting.real + number)
    kept, new = setting.gain * share, setting.gain * (1 - share)
    found, mean = F(0), [F(0)] * len(setting.true)
    for chance, batch in batches(len(setting.true), setting.real, setting.real_noise):
        first = mean_product(batch, setting.true)
        labels = tuple(setting.gain * u for u in first)
        middle = [kept * u + new * w for u, w in zip(first, labels, strict=True)]
        apart = [x - w for x, w in zip(middle, setting.true, strict=True)]
        found += chance * dot(apart, apart)
        if number:
            own = _square_of_one(labels, setting.noise) - dot(labels, labels)
            found += chance * new**2 * own / number
        mean = [m + chance * x for m, x in zip(mean, middle, strict=True)]
    shift = [m - w for m, w in zip(mean, setting.true, strict=True)]
    return found, dot(shift, shift)


_NUMBERS = (3, 1, 7)


def _error() -> Iterator[Case]:
    for setting, number in zip((*SETTINGS, SETTINGS[0]), (*_NUMBERS, 0), strict=True):
        numbers = setting.numbers() | {"num_synthetic": number}
        yield Case(numbers=numbers, value=_moments(setting, F(number))[0])


def _shift() -> Iterator[Case]:
    for setting, number in zip(SETTINGS, _NUMBERS, strict=True):
        numbers = setting.numbers("num_features", "real_label_noise", "label_noise")
        value = _moments(setting, F(number))[1]
        yield Case(numbers=numbers | {"num_synthetic": number}, value=value)


def _sampling() -> Iterator[Case]:
    for setting, number in zip(SETTINGS, _NUMBERS, strict=True):
        error, shift = _moments(setting, F(number))
        yield Case(numbers=setting.numbers() | {"num_synthetic": number}, value=error - shift)


def _slope() -> Iterator[Case]:
    """The error is a parabola in the share of the synthetic inputs, known from three of them."""
    for setting in SETTINGS:
        sizes = [F(0), F(setting.real), F(3 * setting.real)]  # shares 0, 1/2, 3/4
        low, middle, high = (_moments(setting, size)[0] for size in sizes)
        bend = ((high - low) / F(3, 4) - (middle - low) / F(1, 2)) / F(1, 4)
        by_share = (middle - low) / F(1, 2) - bend / 2
        yield Case(numbers=setting.numbers(), value=by_share / setting.real)


def _threshold() -> Iterator[Case]:
    """A gain that is the best one for so many real examples is at its threshold."""
    for setting in SETTINGS:
        square = squared_mean(setting.true, setting.real, setting.real_noise)
        best = setting._replace(gain=dot(setting.true, setting.true) / square)
        numbers = best.numbers("num_real", "label_noise")
        yield Case(numbers=numbers, value=setting.real)


def _bound() -> Iterator[Case]:
    """At the best gain for the real examples, and below it, with and without synthetic inputs."""
    for setting, number, part in zip(
        SETTINGS, (0, 2, 4), (F(9, 10), F(1, 2), F(2, 3)), strict=True
    ):
        square = squared_mean(setting.true, setting.real, setting.real_noise)
        gain = part * dot(setting.true, setting.true) / square
        low = setting._replace(gain=gain)
        faded = gain * (1 - gain) * F(number, setting.real + number)
        lost = 2 * faded * (dot(setting.true, setting.true) - gain * square) + faded**2 * square
        value = _moments(low, F(number))[0]
        numbers = low.numbers() | {"num_synthetic": number}
        yield Case(numbers=numbers, value=value, sharp=True, slack=lost)


def _endless() -> Iterator[Case]:
    """Coefficients that attention has multiplied by its gain twice."""
    for setting in SETTINGS:
        numbers = setting.numbers("label_noise")
        yield Case(numbers=numbers, value=_moments(_twice(setting), F(0))[0])


def _twice(setting: Setting) -> Setting:
    return setting._replace(gain=setting.gain**2)


def _endless_threshold() -> Iterator[Case]:
    """The number of real examples with which the gain and its square err alike.

    Lengths of ``u_0`` for two numbers of real examples tell that for any number.
    """
    for setting in SETTINGS:
        square, few = dot(setting.true, setting.true), squared_mean(
            setting.true, 1, setting.real_noise
        )  # fmt: skip
        gain = F(4, 5) if setting.gain > 1 else setting.gain
        # Errors agree where (gain**4 - gain**2) u2 = 2 (gain**2 - gain) w2.
        length = 2 * square / (gain * (1 + gain))
        numbers = setting._replace(gain=gain).numbers("num_real", "label_noise")
        yield Case(numbers=numbers, value=(few - square) / (length - square))


def _chord() -> Iterator[Case]:
    """What the parabola of the error in the share is above its chord, from its bend."""
    few = SETTINGS[2]._replace(real=1, gain=F(9, 10))
    for setting, number in ((SETTINGS[0], 3), (few, 2), (SETTINGS[0], 0)):
        share = F(number, setting.real + number)
        ends = _moments(setting, F(0))[0], _moments(_twice(setting), F(0))[0]
        half = _moments(setting, F(setting.real))[0] - sum(ends, F(0)) / 2
        numbers = setting.numbers() | {"num_synthetic": number}
        value = _moments(setting, F(number))[0]
        yield Case(numbers=numbers, value=value, sharp=True, slack=4 * share * (1 - share) * half)


def _useless() -> Iterator[Case]:
    """Means of coins: all real and generated ones listed."""
    for real, new, sd in ((2, 1, F(2, 3)), (1, 3, F(5, 4)), (3, 2, F(1, 2)), (2, 0, F(3))):
        found, coins = F(0), (sd, -sd)
        for first in itertools.product(coins, repeat=real):
            mean = sum(first, F(0)) / real
            for noise in itertools.product(coins, repeat=new):
                both = (sum(first, F(0)) + sum((mean + e for e in noise), F(0))) / (real + new)
                found += both**2 / 2 ** (real + new)
        numbers = {"num_real": real, "num_synthetic": new, "real_variance": sd**2}
        yield Case(numbers=numbers, value=found)


WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method=method, make=make)
    for name, quantity, method, make in (
        ("augmentation_error", "E_s(n_s)", "enumeration", _error),
        ("augmentation_shift", "B_s", "enumeration", _shift),
        ("augmentation_sampling_error", "V_s", "enumeration", _sampling),
        ("augmentation_slope", "dE_s(0)", "enumeration, a parabola", _slope),
        ("augmentation_threshold", "n_aug", "enumeration", _threshold),
        ("augmentation_useless_from", "E_s(n_s)", "enumeration", _bound),
        ("augmentation_endless", "E_end", "enumeration", _endless),
        ("augmentation_endless_threshold", "n_end", "enumeration", _endless_threshold),
        ("augmentation_none_or_endless", "E_s(n_s)", "enumeration, a parabola", _chord),
        ("augmentation_useless", "E_s(n_s)", "enumeration", _useless),
    )
}
