"""Independent witnesses: enumeration with rationals, quadrature, and the theory's check values.

Nothing here uses the derivations' machinery; only a theorem's right-hand side is evaluated.
"""

import itertools
from collections import defaultdict
from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic import symbols as s
from symbolic.theorem import Kind
from symbolic.theorems import image
from symbolic.witness import Case, WitnessError
from symbolic.witnesses import WITNESSES

F = Fraction


def value(name: str, **numbers: object) -> sp.Expr:
    theorem = THEOREMS[name]
    known = theorem.symbols
    assert set(numbers) <= set(known), (set(numbers), set(known))
    return theorem.rhs.subs({known[k]: sp.sympify(v) for k, v in numbers.items()}).doit()


def exact(name: str, **numbers: object) -> Fraction:
    result = sp.nsimplify(value(name, **numbers), rational=True)
    return F(int(result.p), int(result.q))


# ------------------------------------------------------------------------------------------ text


def gini(p: tuple[F, ...]) -> F:
    return 1 - sum(x * x for x in p)


def drifted(p: tuple[F, ...], size: int) -> dict[tuple[F, ...], F]:
    """Law of p after one text update with one-hot posteriors, by enumerating every draw."""
    law: dict[tuple[F, ...], F] = defaultdict(F)
    for draws in itertools.product(range(len(p)), repeat=size):
        chance = F(1)
        for k in draws:
            chance *= p[k]
        law[tuple(F(draws.count(k), size) for k in range(len(p)))] += chance
    return law


# Three texts, three possible images: densities are rows of a rational matrix.
DENSITIES = ((F(1, 2), F(1, 3), F(1, 6)), (F(1, 4), F(1, 4), F(1, 2)), (F(1, 5), F(3, 5), F(1, 5)))
PROBS = (F(1, 6), F(1, 3), F(1, 2))
IMAGES = range(3)
MIX = [sum(p * q[y] for p, q in zip(PROBS, DENSITIES, strict=True)) for y in IMAGES]
POSTERIOR = [[p * q[y] / MIX[y] for p, q in zip(PROBS, DENSITIES, strict=True)] for y in IMAGES]


def test_confusion_bound_holds_and_is_not_vacuous() -> None:
    confused = sum(MIX[y] * gini(tuple(POSTERIOR[y])) for y in IMAGES)
    overlap = [
        [sum(mp.sqrt(float(a[y] * b[y])) for y in IMAGES) for b in DENSITIES] for a in DENSITIES
    ]
    rhs = THEOREMS["confusion_bound"].rhs
    bound = sp.lambdify([s.text_probs, s.bhattacharyya, s.num_texts], rhs, "math")
    table = {(i, k): float(overlap[i][k]) for i in range(3) for k in range(3)}
    ceiling = bound([float(p) for p in PROBS], table, 3)
    assert float(confused) <= ceiling < 1.0


def gaussian(x: object, mean: float, variance: float) -> object:
    return mp.exp(-((x - mean) ** 2) / (2 * variance)) / mp.sqrt(2 * mp.pi * variance)


def test_bhattacharyya_against_quadrature() -> None:
    first, second = (0.3, 1.5), (2.0, 0.4)

    def root(x: object) -> object:
        return mp.sqrt(gaussian(x, *first) * gaussian(x, *second))

    middle = (first[1] + second[1]) / 2
    found = value(
        "bhattacharyya_gaussian",
        mahalanobis=(first[0] - second[0]) ** 2 / middle,
        log_det_first=mp.log(first[1]), log_det_second=mp.log(second[1]),
        log_det_average=mp.log(middle),
    )  # fmt: skip
    assert float(found) == pytest.approx(float(mp.log(mp.quad(root, [-20, 0, 2, 20]))), rel=1e-10)


def test_confusion_at_large_covariance_against_quadrature() -> None:
    p, means = (0.3, 0.7), (0.0, 1.0)
    middle = p[0] * means[0] + p[1] * means[1]
    ratios = []
    for variance in (25.0, 100.0):

        def confused(y: object, variance: float = variance) -> object:
            q = [w * gaussian(y, m, variance) for w, m in zip(p, means, strict=True)]
            return 2 * q[0] * q[1] / (q[0] + q[1])

        h = 1 - p[0] ** 2 - p[1] ** 2
        width = 12 * mp.sqrt(variance)
        loss = 1 - mp.quad(confused, [-width, 0, 1, width]) / h
        distances = [(m - middle) ** 2 / variance for m in means]
        rhs = THEOREMS["confusion_large_covariance"].rhs
        leading = sp.lambdify(
            [s.text_probs, s.text_distance, s.text_diversity, s.num_texts], rhs, "math"
        )(p, distances, h, 2)
        ratios.append(float(loss / leading) - 1)
    assert abs(ratios[1]) < 0.01
    assert abs(ratios[1]) < abs(ratios[0]) / 3  # the error falls like one over the variance


