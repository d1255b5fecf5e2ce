"""Linear attention: what its closed forms say of one another."""

import itertools
from fractions import Fraction

import pytest
import sympy as sp

from symbolic import THEOREMS, DerivationError, rules
from symbolic import symbols as s
from symbolic.symbols import Mean
from symbolic.witness import evaluate

F = Fraction
LOOP = {
    "num_real": 9,
    "num_generated": 7,
    "num_features": 3,
    "attention_gain": F(6, 7),
    "squared_norm": F(5, 2),
    "real_label_noise": F(1, 3),
    "label_noise": F(2, 5),
}


def value(name: str, **numbers: object) -> sp.Expr:
    assert set(numbers) == set(THEOREMS[name].symbols), sorted(THEOREMS[name].symbols)
    return evaluate(THEOREMS[name].rhs, numbers)


def without(*names: str) -> dict[str, object]:
    return {name: number for name, number in LOOP.items() if name not in names}


def first_square() -> sp.Expr:
    numbers = {"num_context": 9, "num_features": 3, "squared_norm": F(5, 2)}
    return value("context_moment", **numbers, label_noise=F(1, 3))


@pytest.mark.parametrize("share", [F(0), F(1, 5), F(1, 2), F(1)])
def test_the_path_is_the_steps_one_after_the_other(share: Fraction) -> None:
    square, overlap = first_square(), sp.Rational(6, 7)
    length = overlap**2 * square
    for when in range(4):
        found = value("context_error", **LOOP, real_share=share, generations=when)
        norm = sp.Rational(5, 2)
        assert sp.simplify(found - (length - 2 * overlap * norm + norm)) == 0
        step = {**without("num_real", "squared_norm", "real_label_noise"), "real_share": share}
        length = value(
            "context_norm_step",
            **step,
            context_overlap=overlap,
            first_square=square,
            coefficient_square=length,
        )
        overlap = value(
            "context_overlap_step",
            attention_gain=F(6, 7),
            real_share=share,
            context_overlap=overlap,
        )


def test_without_real_examples_it_is_the_same_path() -> None:
    for when in range(4):
        path = value("context_error", **LOOP, real_share=0, generations=when)
        assert (
            sp.simplify(path - value("context_error_without_real", **LOOP, generations=when)) == 0
        )


def test_the_path_ends_at_the_stationary_error() -> None:
    late = value("context_error", **LOOP, real_share=F(1, 2), generations=400)
    end = value("context_stationary_error", **LOOP, real_share=F(1, 2))
    assert abs(float(late / end) - 1) < 1e-12


def test_all_real_examples_leave_the_first_error_and_a_smaller_gain_the_prior() -> None:
    end = value("context_stationary_error", **LOOP, real_share=1)
    assert sp.simplify(end - value("context_error", **LOOP, real_share=1, generations=0)) == 0
    numbers = {"num_context": 7, "num_features": 3, "prior_variance": 2, "label_noise": F(1, 2)}
    best = value("best_attention_gain", **numbers)
    least = value("attention_error", attention_gain=best, **numbers)
    assert sp.simplify(least - value("best_attention_error", **numbers)) == 0
    for gain in (best * F(21, 20), best * F(19, 20)):
        assert value("attention_error", attention_gain=gain, **numbers) > least


def test_thresholds_are_where_the_growth_stops() -> None:
    sizes = {"num_features": 8, "attention_gain": F(19, 20)}
    last = value("context_bounded_share", num_generated=16, **sizes)
    growth = value("context_growth_factor", num_generated=16, real_share=last, **sizes)
    assert sp.simplify(growth - 1) == 0
    of_total = value("context_bounded_share_of_total", num_context=16, **sizes)
    generated = (1 - of_total) * 16
    growth = THEOREMS["context_growth_factor"].rhs.subs(
        {
            s.num_features: 8,
            s.attention_gain: sp.Rational(19, 20),
            s.real_share: of_total,
            s.num_generated: generated,
        }
    )
    assert sp.simplify(growth - 1) == 0
    typical = value("context_typical_share", num_generated=16, **sizes)
    rate = value("context_typical_rate", num_generated=16, real_share=typical, **sizes)
    assert abs(sp.N(rate, 30)) < 1e-25
    assert 0 < sp.N(typical) < last < of_total


