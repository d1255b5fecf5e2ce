"""The retraining map at the parameters that fit the real data best: R2, R3 and R3'.

A model is refitted to real data and ``lambda`` times as many samples of itself.  ``A`` is the mean
negative Hessian of its log-likelihood on real data, ``B`` its Fisher information, ``J`` the
retraining map's Jacobian.  ``J`` is similar to ``lambda M / (1 + lambda M)`` with
``M = A^(-1/2) B A^(-1/2)``, so its eigenvalues lie below 1 whatever ``lambda``; its norm may not.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.retraining_map import perturbation_norm, resolvent_norm
from symbolic.model.retraining_map import information_form
from symbolic.relations import eq, ge, le
from symbolic.theorem import Kind, Source, Step, Theorem

_lam, _kappa, _j, _norm = (
    s.synthetic_ratio,
    s.misfit_eigenvalue,
    s.retraining_eigenvalue,
    s.jacobian_norm,
)
_a, _b, _v = s.parameter, s.other_parameter, s.parameter_direction
_row, _rows = (_b, 0, s.num_parameters - 1), (_a, 0, s.num_parameters - 1)
_curved = sp.Sum(s.real_curvature[_a, _b] * _v[_b], _row)
_informed = sp.Sum(s.fisher_information[_a, _b] * _v[_b], _row)
_over = sp.Symbol("over_ratio", positive=True)

#: No misfit eigenvalue is larger.
largest_misfit = 1 + s.wasserstein_misfit * s.hessian_lipschitz / s.smallest_curvature
eigenvalue = _lam * _kappa / (1 + _lam * _kappa)

OPTIMUM = "the best parameters are an interior optimum on real data with positive definite A"
MAP = (
    "infinite real data and lambda times as many samples, refitted by maximum likelihood",
    OPTIMUM,
)
LIPSCHITZ = "the log-likelihood's Hessian is L-Lipschitz in x at the best parameters"

# ----------------------------------------------------------------------------- the fixed point

_best = le(s.mixed_likelihood, s.real_likelihood + _lam * s.own_likelihood)
retraining_fixed_point = Theorem(
    name="retraining_fixed_point",
    title="The best parameters are a fixed point of retraining",
    in_words="Retrained from the best parameters, no others have a larger mixed log-likelihood.",
    statement=_best,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="iterative retraining, fixed point (R2)",
    assumptions=(
        "the samples are of the best parameters; any lambda, misspecified or not",
        "attained at the best parameters themselves",
    ),
    derivation=(
        Step(
            rule="combination",
            claim=le(s.mixed_likelihood, s.real_likelihood + _lam * s.tried_own_likelihood),
            label="real part",
            uses=("model:mixed_likelihood", "model:parametric_optimum"),
            given={"weights": (-1, 1)},
        ),
        Step(
            rule="combination",
            claim=_best,
            uses=("real part", "model:gibbs"),
            given={"weights": (1, _lam)},
        ),
    ),
)

# ------------------------------------------------------------------------------- its eigenvalues


def _summed(claim: sp.Rel, label: str, uses: str) -> tuple[Step, Step]:
    """Multiply each row by its component of v, and add the rows up."""
    weighted = claim.func(_v[_a] * claim.lhs, _v[_a] * claim.rhs, evaluate=False)
    return (
        Step(
            rule="combination",
            claim=weighted,
            label=f"{label}, weighted",
            uses=(uses,),
            given={"weights": (_v[_a],)},
        ),
        Step(
            rule="monotone",
            claim=claim.func(
                sp.Sum(weighted.lhs, _rows), sp.Sum(weighted.rhs, _rows), evaluate=False
            ),
            label=f"{label}, summed",
            uses=(f"{label}, weighted",),
            given={"apply": sp.Sum, "over": (_rows,)},
        ),
    )


_off = _lam * _kappa - (1 + _lam * _kappa) * _j
_below = s.curvature * (1 + _lam * _kappa)
_rows_claim = eq(_lam * _kappa * (1 - _j) * _curved, _j * _curved)
_eigenvalue = eq(_j, eigenvalue)
retraining_jacobian_eigenvalue = Theorem(
    name="retraining_jacobian_eigenvalue",
    title="Eigenvalues of the retraining map's Jacobian",
    in_words="Each is below 1 for every share of synthetic data, misspecified or not.",
    statement=_eigenvalue,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="iterative retraining (R3')",
    assumptions=(*MAP, "kappa is an eigenvalue of A^(-1/2) B A^(-1/2), hence not negative"),
    derivation=(
        Step(
            rule="substitution bound",
            claim=eq(_lam * (1 - _j) * _informed, _j * _curved),
            note="implicit differentiation of the mixed score",
            label="row",
            uses=("model:retrained_score", "model:own_score", "model:fisher_information",
                  "model:map_eigenvector"),
        ),
        Step(
            rule="combination",
            claim=_rows_claim,
            label="row along v",
            uses=("row", "model:misfit_direction"),
            given={"weights": (1, -_lam * (1 - _j))},
        ),
        *_summed(_rows_claim, "rows", "row along v"),
        Step(
            rule="combination",
            claim=_eigenvalue,
            uses=("rows, summed", "model:curvature_form"),
            given={"weights": (-1 / _below, _off / _below)},
        ),
    ),
)  # fmt: skip
_same = eq(_informed, _curved)
_one = eq(_kappa, 1)
#: Steps to a misfit eigenvalue of one.
information_equality = (
    Step(
        rule="substitution",
        claim=eq(_curved, _informed),
        label="same rows",
        uses=("model:information_equality",),
    ),
    Step(
        rule="combination",
        claim=eq(_kappa * _curved, _curved),
        label="row of one",
        uses=("same rows", "model:misfit_direction"),
        given={"weights": (-1, -1)},
    ),
    *_summed(eq(_kappa * _curved, _curved), "rows of one", "row of one"),
    Step(
        rule="combination",
        claim=_one,
        label="no misfit",
        uses=("rows of one, summed", "model:curvature_form"),
        given={"weights": (1 / s.curvature, (1 - _kappa) / s.curvature)},
    ),
)
WELL_SPECIFIED = "well specified: the best model is the real law"
_beta = _lam / (1 + _lam)
_plain = eq(_j, _beta)
retraining_jacobian_well_specified = Theorem(
    name="retraining_jacobian_well_specified",
    title="The Jacobian of a well-specified model",
    in_words="All eigenvalues are the share of synthetic data in the training set.",
    statement=_plain,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="iterative retraining (R3')",
    assumptions=(*MAP, WELL_SPECIFIED),
    derivation=(
        *information_equality,
        Step(
            rule="substitution",
            claim=_plain,
            uses=("theorem:retraining_jacobian_eigenvalue", "no misfit"),
        ),
    ),
)

# ---------------------------------------------------------------------------------- from above

_k, _product = largest_misfit, s.wasserstein_misfit * s.hessian_lipschitz
_misfit_claim = eq(_informed, _kappa * _curved)
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
        *_summed(_misfit_claim, "forms", "model:misfit_direction"),
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

THEOREMS = (
    retraining_fixed_point,
    retraining_jacobian_eigenvalue,
    retraining_jacobian_well_specified,
    retraining_radius_bound,
    retraining_norm_bound,
    retraining_threshold,
)
