"""The retraining map: its eigenvalues stay below 1 where the bound on its norm has long ended."""

from fractions import Fraction

import mpmath as mp
import pytest

from symbolic import THEOREMS
from symbolic.witness import evaluate
from symbolic.witnesses.retraining_map import families, well_specified
from symbolic.witnesses.retraining_map_family import Family, eigenvalues, operator_norm, solve

F = Fraction


def value(name: str, **numbers: object) -> float:
    return float(evaluate(THEOREMS[name].rhs, numbers))


MISFIT = {"wasserstein_misfit": F(1, 3), "hessian_lipschitz": F(2), "smallest_curvature": F(1, 2)}


def test_the_norm_bound_is_one_at_the_threshold_and_ends_at_twice_that() -> None:
    ratio = evaluate(THEOREMS["retraining_threshold"].rhs, MISFIT)
    assert value("retraining_norm_bound", synthetic_ratio=F(int(ratio.p), int(ratio.q)),
                 **MISFIT) == pytest.approx(1, rel=1e-14)  # fmt: skip
    (condition,) = THEOREMS["retraining_norm_bound"].conditions
    for times, holds in ((F(19, 10), True), (F(21, 10), False)):
        numbers = MISFIT | {"synthetic_ratio": times * F(int(ratio.p), int(ratio.q))}
        assert (evaluate(condition.lhs - condition.rhs, numbers) < 0) == holds


@pytest.mark.parametrize("ratio", [1e-3, 1.0, 1e3, 1e9])
def test_the_radius_bound_is_below_one_and_above_the_well_specified_eigenvalue(
    ratio: float,
) -> None:
    top = value("retraining_radius_bound", synthetic_ratio=ratio, **MISFIT)
    assert value("retraining_jacobian_well_specified", synthetic_ratio=ratio) < top < 1


def test_a_misfit_eigenvalue_of_one_is_the_well_specified_model() -> None:
    for ratio in (F(1, 7), F(3)):
        plain = value("retraining_jacobian_well_specified", synthetic_ratio=ratio)
        assert value(
            "retraining_jacobian_eigenvalue", synthetic_ratio=ratio, misfit_eigenvalue=F(1)
        ) == pytest.approx(plain, rel=1e-15)
    one = well_specified()
    assert eigenvalues(solve(one.curvature, one.fisher)) == pytest.approx((1, 1), rel=1e-12)


@pytest.mark.parametrize("family", families())
def test_retraining_many_times_returns_to_the_best_parameters(family: Family) -> None:
    """Not the linear part but the map itself, from a start that is not near."""
    theta = (mp.mpf("0.05"), mp.mpf("-0.04"))
    with mp.workdps(20):
        factor = eigenvalues(family.jacobian(mp.mpf(3)))[0]
        far = mp.hypot(*theta)
        for _ in range(60):
            theta = family.retrained(theta, mp.mpf(3))
    assert mp.hypot(*theta) < 3 * far * factor**60


def test_a_norm_above_one_is_no_instability() -> None:
    rank_one = families()[2]
    with mp.workdps(30):
        jacobian = rank_one.jacobian(mp.mpf(100))
    assert operator_norm(jacobian) > 1 > eigenvalues(jacobian)[0]


def test_the_time_grows_with_the_ratio_as_it_is_bounded() -> None:
    for ratio in (F(1, 3), F(40)):
        numbers = {"synthetic_ratio": ratio, "share_left": F(1, 100)}
        exact = value("retraining_time", misfit_eigenvalue=F(1), **numbers)
        most = value("retraining_time_bound", **numbers)
        assert ratio * mp.log(100) < exact < most
    assert exact == pytest.approx(most, rel=0.02)


def test_many_gradient_steps_are_a_full_refit() -> None:
    numbers = {"synthetic_ratio": F(2), "misfit_eigenvalue": F(3, 2)}
    few, many = (
        value("gradient_retraining_eigenvalue", gradient_steps=steps, curvature=F(1, 2),
              learning_rate=F(1, 5), **numbers)
        for steps in (0, 400)
    )  # fmt: skip
    assert few == 1
    assert many == pytest.approx(value("retraining_jacobian_eigenvalue", **numbers), rel=1e-14)


@pytest.mark.parametrize("share", [F(1, 10), F(1, 2), F(9, 10)])
def test_the_norm_is_one_at_its_threshold_and_no_direction_is_sooner(share: Fraction) -> None:
    least, condition, size = F(2), F(6), F(3)
    score = (float(size * share) ** 0.5, float(size * (1 - share)) ** 0.5)
    arrays = {"num_parameters": 2, "axis_score": score,
              "axis_curvature": (least, condition * least)}  # fmt: skip
    at = value("rank_one_threshold", **arrays)
    assert value("rank_one_retraining_norm", synthetic_ratio=at, **arrays) == pytest.approx(1)
    soonest = value(
        "retraining_threshold_transient",
        smallest_curvature=least,
        condition_number=condition,
        fisher_size=size,
    )
    assert soonest < at
    # It is at least eight times what bounds by the size of A^-1 B, at most I/alpha, allow.
    assert soonest > 8 * float(least / (2 * size))
