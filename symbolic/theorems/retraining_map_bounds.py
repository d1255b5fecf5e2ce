"""Bounds on the retraining map's Jacobian by how far the best model is from the real data: R3, R3'.

The spectral radius stays below 1 for every ``lambda``; the norm is known to only for few samples.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.retraining_map import perturbation_norm, resolvent_norm
from symbolic.model.retraining_map import information_form
from symbolic.relations import eq, ge, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.retraining_map import MAP, curved_row, informed_row, summed

_lam, _kappa, _j = s.synthetic_ratio, s.misfit_eigenvalue, s.retraining_eigenvalue
_norm, _over = s.jacobian_norm, sp.Symbol("over_ratio", positive=True)

#: No misfit eigenvalue is larger.
largest_misfit = 1 + s.wasserstein_misfit * s.hessian_lipschitz / s.smallest_curvature

LIPSCHITZ = "the log-likelihood's Hessian is L-Lipschitz in x at the best parameters"

_k, _product = largest_misfit, s.wasserstein_misfit * s.hessian_lipschitz
_misfit_claim = eq(informed_row, _kappa * curved_row)
_capped = le(_j, _lam * _k / (1 + _lam * _k))
retraining_radius_bound = Theorem(
    name="retraining_radius_bound",
    title="Spectral radius of the retraining map's Jacobian, from above",
    in_words="The spectral radius is below 1 for every lambda, by how far the best model is off.",
    statement=_capped,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="iterative retraining (R3')",
    assumptions=(*MAP, LIPSCHITZ, "j is any eigenvalue"),
    lemmas=("least_eigenvalue", "transported_hessian"),
    derivation=(
        *summed(_misfit_claim, "forms", "model:misfit_direction"),
        Step(
            rule="combination",
            claim=eq(information_form, _kappa * s.curvature),
            label="information along v",
            uses=("forms, summed", "model:curvature_form"),
            given={"weights": (1, _kappa)},
        ),
        Step(
            rule="combination",
            claim=le((_kappa - 1) * s.curvature, _product),
            label="excess",
            uses=("lemma:transported_hessian", "information along v", "model:curvature_form",
                  "model:unit_direction"),
            given={"weights": (1, 1, -1, -_product)},
        ),
        Step(
            rule="combination",
            claim=ge(s.curvature, s.smallest_curvature),
            label="least curvature",
            uses=("lemma:least_eigenvalue", "model:unit_direction"),
            given={"weights": (1, s.smallest_curvature)},
        ),
        Step(
            rule="combination",
            claim=le(_kappa, _k),
            label="largest misfit",
            uses=("excess", "least curvature"),
            given={"weights": (1 / s.curvature, _product / (s.smallest_curvature * s.curvature))},
        ),
        Step(
            rule="combination",
            claim=_capped,
            uses=("largest misfit", "theorem:retraining_jacobian_eigenvalue"),
            given={"weights": (_lam / ((1 + _lam * _k) * (1 + _lam * _kappa)), -1)},
        ),
    ),
)  # fmt: skip
_inside = {_lam: 1 / (_k + _over)}
_norm_claim = le(_norm, _lam * _k / (1 - _lam * _k))
_self_bound = le(_norm, _lam * s.misfit_norm * (1 + _norm))
retraining_norm_bound = Theorem(
    name="retraining_norm_bound",
    title="Norm of the retraining map's Jacobian, from above",
    in_words="With few synthetic data the Jacobian's norm, not only its eigenvalues, is below 1.",
    statement=_norm_claim,
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="iterative retraining, Theorem 1 (R3)",
    assumptions=(*MAP, LIPSCHITZ, "lambda k < 1; below 1 for lambda k < 1/2"),
    conditions=(_lam * _k < 1,),
    lemmas=("transported_hessian_norm", "misfit_norm", "neumann_series"),
    derivation=(
        Step(
            rule="lemma",
            claim=_self_bound,
            note="J = (I + lambda A^-1 B)^-1 lambda A^-1 B",
            label="Neumann",
            uses=("lemma:neumann_series",),
            given={resolvent_norm: _norm, perturbation_norm: _lam * s.misfit_norm},
        ),
        Step(
            rule="combination",
            claim=le(s.misfit_norm, _k),
            label="misfit",
            uses=("lemma:misfit_norm", "lemma:transported_hessian_norm"),
            given={"weights": (1 / s.smallest_curvature, 1 / s.smallest_curvature)},
        ),
        Step(
            rule="combination",
            claim=le(_norm, _lam * _k * (1 + _norm)),
            label="together",
            uses=("Neumann", "misfit"),
            given={"weights": (1, _lam * (1 + _norm))},
        ),
        Step(
            rule="combination",
            claim=_norm_claim,
            uses=("together",),
            given={"weights": (1 / (1 - _lam * _k),), "domain": _inside},
        ),
    ),
)
_threshold = ge(s.critical_ratio, 1 / (2 * _k))
retraining_threshold = Theorem(
    name="retraining_threshold",
    title="Synthetic data with which the Jacobian's norm may reach 1",
    in_words="Up to this ratio the norm stays below 1; eigenvalues do so whatever the ratio.",
    statement=_threshold,
    kind=Kind.LOWER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="iterative retraining, Theorem 1 (R3)",
    assumptions=(*MAP, LIPSCHITZ, "lambda_c is where the norm reaches 1, if it does"),
    derivation=(
        Step(
            rule="level reached",
            claim=_threshold,
            uses=("theorem:retraining_norm_bound",),
            given={"level": sp.S.One, "variable": _lam, "domain": _inside},
        ),
    ),
)

THEOREMS = (retraining_radius_bound, retraining_norm_bound, retraining_threshold)