# ------------------------------------------------------------------------------- corpus injection


def mean_diversity(
    start: tuple[F, ...], target: tuple[F, ...], order: str, updates: int, generations: int
) -> F:
    """Mean diversity by enumerating every injection and every draw, two images an update."""
    alpha, eps = F(1, 3), F(1, 4)

    def inject(law: dict[tuple[F, ...], F]) -> dict[tuple[F, ...], F]:
        out: dict[tuple[F, ...], F] = defaultdict(F)
        for p, w in law.items():
            out[p] += (1 - alpha) * w
            mixed = tuple((1 - eps) * a + eps * b for a, b in zip(p, target, strict=True))
            out[mixed] += alpha * w
        return out

    def update(law: dict[tuple[F, ...], F]) -> dict[tuple[F, ...], F]:
        out: dict[tuple[F, ...], F] = defaultdict(F)
        for p, w in law.items():
            for q, v in drifted(p, 2).items():
                out[q] += w * v
        return out

    law = {start: F(1)}
    for _ in range(generations):
        steps = [inject, *[update] * updates]
        for step in steps if order == "before" else reversed(steps):
            law = step(law)
    return sum(w * gini(p) for p, w in law.items())


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("updates", [1, 2])
@pytest.mark.parametrize("generations", [1, 2, 3])
def test_injection_curve_by_enumeration(order: str, updates: int, generations: int) -> None:
    start, target = (F(1, 5), F(4, 5)), (F(2, 3), F(1, 3))
    overlap = sum(a * b for a, b in zip(start, target, strict=True))
    found = exact(
        f"corpus_injection_curve_{order}", batch_size=2, generations=generations,
        text_updates=updates, initial_text_diversity=gini(start), injection_prob=F(1, 3),
        injection_fraction=F(1, 4), target_diversity=gini(target), initial_overlap=overlap,
    )  # fmt: skip
    assert found == mean_diversity(start, target, order, updates, generations)
    at_target = exact(
        f"corpus_injection_recursion_{order}", batch_size=2, generations=generations,
        text_updates=updates, initial_text_diversity=gini(target), injection_prob=F(1, 3),
        injection_fraction=F(1, 4), target_diversity=gini(target),
    )  # fmt: skip
    assert at_target == mean_diversity(target, target, order, updates, generations)


SETTING = {"batch_size": 1000, "text_updates": 1, "injection_prob": F(1, 20)}


@pytest.mark.parametrize(
    ("eps", "new_text", "before"),
    [("0.01", 0.496, 0.399), ("0.05", 0.808, 0.664), ("0.1", 0.857, 0.724), ("0.2", 0.842, 0.758)],
)
def test_stationary_check_values(eps: str, new_text: float, before: float) -> None:
    fraction = F(eps)
    bound = value("new_text_lower_bound", **SETTING, injection_fraction=fraction)
    fixed = value(
        "corpus_injection_stationary_before",
        **SETTING,
        injection_fraction=fraction,
        target_diversity=F(4, 5),
    )
    assert round(float(bound), 3) == new_text
    assert round(float(fixed), 3) == before


@pytest.mark.parametrize(("eps", "after"), [("0.01", 0.39920), ("0.05", 0.66438), ("0.2", 0.75861)])
def test_stationary_check_values_after(eps: str, after: float) -> None:
    found = value(
        "corpus_injection_stationary_after",
        **SETTING,
        injection_fraction=F(eps),
        target_diversity=F(4, 5),
    )
    assert round(float(found), 5) == after


def test_best_fraction_beats_its_neighbours_and_dose_inverts() -> None:
    best = float(value("new_text_best_fraction", **SETTING))
    top = float(value("new_text_best_value", **SETTING))
    assert best == pytest.approx(1 / (1 + (1 + 0.05 * 999) ** 0.5), rel=1e-14)

    def at(eps: float) -> float:
        return float(value("new_text_lower_bound", **SETTING, injection_fraction=eps))

    assert at(best) == pytest.approx(top, rel=1e-12)
    assert max(at(best - 1e-3), at(best + 1e-3)) < top
    dose = exact(
        "corpus_injection_dose", batch_size=1000, text_updates=1, target_diversity=F(4, 5),
        diversity_floor=F(1, 2),
    )  # fmt: skip
    assert dose == F(1, 2) / (999 * (F(4, 5) - F(1, 2)))


