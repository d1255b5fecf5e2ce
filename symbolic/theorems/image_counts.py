"""Random image counts: inverse moments under a minimum count.

``g_1 = E[1{n >= n_min} / n]`` and ``g_half``, its root's counterpart, are finite sums; here are
closed bounds on them.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import binomial_weight, shift
from symbolic.model.image import count_weight, counts_below
from symbolic.relations import eq, ge, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.fidelity import COUNTS

_N, _p, _m, _least = s.batch_size, s.text_prob, s.count_index, s.min_images
_counts, _every = (_m, _least, _N), (_m, 0, _N)
_mean = _N * _p
_g1, _half = s.inverse_count, s.inverse_root_count
SOME_UPDATE = "N >= min_images, so that g_1 > 0"
_all = sp.Sum(count_weight, _counts)  # probability of an update
_at_least = {_m: _least + sp.Symbol("over_count", nonnegative=True)}


def over_counts(claim: sp.Rel, label: str, uses: str) -> Step:
    """Sum what holds of every count."""
    both = (sp.Sum(side, _counts) for side in claim.args)
    return Step(
        rule="monotone",
        claim=claim.func(*both, evaluate=False),
        label=label,
        uses=(uses,),
        given={"apply": sp.Sum, "over": (_counts,)},
    )


# ------------------------------------------------------------------------------- exact, shifted

_shifted = binomial_weight(_N + 1, _m + 1)
_next = eq(s.inverse_next_count, (1 - (1 - _p) ** (_N + 1)) / ((_N + 1) * _p))
inverse_next_count = Theorem(
    name="inverse_next_count",
    title="Mean of 1/(n + 1)",
    in_words="The mean inverse of one more than a binomial image count, in closed form.",
    statement=_next,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I3, I8",
    assumptions=("n ~ Binomial(N, p), p > 0",),
    lemmas=("binomial_shifted",),
    derivation=(
        Step(
            rule="algebra",
            claim=eq(count_weight / (_m + 1), _shifted / ((_N + 1) * _p)),
            label="one count",
        ),
        Step(
            rule="monotone",
            claim=eq(
                sp.Sum(count_weight / (_m + 1), _every), sp.Sum(_shifted / ((_N + 1) * _p), _every)
            ),
            label="all counts",
            uses=("one count",),
            given={"apply": sp.Sum, "over": (_every,)},
        ),
        Step(
            rule="combination",
            claim=_next,
            uses=("model:inverse_next_count", "all counts", "lemma:binomial_shifted"),
            given={"weights": (-1, 1, 1 / ((_N + 1) * _p))},
        ),
    ),
)

# ---------------------------------------------------------------------------------- lower bounds


_missed = sp.Sum(count_weight, (_m, 0, _least - 1))  # probability that the text is kept


def _tangent_bound(
    name: str, power: sp.Expr, symbol: sp.Symbol, model: str, form: sp.Expr
) -> Theorem:
    """Bound the mean of ``m**-power`` by its tangent at the mean count."""
    tangent = _mean**-power * (1 + power - power * _m / _mean)
    single = ge(_m**-power, tangent)
    weighted = ge(count_weight * single.lhs, count_weight * tangent)
    statement = ge(symbol, _mean**-power * (1 - (1 + power) * _missed))
    return Theorem(
        name=name,
        title=f"Mean of n^(-{power}) from below",
        in_words="At least the value at the mean count, but for the chance that a text is kept.",
        statement=statement,
        kind=Kind.LOWER_BOUND,
        source=Source.OURS,
        reference="I8",
        assumptions=COUNTS,
        lemmas=("binomial_mean_above", "binomial_split"),
        derivation=(
            Step(
                rule="AM-GM",
                claim=single,
                note="tangent at the mean count",
                label="tangent",
                given={"form": form},
            ),
            Step(
                rule="combination",
                claim=weighted,
                label="weighted",
                uses=("tangent",),
                given={"weights": (count_weight,)},
            ),
            over_counts(weighted, "all counts", "weighted"),
            Step(
                rule="combination",
                claim=statement,
                uses=("all counts", model, "lemma:binomial_mean_above", "lemma:binomial_split"),
                given={
                    "weights": (
                        1, -1, power * _mean ** (-power - 1), (1 + power) * _mean**-power,
                    )
                },
            ),
        ),
    )  # fmt: skip


_u, _v = sp.sqrt(_m), sp.sqrt(_mean)
inverse_count_lower_bound = _tangent_bound(
    "inverse_count_lower_bound",
    sp.S.One,
    _g1,
    "model:inverse_count",
    (_m - _mean) ** 2 / (_m * _mean**2),
)
inverse_root_count_lower_bound = _tangent_bound(
    "inverse_root_count_lower_bound",
    sp.S.Half,
    _half,
    "model:inverse_root_count",
    (_u - _v) ** 2 * (_u + 2 * _v) / (2 * _u * _v**3),
)

# ---------------------------------------------------------------------------------- upper bounds

_first = 1 / ((_N + 1) * _p)
_second = (1 + sp.S(2) / _least) / ((_N + 1) * (_N + 2) * _p**2)
_ceiling = _first + _second
_terms = 1 / (_m + 1) + (1 + sp.S(2) / _least) / ((_m + 1) * (_m + 2))
_rising = binomial_weight(_N + 2, _m + 2)
_split_term = le(count_weight / _m, count_weight * _terms)
_written = count_weight * _terms


def _part(by: int) -> Step:
    return Step(
        rule="lemma",
        claim=le(sp.Sum(binomial_weight(_N + by, _m + by), _counts), 1),
        label=f"part {by}",
        uses=("lemma:binomial_part",),
        given={shift: sp.Integer(by)},
    )


inverse_count_upper_bound = Theorem(
    name="inverse_count_upper_bound",
    title="Mean of 1/n from above",
    in_words="At most 1/((N+1) p) and a correction of second order.",
    statement=le(_g1, _ceiling),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I8",
    assumptions=COUNTS,
    lemmas=("binomial_part",),
    derivation=(
        Step(
            rule="nonnegative form",
            claim=le(1 / _m, _terms),
            note="from min_images on",
            label="one count",
            given={
                "form": 2 * (_m - _least) / (_least * _m * (_m + 1) * (_m + 2)),
                "domain": _at_least,
            },
        ),
        Step(
            rule="combination",
            claim=_split_term,
            label="weighted",
            uses=("one count",),
            given={"weights": (count_weight,)},
        ),
        over_counts(_split_term, "all counts", "weighted"),
        Step(
            rule="algebra",
            claim=eq(_written, _shifted * _first + _rising * _second),
            label="shifted weights",
        ),
        Step(
            rule="monotone",
            claim=eq(
                sp.Sum(_written, _counts), sp.Sum(_shifted * _first + _rising * _second, _counts)
            ),
            label="shifted sums",
            uses=("shifted weights",),
            given={"apply": sp.Sum, "over": (_counts,)},
        ),
        _part(1),
        _part(2),
        Step(
            rule="combination",
            claim=le(_g1, _ceiling),
            uses=("all counts", "model:inverse_count", "shifted sums", "part 1", "part 2"),
            given={"weights": (1, 1, 1, _first, _second)},
        ),
    ),
)


_y = sp.sqrt(_g1)
_root_term = le(1 / _u, _y / 2 + 1 / (2 * _y * _m))
_root_weighted = le(count_weight / _u, count_weight * _root_term.rhs)
inverse_root_count_by_inverse = Theorem(
    name="inverse_root_count_by_inverse",
    title="Mean of n^(-1/2) by the mean of 1/n",
    in_words="The mean inverse root is at most the root of the mean inverse (Cauchy-Schwarz).",
    statement=le(_half, _y),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I8",
    assumptions=(*COUNTS, SOME_UPDATE),
    conditions=(_g1 > 0, _g1 <= 1),
    lemmas=("binomial_total",),
    derivation=(
        Step(
            rule="AM-GM",
            claim=_root_term,
            label="one count",
            given={"form": (_y - 1 / _u) ** 2 / (2 * _y)},
        ),
        Step(
            rule="combination",
            claim=_root_weighted,
            label="weighted",
            uses=("one count",),
            given={"weights": (count_weight,)},
        ),
        over_counts(_root_weighted, "all counts", "weighted"),
        Step(
            rule="combination",
            claim=le(_half, _y),
            uses=(
                "all counts",
                "model:inverse_root_count",
                "model:inverse_count",
                "lemma:binomial_total",
            ),
            given={
                "weights": (1, 1, -1 / (2 * _y), -_y / 2),
                "form": _y / 2 * counts_below,
            },
        ),
    ),
)
inverse_root_count_upper_bound = Theorem(
    name="inverse_root_count_upper_bound",
    title="Mean of n^(-1/2) from above",
    in_words="At most the root of the bound on the mean of 1/n.",
    statement=le(_half, sp.sqrt(_ceiling)),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I8",
    assumptions=(*COUNTS, SOME_UPDATE),
    conditions=(_least <= _N,),
    derivation=(
        Step(
            rule="square root",
            claim=le(_y, sp.sqrt(_ceiling)),
            label="roots",
            uses=("theorem:inverse_count_upper_bound",),
        ),
        Step(
            rule="combination",
            claim=le(_half, sp.sqrt(_ceiling)),
            uses=("theorem:inverse_root_count_by_inverse", "roots"),
            given={"weights": (1, 1)},
        ),
    ),
)

THEOREMS = (
    inverse_next_count,
    inverse_count_lower_bound,
    inverse_root_count_lower_bound,
    inverse_count_upper_bound,
    inverse_root_count_by_inverse,
    inverse_root_count_upper_bound,
)