@pytest.mark.parametrize(("size", "features"), [(1, 1), (4, 1), (3, 8), (30, 2)])
def test_a_typical_run_grows_no_faster_than_the_mean_square(size: int, features: int) -> None:
    sizes = {"num_generated": size, "num_features": features, "real_share": F(1, 7)}
    rate = value("context_typical_rate", attention_gain=F(4, 3), **sizes)
    growth = value("context_growth_factor", attention_gain=F(4, 3), **sizes)
    assert 2 * sp.N(rate) < sp.log(growth)


def test_augmentation_is_the_first_step_of_the_loop() -> None:
    numbers = without("num_generated")
    for size in (1, 5, 40):
        found = value("augmentation_error", num_synthetic=size, **numbers)
        loop = {**LOOP, "num_generated": size, "real_share": F(9, 9 + size)}
        assert sp.simplify(found - value("context_error", **loop, generations=1)) == 0
        shift = value(
            "augmentation_shift",
            num_synthetic=size,
            **without("num_generated", "num_features", "real_label_noise", "label_noise"),
        )
        rest = value("augmentation_sampling_error", num_synthetic=size, **numbers)
        assert sp.simplify(found - shift - rest) == 0


def test_the_slope_is_the_derivative_at_no_synthetic_inputs() -> None:
    curve = THEOREMS["augmentation_error"].rhs
    slope = sp.diff(curve, s.num_synthetic).subs(s.num_synthetic, 0)
    assert sp.simplify(slope - THEOREMS["augmentation_slope"].rhs) == 0


def test_whether_synthetic_inputs_help_turns_at_the_thresholds() -> None:
    numbers = {**without("num_generated", "num_real"), "label_noise": 0}
    known = {name: number for name, number in numbers.items() if name != "label_noise"}
    enough = int(sp.ceiling(value("augmentation_threshold", **known)))
    few = int(sp.floor(value("augmentation_endless_threshold", **known)))
    assert few < enough

    def curve(real: int) -> list[sp.Expr]:
        sizes = (0, 1, 2, 5, 10, 30, 100, 10**4, 10**7)
        return [
            value("augmentation_error", num_real=real, num_synthetic=size, **numbers)
            for size in sizes
        ]

    plain, *errors = curve(enough)
    assert min(errors) > plain
    for real in (few, few + 1):
        plain, *errors = curve(real)
        assert (min(errors) < plain) == (real == few)
        assert errors[-1] == min(errors)
        end = value("augmentation_endless", num_real=real, **known)
        assert abs(float(errors[-1] - end)) < 1e-5


def test_moments_of_few_examples_and_of_few_features_are_alike() -> None:
    for power, size, features in itertools.product(range(2, 7), (1, 4), (2, 5)):
        name = f"scatter_moment_{power}"
        one, other = (
            value(name, num_context=n, num_features=d) * n**power * d
            for n, d in ((size, features), (features, size))
        )
        assert one == other


# ------------------------------------------------------------------------------- planted errors


def test_pairings_of_a_context_are_of_all_its_examples() -> None:
    n, d = s.num_context, s.num_features
    trace = Mean(s.context_wishart_trace[2])
    rules.check_step("Wishart pairings", sp.Eq(trace, n * d * (n + d + 1)), [], {})
    fewer = sp.Eq(trace, (n - 1) * d * (n + d))
    with pytest.raises(DerivationError, match="pairings add up"):
        rules.check_step("Wishart pairings", fewer, [], {})


def test_what_may_grow_does_not_vanish() -> None:
    path = THEOREMS["context_error"].statement
    (step,) = THEOREMS["context_stationary_error"].derivation
    rules.check_step(step.rule, step.claim, [path], step.given)
    for domain in ({}, {s.attention_gain: sp.Rational(1, 9)}):
        given = {**step.given, "domain": domain}
        with pytest.raises(DerivationError):
            rules.check_step(step.rule, step.claim, [path], given)
