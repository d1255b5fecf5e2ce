"""The retraining map at the parameters that fit the real data best: R2, R3 and R3'.

A model is refitted to real data and ``lambda`` times as many samples of itself.  ``A`` is the mean
negative Hessian of its log-likelihood on real data, ``B`` its Fisher information, ``J`` the
retraining map's Jacobian.  ``J`` is similar to ``lambda M / (1 + lambda M)`` with
``M = A^(-1/2) B A^(-1/2)``, so its eigenvalues lie below 1 whatever ``lambda``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Source, Step, Theorem

_lam, _kappa, _j = s.synthetic_ratio, s.misfit_eigenvalue, s.retraining_eigenvalue
_a, _b, _v = s.parameter, s.other_parameter, s.parameter_direction
_row, _rows = (_b, 0, s.num_parameters - 1), (_a, 0, s.num_parameters - 1)
curved_row = sp.Sum(s.real_curvature[_a, _b] * _v[_b], _row)
informed_row = sp.Sum(s.fisher_information[_a, _b] * _v[_b], _row)

eigenvalue = _lam * _kappa / (1 + _lam * _kappa)

OPTIMUM = "the best parameters are an interior optimum on real data with positive definite A"
MAP = (
    "infinite real data and lambda times as many samples, refitted by maximum likelihood",
    OPTIMUM,
)

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


def summed(claim: sp.Rel, label: str, uses: str) -> tuple[Step, Step]:
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
_rows_claim = eq(_lam * _kappa * (1 - _j) * curved_row, _j * curved_row)
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
            claim=eq(_lam * (1 - _j) * informed_row, _j * curved_row),
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
        *summed(_rows_claim, "rows", "row along v"),
        Step(
            rule="combination",
            claim=_eigenvalue,
            uses=("rows, summed", "model:curvature_form"),
            given={"weights": (-1 / _below, _off / _below)},
        ),
    ),
)  # fmt: skip
_one = eq(_kappa, 1)
#: Steps to a misfit eigenvalue of one.
information_equality = (
    Step(
        rule="substitution",
        claim=eq(curved_row, informed_row),
        label="same rows",
        uses=("model:information_equality",),
    ),
    Step(
        rule="combination",
        claim=eq(_kappa * curved_row, curved_row),
        label="row of one",
        uses=("same rows", "model:misfit_direction"),
        given={"weights": (-1, -1)},
    ),
    *summed(eq(_kappa * curved_row, curved_row), "rows of one", "row of one"),
    Step(
        rule="combination",
        claim=_one,
        label="no misfit",
        uses=("rows of one, summed", "model:curvature_form"),
        given={"weights": (1 / s.curvature, (1 - _kappa) / s.curvature)},
    ),
)
WELL_SPECIFIED = "well specified: the best model is the real law"
share = _lam / (1 + _lam)
_plain = eq(_j, share)
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

THEOREMS = (
    retraining_fixed_point,
    retraining_jacobian_eigenvalue,
    retraining_jacobian_well_specified,
)
