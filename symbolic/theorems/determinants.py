"""Determinants and directional powers through image updates: I7.

An update multiplies the determinant by that of a Wishart matrix, a product of independent
chi-squares, so that every power has an exact mean, in every dimension.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.spectra import wishart_determinant
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import ENOUGH_IMAGES, UPDATES, freedom

_n, _d, _t, _q, _j = s.image_count, s.num_features, s.generations, s.power, s.exponent_index
_det, _det0, _v, _nu = (
    s.determinant_at,
    s.determinant,
    s.directional_variance_at,
    s.degrees_of_freedom,
)
_rows = (_j, 1, _d)
FULL_RANK = ("n > d", *UPDATES)
MORE_THAN_FEATURES = (_n > _d, _n > s.ddof)


def _moment(dof: sp.Expr) -> sp.Expr:
    """Mean of a power of a chi-square, over ``2**q``."""
    return sp.gamma(dof / 2 + _q) / sp.gamma(dof / 2)


def _scale_to(power: sp.Expr) -> sp.Expr:
    """Give a power of kappa/(n - ddof), its two parts apart."""
    return s.shrinkage_factor**power * (1 / (_n - s.ddof)) ** power


#: The denominator is positive: powers of it may be taken apart.
ABOVE_DDOF = {s.ddof: _n - sp.Symbol("over_ddof", positive=True)}

_any = Step(
    rule="Gamma integral",
    claim=eq(Mean(ChiSquare(_nu) ** _q), 2**_q * _moment(_nu)),
    label="any chi-square",
)


def _chi_square(dof: sp.Expr) -> tuple[Step, ...]:
    return (
        _any,
        Step(
            rule="instance",
            claim=eq(Mean(ChiSquare(dof) ** _q), 2**_q * _moment(dof)),
            label="chi-square",
            uses=("any chi-square",),
            given={_nu: dof},
        ),
    )


def exact(
    name: str,
    title: str,
    in_words: str,
    statement: sp.Eq,
    assumptions: tuple[str, ...],
    conditions: tuple[sp.Rel, ...],
    lemmas: tuple[str, ...],
    steps: tuple[Step, ...],
) -> Theorem:
    """Make an exact result on powers or logarithms of the determinant."""
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="I7",
        assumptions=assumptions,
        conditions=conditions,
        lemmas=lemmas,
        derivation=steps,
    )


_direction_factor = 2**_q * _scale_to(_q) * _moment(freedom)
_direction = eq(
    Mean(_v[_t] ** _q),
    s.directional_variance**_q * 2 ** (_q * _t) * _scale_to(_q * _t) * _moment(freedom) ** _t,
)
directional_power_mean = exact(
    "directional_power_mean",
    "Powers of the variance in a direction",
    "Every power of the variance in a fixed direction has this exact mean.",
    _direction,
    (*UPDATES, "q > -(n - 1)/2"),
    (*ENOUGH_IMAGES, _q > -freedom / 2),
    ("sample_variance",),
    (
        *_chi_square(freedom),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_v[_t + 1] ** _q),
                _scale_to(_q) * Mean(ChiSquare(freedom) ** _q * _v[_t] ** _q),
            ),
            label="one update",
            uses=("lemma:sample_variance",),
        ),
        Step(
            rule="independence",
            claim=eq(
                Mean(ChiSquare(freedom) ** _q * _v[_t] ** _q),
                Mean(ChiSquare(freedom) ** _q) * Mean(_v[_t] ** _q),
            ),
            label="split",
            given={"fresh": ChiSquare(freedom)},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_v[_t + 1] ** _q), _direction_factor * Mean(_v[_t] ** _q)),
            label="each update",
            uses=("one update", "split", "chi-square"),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_v[0] ** _q), s.directional_variance**_q),
            label="start",
            uses=("model:direction_start",),
        ),
        Step(rule="linear recursion", claim=_direction, uses=("each update", "start")),
    ),
)

# ---------------------------------------------------------------------------- the determinant

_product = sp.Product(ChiSquare(_n - _j), _rows)
_gammas = sp.Product(2**_q * _moment(_n - _j), _rows)
_factor = _scale_to(_d * _q) * _gammas
_powers = eq(Mean(_det[_t] ** _q), _det0**_q * _scale_to(_d * _q * _t) * _gammas**_t)
_fresh_mean = Mean(wishart_determinant**_q * _det[_t] ** _q)
_nested = ((_n - s.ddof) ** (-_d)) ** _q
_split = Step(
    rule="independent factor",
    claim=eq(
        Mean(wishart_determinant**_q * _det[_t] ** _q),
        Mean(wishart_determinant**_q) * Mean(_det[_t] ** _q),
    ),
    label="split",
    uses=("lemma:bartlett_determinant",),
)
image_determinant_power = exact(
    "image_determinant_power",
    "Powers of the determinant",
    "Every power of the covariance's determinant has this exact mean, in any dimension.",
    _powers,
    (*FULL_RANK, "q > -(n - d)/2"),
    (*MORE_THAN_FEATURES, _q > -(_n - _d) / 2),
    ("bartlett_determinant",),
    (
        *_chi_square(_n - _j),
        Step(
            rule="substitution",
            claim=eq(Mean(wishart_determinant**_q), Mean(_product**_q)),
            label="Bartlett",
            uses=("lemma:bartlett_determinant",),
        ),
        Step(
            rule="independent product",
            claim=eq(Mean(_product**_q), sp.Product(Mean(ChiSquare(_n - _j) ** _q), _rows)),
            label="row by row",
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(wishart_determinant**_q), _gammas),
            label="Wishart determinant",
            uses=("Bartlett", "row by row", "chi-square"),
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_det[_t + 1] ** _q),
                s.shrinkage_factor ** (_d * _q) * _nested * _fresh_mean,
            ),
            label="scaled",
            uses=("model:determinant_step",),
        ),
        Step(
            rule="power laws",
            claim=eq(_nested, (1 / (_n - s.ddof)) ** (_d * _q)),
            label="scale",
            given={"domain": ABOVE_DDOF},
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_det[_t + 1] ** _q), _scale_to(_d * _q) * _fresh_mean),
            label="one update",
            uses=("scaled", "scale"),
            given={"weights": (1, s.shrinkage_factor ** (_d * _q) * _fresh_mean)},
        ),
        _split,
        Step(
            rule="substitution",
            claim=eq(Mean(_det[_t + 1] ** _q), _factor * Mean(_det[_t] ** _q)),
            label="each update",
            uses=("one update", "split", "Wishart determinant"),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_det[0] ** _q), _det0**_q),
            label="start",
            uses=("model:determinant_start",),
        ),
        Step(rule="linear recursion", claim=_powers, uses=("each update", "start")),
    ),
)
_root = {_q: 1 / (2 * _d)}
image_determinant_diversity_mean = exact(
    "image_determinant_diversity_mean",
    "Mean generalised standard deviation",
    "The determinant's root, a diversity per feature, contracts by this exact factor.",
    eq(_powers.lhs.xreplace(_root), _powers.rhs.xreplace(_root)),
    FULL_RANK,
    MORE_THAN_FEATURES,
    (),
    (
        Step(
            rule="instance",
            claim=eq(_powers.lhs.xreplace(_root), _powers.rhs.xreplace(_root)),
            uses=("theorem:image_determinant_power",),
            given=_root,
        ),
    ),
)

THEOREMS = (directional_power_mean, image_determinant_power, image_determinant_diversity_mean)