# ----------------------------------------------------------------------------------------- image


@pytest.mark.parametrize("nu", [1, 2.5, 7, 40])
def test_log_c_and_log_chi_against_quadrature(nu: float) -> None:
    def density(x: object) -> object:
        return x ** (nu / 2 - 1) * mp.exp(-x / 2) / (2 ** (nu / 2) * mp.gamma(nu / 2))

    with mp.workdps(30):
        knots = [0, 1e-6, 0.01, 0.3, 1, nu, 3 * nu + 20, 400]
        root = mp.quad(lambda x: mp.sqrt(x / nu) * density(x), knots)
        log = mp.quad(lambda x: mp.log(x / nu) / 2 * density(x), knots)
    number = sp.Float(nu, 30)
    assert float(image.log_c(number).evalf(20)) == pytest.approx(float(mp.log(root)), rel=1e-6)
    assert float(image.log_chi(number).evalf(20)) == pytest.approx(float(log), rel=1e-5)


@pytest.mark.parametrize("nu", [5, 20, 60, 10**4, 10**8, 10**12])
@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("which", ["log_c", "log_chi"])
def test_series_is_within_its_bound(which: str, order: int, nu: int) -> None:
    n = sp.Integer(nu)
    truth = getattr(image, which)(n).evalf(300)
    partial = getattr(image, f"{which}_series")(order, n)
    bound = getattr(image, f"{which}_series_bound")(order, n)
    following = getattr(image, f"{which}_series")(order + 1, n) - partial
    remainder = (truth - partial) / following
    assert bound == abs(following) > 0
    assert 0 < remainder < 1  # between nothing and the first term left out
    if order >= 8 and nu >= 60:
        assert abs((truth - partial) / truth) < 1e-10


TABLE = {
    "0.06": (0.9957013, 0.9935374, 0.9937562, -0.0086671),
    "0.13": (0.9980506, 0.9970730, 0.9971183, -0.0039129),
    "0.2": (0.9987394, 0.9981079, 0.9981269, -0.0025271),
    "0.27": (0.9990685, 0.9986021, 0.9986125, -0.0018662),
    "0.34": (0.9992614, 0.9988916, 0.9988982, -0.0014793),
}


def kept_average(expr: sp.Expr, prob: str) -> float:
    """Evaluate a constant plus one sum over image counts, term by term."""
    numbers = {
        s.batch_size: 1000, s.min_images: 3, s.text_prob: sp.Rational(prob), s.ddof: 1,
        s.shrinkage_factor: 1, s.num_features: 2,
    }  # fmt: skip
    (total,) = expr.atoms(sp.Sum)
    ((index, low, high),) = total.subs(numbers).limits
    term = sp.lambdify(index, total.function.subs(numbers).doit(), "mpmath")
    return float((expr - total) + sum(term(mp.mpf(m)) for m in range(int(low), int(high) + 1)))


@pytest.mark.parametrize("prob", sorted(TABLE))
def test_per_generation_check_values(prob: str) -> None:
    exact_rate, second_order, caption, lyapunov = TABLE[prob]
    factor = kept_average(THEOREMS["image_factor_mean"].rhs, prob)
    nu = s.degrees_of_freedom
    isotropic = THEOREMS["image_contraction_isotropic"].rhs.subs(nu, s.image_count - 1)
    first = THEOREMS["image_lyapunov"].rhs.subs(s.exponent_index, 1)
    assert round(factor, 7) == exact_rate
    assert round(kept_average(image.kept_mean(isotropic), prob), 7) == second_order
    assert round(kept_average(image.kept_mean(first, sp.S.Zero), prob), 7) == lyapunov
    published = value("image_contraction_caption", batch_size=1000, num_features=2, text_prob=prob)
    assert round(float(published), 7) == caption


@pytest.mark.parametrize(
    ("nu", "factor"), [(9, 0.958082085), (59, 0.993637464), (199, 0.998114989)]
)
def test_isotropic_second_order_against_the_exact_plane(nu: int, factor: float) -> None:
    found = float(value("image_contraction_isotropic", num_features=2, degrees_of_freedom=nu))
    assert abs(found - factor) * nu**2 < 0.2  # an error of second order
    assert abs(1 - 1 / (4 * nu) - factor) * nu**2 > 0.9  # the rank-one factor is not it


