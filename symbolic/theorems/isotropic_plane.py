"""One image update of an isotropic covariance in the plane, exactly: I4.

With Bartlett's factors ``x ~ chi_nu``, ``y ~ chi_{nu-1}``, ``z ~ N(0, 1)`` the diversity is
``root((x + y)^2 + z^2)``.  In the variables ``g = x y`` and ``v = x - y`` the law becomes that of
an independent Gamma variable ``g`` and a standard normal pair ``(v, z)``; the total
``r = g + (v^2 + z^2)/2`` and the normal pair's share ``b`` of it are independent again.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import image_scale
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem

_n, _q, _D0, _next = s.image_count, s.power, s.image_diversity, s.next_image_diversity
_first, _second, _normal = ChiSquare(_n - 1), ChiSquare(_n - 2), s.normal_draw[0]
PLANE = (
    "one image update with n images, n >= 3, n > ddof; no user content",
    "two features (d = 2), isotropic covariance before the update",
)
PLANE_IMAGES = (_n >= 3, _n > s.ddof)

THREE_IMAGES = {_n: 3 + sp.Symbol("over_three", nonnegative=True)}

_w1, _w2, _g, _e, _e2, _r, _b = sp.symbols("w_1 w_2 g h h_2 r b", positive=True)
_v, _z, _m = sp.symbols("v z m", real=True)
_half_line, _line = (0, sp.oo), (-sp.oo, sp.oo)


def _over(function: sp.Expr, *limits: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Integral:
    return sp.Integral(function, *limits)


_in_factors = (sp.sqrt(_first) + sp.sqrt(_second)) ** 2 + _normal**2
_half, _one_half = _q / 2, sp.Rational(1, 2)
# The law of (x^2, y^2, z); all that follows is over these constants.
_constant = 1 / (
    2 ** ((_n - 1) / 2) * sp.gamma((_n - 1) / 2) * 2 ** ((_n - 2) / 2) * sp.gamma((_n - 2) / 2)
    * sp.sqrt(2 * sp.pi)
)  # fmt: skip
_start = _over(
    ((sp.sqrt(_w1) + sp.sqrt(_w2)) ** 2 + _z**2) ** _half
    * _w1 ** ((_n - 3) / 2) * _w2 ** ((_n - 4) / 2) * sp.exp(-(_w1 + _w2 + _z**2) / 2),
    (_w1, *_half_line), (_w2, *_half_line), (_z, *_line),
)  # fmt: skip


def _ratio_form(weight: sp.Expr, e: sp.Symbol = _e) -> sp.Integral:
    """Integral in ``g = x y`` and ``e = root(x/y)``, with the part that is not symmetric in e."""
    square = _g * (e + 1 / e) ** 2 + _z**2
    return _over(
        square**_half * _g ** (_n - sp.Rational(5, 2)) * weight
        * sp.exp(-_g * (e**2 + 1 / e**2) / 2) * sp.exp(-(_z**2) / 2),
        (_g, *_half_line), (e, *_half_line), (_z, *_line),
    )  # fmt: skip


_normal_pair = _over(
    (4 * _g + _v**2 + _z**2) ** _half * _g ** (_n - 3)
    * sp.exp(-_g) * sp.exp(-(_v**2 + _z**2) / 2),
    (_g, *_half_line), (_v, *_line), (_z, *_line),
)  # fmt: skip
_total = _r ** (_n - 2 + _half) * sp.exp(-_r)
_share = (1 - _b) ** (_n - 3) * (1 - _b / 2) ** _half
_angle = 2 / (1 + _m**2)
_separate = _over(
    _total * _share * _angle, (_r, *_half_line), (_b, 0, 1), (_m, *_line)
)  # fmt: skip
_parts = (
    _over(_total, (_r, *_half_line)),
    _over(_share, (_b, 0, 1)),
    _over(_angle, (_m, *_line)),
)
_length = sp.sqrt(2 * _r * _b)
_gamma_ratio = sp.gamma(_n - 1 + _half) / sp.gamma(_n - 1)
_hyper = sp.hyper((-_half, 1), (_n - 1,), sp.Rational(1, 2))
_moment = Mean(_in_factors**_half)
_value_of_integral = _gamma_ratio * sp.gamma(_n - 2) * _hyper * 2 * sp.pi

_moment_steps = (
    Step(
        rule="density",
        claim=eq(_moment, _constant * _start),
        note="Bartlett's factors are independent",
        label="law",
        given={"variables": {_first: _w1, _second: _w2, _normal: _z}},
    ),
    Step(
        rule="change of variables",
        claim=eq(4 * _ratio_form(sp.S.One), _start),
        note="g = x y, h = root(x/y)",
        label="ratio",
        given={
            "map": {_w1: _g * _e**2, _w2: _g / _e**2},
            "inverse": {_g: sp.sqrt(_w1) * sp.sqrt(_w2), _e: (_w1 / _w2) ** sp.Rational(1, 4)},
        },
    ),
    Step(
        rule="change of variables",
        claim=eq(_ratio_form(1 / _e**2), _ratio_form(sp.S.One, _e2)),
        note="x and y change places: h becomes 1/h",
        label="mirrored",
        given={"map": {_e2: 1 / _e}, "inverse": {_e: 1 / _e2}},
    ),
    Step(
        rule="renamed variable",
        claim=eq(_ratio_form(sp.S.One), _ratio_form(sp.S.One, _e2)),
        label="renamed",
    ),
    Step(
        rule="combination",
        claim=eq(_ratio_form(sp.S.One), _ratio_form(1 / _e**2)),
        label="both",
        uses=("mirrored", "renamed"),
        given={"weights": (-1, 1)},
    ),
    Step(
        rule="algebra",
        claim=eq(_ratio_form(sp.S.One), _ratio_form(sp.S.One)),
        label="itself",
    ),
    Step(
        rule="sum of integrals",
        claim=eq(_ratio_form(sp.S.One), _ratio_form((1 + 1 / _e**2) / 2)),
        label="symmetric",
        uses=("itself", "both"),
        given={"weights": (_one_half, _one_half)},
    ),
    Step(
        rule="change of variables",
        claim=eq(2 * _ratio_form((1 + 1 / _e**2) / 2), _normal_pair),
        note="v = x - y = root(g) (h - 1/h)",
        label="normal pair",
        given={"map": {_v: sp.sqrt(_g) * (_e - 1 / _e)}},
    ),
    Step(
        rule="change of variables",
        claim=eq(4**_half * _separate, _normal_pair),
        note="r = g + (v^2 + z^2)/2, its share b, and the tangent m of half the angle",
        label="total and share",
        given={
            "map": {
                _g: _r * (1 - _b),
                _v: _length * (1 - _m**2) / (1 + _m**2),
                _z: _length * 2 * _m / (1 + _m**2),
            },
            "inverse": {
                _r: _g + (_v**2 + _z**2) / 2,
                _b: (_v**2 + _z**2) / (2 * _g + _v**2 + _z**2),
                _m: _z / (sp.sqrt(_v**2 + _z**2) + _v),
            },
        },
    ),
    Step(rule="Fubini", claim=eq(_separate, sp.Mul(*_parts)), label="parts"),
    Step(
        rule="Euler integral",
        claim=eq(_parts[0], sp.gamma(_n - 1 + _half)),
        label="total",
        given={"shape": _n - 1 + _half},
    ),
    Step(
        rule="Euler integral",
        claim=eq(_parts[1], sp.gamma(_n - 2) / sp.gamma(_n - 1) * _hyper),
        label="share",
        given={"a": -_half, "b": sp.S.One, "c": _n - 1, "z": _one_half},
    ),
    Step(rule="integral", claim=eq(_parts[2], 2 * sp.pi), label="angle"),
    Step(
        rule="combination",
        claim=eq(_separate, _value_of_integral),
        label="value",
        uses=("parts", "total", "share", "angle"),
        given={
            "weights": (
                1,
                _parts[1] * _parts[2],
                sp.gamma(_n - 1 + _half) * _parts[2],
                _gamma_ratio * sp.gamma(_n - 2) * _hyper,
            ),
            "domain": THREE_IMAGES,
        },
    ),
    Step(
        rule="Gamma duplication",
        claim=eq(4 * sp.pi * _constant * sp.gamma(_n - 2), 1),
        label="constants",
    ),
    Step(
        rule="combination",
        claim=eq(_moment, 2 * _constant * _normal_pair),
        label="moment",
        uses=("law", "ratio", "symmetric", "normal pair"),
        given={"weights": (1, -_constant, 4 * _constant, 2 * _constant), "domain": THREE_IMAGES},
    ),
    Step(
        rule="combination",
        claim=eq(_moment, 2 * _constant * 4**_half * _value_of_integral),
        label="moment in numbers",
        uses=("moment", "total and share", "value"),
        given={"weights": (1, -2 * _constant, 2 * _constant * 4**_half), "domain": THREE_IMAGES},
    ),
    Step(
        rule="combination",
        claim=eq(_moment, 2**_q * _gamma_ratio * _hyper),
        label="moment of the root's trace",
        uses=("moment in numbers", "constants"),
        given={"weights": (1, 2**_q * _gamma_ratio * _hyper), "domain": THREE_IMAGES},
    ),
)

_power = eq(Mean(_next**_q), _D0**_q * image_scale**_half * _gamma_ratio * _hyper)
image_plane_power_mean = Theorem(
    name="image_plane_power_mean",
    title="Powers of image diversity after one update in the isotropic plane",
    in_words="In the plane, from an isotropic covariance, every power of diversity has this mean.",
    statement=_power,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I4",
    assumptions=(*PLANE, "q > -2 (n - 1)"),
    conditions=(*PLANE_IMAGES, _q > -2 * (_n - 1)),
    lemmas=("bartlett_plane",),
    derivation=(
        *_moment_steps,
        Step(
            rule="substitution",
            claim=_power,
            uses=("lemma:bartlett_plane", "moment of the root's trace"),
        ),
    ),
)

THEOREMS = (image_plane_power_mean,)
