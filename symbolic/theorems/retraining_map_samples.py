"""Retraining a Gaussian on real data and on samples that are wider or narrower than itself.

Samples at a temperature ``T`` have ``T`` times the fitted variance, those of kernels as wide as
``h`` standard deviations ``1 + h**2`` times.  With a share ``beta = lambda / (1 + lambda)`` of such
samples each retraining multiplies a distance of the variance by ``beta`` times that.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq
from symbolic.theorem import Kind, Source, Step, Theorem

_lam, _V, _v, _t = s.synthetic_ratio, s.real_variance, s.fitted_variance, s.generations
_T, _h, _h0 = s.temperature, s.bandwidth, s.fixed_bandwidth
_map, _spread, _at = s.variance_map(_v), s.sample_spread(_v), s.fitted_variance_at

MIXED = "infinite real data and lambda times as many samples, fitted by moments"
CENTRED = "the model has the mean of the real data, which its samples keep"
TEMPERED = "a Gaussian whose samples are drawn at temperature T"
KERNELS = (
    "a kernel density whose kernels are h standard deviations of their data wide",
    "v is the variance of the data that the kernels are put on",
)


def _theorem(
    name: str, title: str, in_words: str, statement: sp.Rel, steps: tuple[Step, ...], *extra: str,
    conditions: tuple[sp.Rel, ...] = (), kind: Kind = Kind.EXACT,
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=kind,
        source=Source.OURS,
        reference="iterative retraining: biased samples",
        assumptions=(MIXED, CENTRED, *extra),
        conditions=conditions,
        derivation=steps,
    )


def _mapped(samples: str, spread: sp.Expr) -> Step:
    """The variance after retraining, as a function of that before."""
    return Step(
        rule="combination",
        claim=eq(_map, (_V + _lam * spread) / (1 + _lam)),
        label="map",
        uses=("model:centred_variance", f"model:{samples}"),
        given={"weights": (1 / (1 + _lam), _lam / (1 + _lam))},
    )


def _eigenvalue(samples: str, spread: sp.Expr, factor: sp.Expr) -> tuple[Step, ...]:
    """Steps to the derivative of the map."""
    slope = sp.Derivative((_V + _lam * spread) / (1 + _lam), _v)
    return (
        _mapped(samples, spread),
        Step(rule="derivative", claim=eq(slope, factor), label="slope"),
        Step(
            rule="substitution",
            claim=eq(s.retraining_eigenvalue, factor),
            uses=("model:variance_eigenvalue", "map", "slope"),
        ),
    )


def _settled(
    samples: str, spread: sp.Expr, value: sp.Expr, domain: dict[sp.Symbol, sp.Expr]
) -> tuple[Step, ...]:
    """Steps to the variance that the map leaves where it is."""
    later = ((_V + _lam * spread) / (1 + _lam)).xreplace({_v: _at[_t]})
    return (
        _mapped(samples, spread),
        Step(
            rule="instance",
            claim=eq(s.variance_map(_at[_t]), later),
            label="at a generation",
            uses=("map",),
            given={_v: _at[_t]},
        ),
        Step(
            rule="combination",
            claim=eq(_at[_t + 1], later),
            label="each retraining",
            uses=("model:variance_path", "at a generation"),
            given={"weights": (1, 1)},
        ),
        Step(
            rule="fixed point of a linear recursion",
            claim=eq(s.stationary_variance, value),
            uses=("each retraining",),
            given={"domain": domain},
        ),
    )


def _reached(claim: sp.Eq, name: str, variable: sp.Symbol) -> tuple[Step, ...]:
    """The step at which an eigenvalue reaches one."""
    return (
        Step(
            rule="level reached",
            claim=claim,
            uses=(f"theorem:{name}",),
            given={"level": sp.S.One, "variable": variable},
        ),
    )


# --------------------------------------------------------------------------------- temperature

_over = sp.Symbol("over_samples", positive=True)
_hot = _lam * _T / (1 + _lam)
tempered_retraining_eigenvalue = _theorem(
    "tempered_retraining_eigenvalue",
    "Eigenvalue of the variance, sampled at a temperature",
    "A distance of the variance is multiplied by the share of samples times their temperature.",
    eq(s.retraining_eigenvalue, _hot),
    _eigenvalue("tempered_samples", _T * _v, _hot),
    TEMPERED,
)
_hottest = eq(s.critical_temperature, (1 + _lam) / _lam)
tempered_threshold = _theorem(
    "tempered_threshold",
    "Temperature from which the variance grows without bound",
    "It is one over the share of samples in the training set.",
    _hottest,
    _reached(_hottest, "tempered_retraining_eigenvalue", _T),
    TEMPERED,
)
_warm = _V / (1 + _lam - _lam * _T)
tempered_stationary_variance = _theorem(
    "tempered_stationary_variance",
    "Stationary variance, sampled at a temperature",
    "Cold samples shrink the fitted variance to a share of the real one, hot ones widen it.",
    eq(s.stationary_variance, _warm),
    _settled("tempered_samples", _T * _v, _warm, {_T: (1 + _lam) / (_lam * (1 + _over))}),
    TEMPERED,
    conditions=(_lam * _T < 1 + _lam,),
    kind=Kind.FIXED_POINT,
)

# -------------------------------------------------------------------------------------- kernels

_wide = _lam * (1 + _h**2) / (1 + _lam)
bandwidth_retraining_eigenvalue = _theorem(
    "bandwidth_retraining_eigenvalue",
    "Eigenvalue of the variance of a kernel density",
    "Each retraining adds the kernels' variance to the share that it keeps.",
    eq(s.retraining_eigenvalue, _wide),
    _eigenvalue("kernel_samples", _v + _h**2 * _v, _wide),
    *KERNELS,
)
_most = eq(s.critical_ratio, 1 / _h**2)
bandwidth_threshold = _theorem(
    "bandwidth_threshold",
    "Ratio of samples from which a kernel density widens without bound",
    "Narrow kernels allow for many samples, wide ones for few.",
    _most,
    _reached(_most, "bandwidth_retraining_eigenvalue", _lam),
    *KERNELS,
)
_held = _V / (1 - _lam * _h**2)
bandwidth_stationary_variance = _theorem(
    "bandwidth_stationary_variance",
    "Stationary variance of the data of a kernel density",
    "Kernels in proportion to the spread of their data multiply it in the long run.",
    eq(s.stationary_variance, _held),
    _settled("kernel_samples", _v + _h**2 * _v, _held, {_h: 1 / sp.sqrt(_lam * (1 + _over))}),
    *KERNELS,
    conditions=(_lam * _h**2 < 1,),
    kind=Kind.FIXED_POINT,
)
_added = _V + _lam * _h0**2
fixed_bandwidth_stationary_variance = _theorem(
    "fixed_bandwidth_stationary_variance",
    "Stationary variance of the data of a kernel density of fixed width",
    "Kernels of one width are stable with any number of samples, and add in proportion to it.",
    eq(s.stationary_variance, _added),
    _settled("fixed_kernel_samples", _v + _h0**2, _added, {}),
    "a kernel density whose kernels have one width h_0",
    KERNELS[1],
    kind=Kind.FIXED_POINT,
)

THEOREMS = (
    tempered_retraining_eigenvalue,
    tempered_threshold,
    tempered_stationary_variance,
    bandwidth_retraining_eigenvalue,
    bandwidth_threshold,
    bandwidth_stationary_variance,
    fixed_bandwidth_stationary_variance,
)
