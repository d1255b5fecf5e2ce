"""Special functions, replicates, rates, image counts, doses: numbers, and what must not pass."""

import mpmath as mp
import pytest
import sympy as sp

from symbolic import THEOREMS, DerivationError
from symbolic import symbols as s
from symbolic.rules import check_step
from symbolic.special import log_c, log_c_series, log_chi
from symbolic.theorems import special_functions

nu, x = s.degrees_of_freedom, sp.Symbol("x", positive=True)


def value(name: str, **numbers: object) -> float:
    known = THEOREMS[name].symbols
    return float(sp.N(THEOREMS[name].rhs.subs({known[k]: sp.S(v) for k, v in numbers.items()}), 20))


# ------------------------------------------------------------------------------ special functions


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("which", ["log_c", "log_chi"])
def test_enclosures_of_any_order_are_proved(which: str, order: int) -> None:
    special_functions.series_enclosure(which, order).check_derivation(THEOREMS)


@pytest.mark.parametrize("at", [sp.Rational(1, 10), 1, 30, 10**6])
def test_neighbouring_orders_enclose(at: object) -> None:
    for which, function in (("log_c", log_c), ("log_chi", log_chi)):
        bounds = [t for name, t in THEOREMS.items() if name.startswith(f"{which}_series")]
        truth = function(sp.S(at)).evalf(120)
        assert len(bounds) == 4
        for theorem in bounds:
            side = theorem.rhs.subs(nu, at) - truth
            assert side > 0 if isinstance(theorem.statement, sp.Le) else side < 0


TWO_STEPS = sp.Eq(
    log_c(nu + 2),
    log_c(nu) + sp.log((nu + 1) / (nu + 2)) / 2 - sp.log(nu / (nu + 1)) / 2,
    evaluate=False,
)
BELOW = sp.Le(log_c(nu), 0, evaluate=False)
ABOVE = sp.Ge(log_c(nu), sp.log(nu / (nu + 1)) / 2, evaluate=False)


@pytest.mark.parametrize(
    ("claim", "shift"),
    [
        (sp.Ge(log_c(nu), -1 / (5 * nu), evaluate=False), 2),  # a wrong constant
        (sp.Le(log_c(nu), log_c_series(1), evaluate=False), 2),  # the wrong way round
        (sp.Ge(log_c(nu), log_c_series(2), evaluate=False), 2),
        (sp.Ge(log_c(nu), log_c_series(1) - 1, evaluate=False), 2),  # does not vanish
        (sp.Ge(log_c(nu), 1 / (1 - nu), evaluate=False), 2),  # a pole on the way
        (sp.Ge(log_c(nu), log_c_series(1), evaluate=False), 1),  # another step
        (sp.Eq(log_c(nu), log_c_series(1), evaluate=False), 2),
    ],
)
def test_telescoping_refuses(claim: sp.Rel, shift: int) -> None:
    given = {"variable": nu, "shift": shift}
    with pytest.raises(DerivationError):
        check_step("telescoping series", claim, [TWO_STEPS, BELOW, ABOVE], given)


def test_telescoping_needs_a_function_that_vanishes() -> None:
    never = sp.Ge(log_c(nu), -1, evaluate=False)
    claim = sp.Ge(log_c(nu), log_c_series(1), evaluate=False)
    given = {"variable": nu, "shift": 2}
    check_step("telescoping series", claim, [TWO_STEPS, BELOW, ABOVE], given)
    with pytest.raises(DerivationError, match="vanish"):
        check_step("telescoping series", claim, [TWO_STEPS, BELOW, never], given)


def test_gamma_recursion_refuses_a_wrong_shift_and_a_negative_argument() -> None:
    check_step("Gamma recursion", sp.Eq(sp.loggamma(x + 1), sp.log(x) + sp.loggamma(x)), [], {})
    for wrong in (
        sp.Eq(sp.loggamma(x + 1), sp.log(x + 1) + sp.loggamma(x), evaluate=False),
        sp.Eq(sp.loggamma(x - 1), sp.loggamma(x) - sp.log(x - 1), evaluate=False),
        sp.Eq(log_c(nu + 1), log_c(nu), evaluate=False),
    ):
        with pytest.raises(DerivationError):
            check_step("Gamma recursion", wrong, [], {})


def test_power_laws_need_positive_bases() -> None:
    y = sp.Symbol("y", real=True)
    claim = sp.Eq((y**2) ** x, y ** (2 * x), evaluate=False)  # false for negative y
    with pytest.raises(DerivationError, match="positive"):
        check_step("power laws", claim, [], {})


