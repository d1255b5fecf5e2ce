"""One update of an isotropic covariance, enclosed in every dimension: I3 with its remainder.

The next standard deviations over the old one are ``y_a``, roots of eigenvalues of the scatter
matrix over ``n - 1``.  Taylor polynomials of the root in ``x = y^2 - 1`` enclose ``y`` itself:
``P(x) - y = (y - 1)^(k+1) Q(y)`` with ``Q`` of positive coefficients, k odd.  Their means are
moments of a Wishart matrix, exact in symbolic dimension.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.spectra import axes
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import ENOUGH_IMAGES, TWO_IMAGES, covariance_scale, freedom
from symbolic.wishart import wishart_trace_mean

_n, _d, _a, _m = s.image_count, s.num_features, s.feature, s.count_index
_y, _rho, _D0, _next = s.root_ratio[_a], s.contraction_factor, s.image_diversity, (
    s.next_image_diversity
)  # fmt: skip
_sum, _root_scale = sp.Sum(_y, axes), sp.sqrt(covariance_scale)
ISOTROPIC = (
    "one image update with n images, n >= 2, n > ddof; no user content",
    "isotropic covariance before the update, any dimension",
)


def _polynomials(order: int) -> tuple[sp.Poly, sp.Expr, sp.Poly, sp.Expr]:
    """Give upper and lower polynomials in ``y^2`` around ``y``, and the forms that show it."""
    x, y, square = sp.Symbol("x"), sp.Symbol("y"), sp.Symbol("w")
    taylor = sp.series(sp.sqrt(1 + x), x, 0, order + 1).removeO()
    upper = sp.expand(taylor.subs(x, square - 1))
    room, _ = sp.div(sp.expand(upper.subs(square, y**2) - y), sp.expand((y - 1) ** (order + 1)), y)
    last = room.subs(y, 0)  # the least that makes the lower polynomial one at y = 0
    lower = sp.expand(upper - last * (square - 1) ** (order + 1))
    below = sp.expand(last * (y + 1) ** (order + 1) - room)
    vanishing = (_y - 1) ** (order + 1)
    return (
        sp.Poly(upper, square), vanishing * room.subs(y, _y),
        sp.Poly(lower, square), vanishing * below.subs(y, _y),
    )  # fmt: skip


def _mean_share(polynomial: sp.Poly) -> sp.Expr:
    """Mean of the polynomial over the axes, by powers of one over the degrees of freedom."""
    nu = sp.Symbol("nu")
    total = sp.Add(*(
        weight * (wishart_trace_mean((power,), nu, _d) / (_d * nu**power) if power else 1)
        for (power,), weight in polynomial.terms()
    ))  # fmt: skip
    by_order = sp.collect(sp.expand(total), nu, evaluate=False)
    return sp.Add(*(sp.factor(term) * key.subs(nu, freedom) for key, term in by_order.items()))


def _moments(polynomial: sp.Poly) -> tuple[Step, ...]:
    steps: list[Step] = []
    for power in range(1, polynomial.degree() + 1):
        trace = s.wishart_trace[power]
        steps += [
            Step(
                rule="instance",
                claim=eq(sp.Sum(_y ** (2 * power), axes), trace / freedom**power),
                label=f"power {power}",
                uses=("model:scatter_powers",),
                given={_m: sp.Integer(power)},
            ),
            Step(
                rule="Wishart pairings",
                claim=eq(Mean(trace), wishart_trace_mean((power,), freedom, _d)),
                label=f"moment {power}",
            ),
        ]
    return tuple(steps)


def _enclosure(
    name: str, title: str, in_words: str, kind: Kind, polynomial: sp.Poly, form: sp.Expr
) -> Theorem:
    upper = kind is Kind.UPPER_BOUND
    bound = le if upper else ge
    of_y = sp.Add(*(weight * _y ** (2 * power) for (power,), weight in polynomial.terms()))
    traces = sp.Add(*(
        weight * (s.wishart_trace[power] / freedom**power if power else _d)
        for (power,), weight in polynomial.terms()
    ))  # fmt: skip
    share = _mean_share(polynomial)
    powers = [f"power {k}" for k in range(1, polynomial.degree() + 1)]
    moments = [f"moment {k}" for k in range(1, polynomial.degree() + 1)]
    front = _root_scale / _d
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=bound(_rho, _root_scale * share),
        kind=kind,
        source=Source.OURS,
        reference="Theorem 5.1 (I3)",
        assumptions=ISOTROPIC,
        conditions=ENOUGH_IMAGES,
        derivation=(
            *_moments(polynomial),
            Step(rule="combination", claim=bound(_y, of_y), label="axis", given={"form": form}),
            Step(
                rule="monotone",
                claim=bound(_sum, sp.Sum(of_y, axes)),
                label="axes",
                uses=("axis",),
                given={"apply": sp.Sum, "over": (axes,)},
            ),
            Step(
                rule="substitution",
                claim=eq(sp.Sum(of_y, axes), traces),
                label="traces",
                uses=tuple(powers),
            ),
            Step(
                rule="combination",
                claim=bound(_sum, traces),
                label="by traces",
                uses=("axes", "traces"),
                given={"weights": (1, -1 if upper else 1)},
            ),
            Step(
                rule="monotone",
                claim=bound(Mean(_sum), Mean(traces)),
                label="mean",
                uses=("by traces",),
                given={"apply": Mean},
            ),
            Step(
                rule="substitution",
                claim=eq(Mean(traces), _d * share),
                label="moments",
                uses=tuple(moments),
            ),
            Step(
                rule="monotone",
                claim=eq(Mean(_next), Mean(_D0 * front * _sum)),
                label="diversity",
                uses=("model:isotropic_next_diversity",),
                given={"apply": Mean},
            ),
            Step(
                rule="combination",
                claim=bound(_rho, _root_scale * share),
                uses=(
                    "diversity", "mean", "moments", "model:contraction_factor",
                    "model:image_diversity",
                ),
                given={
                    "weights": tuple(
                        (1 if upper else -1) * sign * weight
                        for sign, weight in (
                            (-1 / _D0, 1), (front, 1 if upper else -1), (-front, 1),
                            (1 / _D0, 1), (-_rho / _D0, 1),
                        )
                    )
                },
            ),
        ),
    )  # fmt: skip


def _pair(order: int, suffix: str, words: str) -> tuple[Theorem, Theorem]:
    upper, above, lower, below = _polynomials(order)
    return (
        _enclosure(
            f"image_contraction_isotropic_upper{suffix}",
            f"One update from an isotropic covariance, from above{words}",
            f"An isotropic covariance keeps at most this share of diversity{words}.",
            Kind.UPPER_BOUND,
            upper,
            above,
        ),
        _enclosure(
            f"image_contraction_isotropic_lower{suffix}",
            f"One update from an isotropic covariance, from below{words}",
            f"An isotropic covariance keeps at least this share of diversity{words}.",
            Kind.LOWER_BOUND,
            lower,
            below,
        ),
    )


_upper, _lower = _pair(3, "", "")
_closer_upper, _closer_lower = _pair(5, "_closer", ", one order closer")
_unbiased = {s.ddof: sp.S.One, s.shrinkage_factor: sp.S.One}
_up_to_squares = sp.Add(*(
    term for term in sp.Add.make_args(_mean_share(_polynomials(5)[0]))
    if sp.degree(sp.denom(sp.together(term)), _n) <= 2
))  # fmt: skip
_next_order = eq(_rho, _up_to_squares)
image_contraction_isotropic_next_order = Theorem(
    name="image_contraction_isotropic_next_order",
    title="One update from an isotropic covariance, to third order",
    in_words="The isotropic factor with its next term, proved by an enclosure.",
    statement=_next_order,
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="Theorem 5.1 (I3)",
    assumptions=(*ISOTROPIC, "ddof = 1, shrinkage_factor = 1", "error of order (n - 1)^-3"),
    conditions=TWO_IMAGES,
    derivation=(
        Step(
            rule="substitution bound",
            claim=le(_rho, _closer_upper.rhs.subs(_unbiased)),
            label="upper",
            uses=(f"theorem:{_closer_upper.name}", "model:unbiased", "model:no_shrinkage"),
        ),
        Step(
            rule="substitution bound",
            claim=ge(_rho, _closer_lower.rhs.subs(_unbiased)),
            label="lower",
            uses=(f"theorem:{_closer_lower.name}", "model:unbiased", "model:no_shrinkage"),
        ),
        Step(
            rule="leading orders at infinity",
            claim=_next_order,
            uses=("upper", "lower"),
            given={"large": _n, "order": 2},
        ),
    ),
)

THEOREMS = (
    _upper,
    _lower,
    _closer_upper,
    _closer_lower,
    image_contraction_isotropic_next_order,
)