def test_lyapunov_exponents_are_those_of_bartlett() -> None:
    nu, j = 9, 2
    found = value("image_lyapunov", image_count=nu + 1, exponent_index=j, ddof=1,
                  shrinkage_factor=1)  # fmt: skip
    expected = (sp.log(sp.Rational(2, nu)) + sp.digamma(sp.Rational(nu - j + 1, 2))) / 2
    assert float(found) == pytest.approx(float(expected), rel=1e-13)


def test_mean_inverse_count() -> None:
    N, p = 4, F(2, 7)
    total = sum(
        F(int(sp.binomial(N, m))) * p**m * (1 - p) ** (N - m) / (m + 1) for m in range(N + 1)
    )
    assert total == (1 - (1 - p) ** (N + 1)) / ((N + 1) * p)


# ----------------------------------------------------------------------------------- user content


@pytest.mark.parametrize("ddof", [0, 1])
def test_user_content_one_step_by_enumeration(ddof: int) -> None:
    n, n0, offset, sd, reference_sd = 2, 2, F(3, 2), F(2), F(1, 3)
    mean_cov, mean_offset, mean_square = F(0), F(0), F(0)
    outcomes = list(itertools.product((-1, 1), repeat=n + n0))
    for signs in outcomes:
        pool = [offset + sd * e for e in signs[:n]] + [reference_sd * e for e in signs[n:]]
        mean = sum(pool) / len(pool)
        mean_offset += mean / len(outcomes)
        mean_square += mean**2 / len(outcomes)
        mean_cov += sum((x - mean) ** 2 for x in pool) / (len(pool) - ddof) / len(outcomes)
    counts = {"image_count": n, "user_images": n0}
    assert mean_cov == exact(
        "user_content_mean_covariance", **counts, ddof=ddof, shrinkage_factor=1,
        current_cov=sd**2, reference_cov=reference_sd**2, mean_offset=offset,
    )  # fmt: skip
    assert mean_offset == exact("user_content_drift", **counts, mean_offset=offset)
    assert mean_square == exact(
        "user_content_squared_drift", **counts, squared_offset=offset**2,
        current_variance=sd**2, image_variance=reference_sd**2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "n0", "trace", "fidelity"),
    # The recursion gives 0.11346 for (50, 10), where the specification prints .114.
    [(50, 5, 2.213, 0.2298), (50, 10, 2.096, 0.1135), (100, 10, 2.101, 0.1095)],
)
def test_user_content_stationary(n: int, n0: int, trace: float, fidelity: float) -> None:
    numbers = {"image_count": n, "user_images": n0, "image_variance": 2, "ddof": 1,
               "shrinkage_factor": 1}  # fmt: skip
    found = exact("user_content_stationary_fidelity", **numbers)
    assert round(float(found), 4) == fidelity
    assert round(float(value("user_content_stationary_trace", **numbers)), 3) == trace
    m, w = n + n0, F(n, n + n0)
    assert found == 2 / (m * (1 - w**2) - w**2 * F(m, m - 1))


# --------------------------------------------------------------------------------------- sharpness


BOUNDS = sorted(
    name
    for name, theorem in THEOREMS.items()
    if theorem.kind in {Kind.UPPER_BOUND, Kind.LOWER_BOUND}
)


@pytest.mark.parametrize("name", BOUNDS)
def test_bound_has_a_case_that_sees_a_weaker_one(name: str) -> None:
    sharp = [case for case in WITNESSES[name].cases() if case.sharp]
    # Nothing of the bound's own size may hide in the error: that is what slack is for.
    assert any(mp.mpf(0) != case.value and small(case) for case in sharp)
    # Of what a bound gives away, nothing may hide there either.
    assert all(not case.slack or case.error <= abs(case.slack) / 1000 for case in sharp)
    THEOREMS[name].check_witness()


def small(case: Case) -> bool:
    return bool(mp.mpmathify(case.error) <= mp.mpf("1e-9") * abs(mp.mpmathify(case.value)))


@pytest.mark.parametrize("name", BOUNDS)
def test_bound_off_by_a_thousandth_is_seen(name: str) -> None:
    theorem = THEOREMS[name]
    for factor in (sp.Rational(999, 1000), sp.Rational(1001, 1000)):
        off = theorem.statement.func(theorem.lhs, factor * theorem.rhs, evaluate=False)
        with pytest.raises(WitnessError):
            WITNESSES[name].check(off)