def test_level_reached_refuses() -> None:
    a, q, name = sp.symbols("a q name", positive=True)
    curve = a * sp.Rational(1, 2) ** s.generations
    falling = sp.Le(q, curve, evaluate=False)
    given = {"level": a / 8, "variable": s.generations}
    check_step("level reached", sp.Le(name, 3, evaluate=False), [falling], given)
    for claim, fact in (
        (sp.Le(name, 4, evaluate=False), falling),  # not there yet
        (sp.Ge(name, 3, evaluate=False), falling),  # a bound from above says nothing of this
        (sp.Eq(name, 3, evaluate=False), falling),
        (sp.Le(q, 3, evaluate=False), falling),  # a name that is taken
    ):
        with pytest.raises(DerivationError):
            check_step("level reached", claim, [fact], given)


# -------------------------------------------------------------- replicates and rates, I6 and I9


def test_relative_error_is_of_order_one_at_2_nu_log_runs() -> None:
    n, runs = 201, 64
    times = round(2 * (n - 1) * float(mp.log(runs)))
    found = value("replicate_relative_variance", image_count=n, generations=times, replicates=runs)
    assert found == pytest.approx(1, abs=0.05)
    horizon = value("replicate_horizon", image_count=n, replicates=runs, relative_error=found**0.5)
    assert horizon == pytest.approx(times, rel=1e-12)


def test_the_mean_over_runs_fails_from_4_nu_log_runs_on() -> None:
    n, runs = 201, 64
    start = 4 * (n - 1) * float(mp.log(runs))
    bounds = [
        value(
            "replicate_collapse", image_count=n, generations=round(k * start), replicates=runs,
            fraction_power=sp.Rational(9, 10),
        )
        for k in (1, 2, 4)
    ]  # fmt: skip
    assert 0.9 < bounds[0] < 1.1  # from here on it falls exponentially
    assert bounds[1] < bounds[0] * 0.7
    assert bounds[2] < bounds[1] * 0.5


def mean_factor(name: str, size: int, prob: sp.Rational, last: int = 60) -> float:
    """Evaluate a constant and sums over counts; those above the last have no weight here."""
    rhs = THEOREMS[name].rhs.subs(
        {s.batch_size: size, s.text_prob: prob, s.min_images: 2, s.ddof: 1, s.shrinkage_factor: 1}
    )
    rest = rhs.replace(sp.Sum, lambda *args: sp.S.Zero)
    total = mp.mpf(str(sp.N(rest, 20)))
    for part in sp.Add.make_args(sp.expand_mul(rhs)):
        for sums in part.atoms(sp.Sum):
            ((index, low, _),) = sums.limits
            weight = sp.lambdify(index, (part / sums) * sums.function.doit(), "mpmath")
            total += mp.fsum(weight(mp.mpf(m)) for m in range(int(low), last))
    return float(total)


def test_mean_factor_is_not_monotone_under_the_keep_rule() -> None:
    found = {
        rate: mean_factor("image_factor_mean", 1000, sp.Rational(rate, 10_000))
        for rate in range(27, 32)
    }
    assert min(found, key=found.get) == 29  # N p = 2.9
    assert found[29] == pytest.approx(0.906, abs=5e-4)
    assert mean_factor("image_factor_mean", 1000, sp.Rational(1, 10**6)) > 0.999


def test_slope_of_the_mean_factor_turns_there() -> None:
    turning = [
        mean_factor("image_factor_slope", 40, sp.Rational(rate, 400), last=40) for rate in (27, 31)
    ]
    assert turning[0] < 0 < turning[1]


def test_deadline_keeps_what_it_promises() -> None:
    n, share, lasting = 60, sp.Rational(1, 2), 100
    updates = value(
        "image_updates_deadline", image_count=n, share_left=share, generations_allowed=lasting
    )
    assert float(sp.exp(log_c(n - 1) * updates * lasting)) == pytest.approx(0.5, rel=1e-12)


# ------------------------------------------------------------------------------ user content, I10


@pytest.mark.parametrize(
    ("n", "n0", "fidelity"),
    # (50, 10) is 0.11346, where the specification prints .114.
    [(50, 5, 0.22979), (50, 10, 0.11346), (100, 10, 0.10955)],
)
def test_user_content_fidelity(n: int, n0: int, fidelity: float) -> None:
    found = value("user_content_fidelity", image_count=n, user_images=n0, image_variance=2)
    assert found == pytest.approx(fidelity, abs=5e-6)
    floor = value("user_content_fidelity_floor", user_images=n0, image_variance=2)
    ceiling = value("user_content_fidelity_ceiling", user_images=n0, image_variance=2)
    assert floor < found < ceiling
    assert value(
        "user_content_smallest_user_images", fidelity_cap=sp.Float(found, 30), image_count=n,
        image_variance=2,
    ) == pytest.approx(n0, rel=1e-9)  # fmt: skip


def test_plain_covariances_are_held_up_to_ddof_as_large_as_the_user_images() -> None:
    for n0 in (1, 2, 5):
        critical = [
            value("user_content_critical_shrinkage", image_count=9, user_images=n0, ddof=ddof)
            for ddof in (n0, n0 + 1)
        ]
        assert critical[0] > 1 > critical[1]
