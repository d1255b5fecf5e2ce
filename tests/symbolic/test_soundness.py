"""Attempts to prove something false: every rule must refuse, and say so."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import sympy as sp
from sympy.core.relational import Relational

from symbolic import LEMMAS, THEOREMS, DerivationError, Kind, Step, Theorem, rules
from symbolic import symbols as s
from symbolic.lemmas.general import term
from symbolic.model import MODEL
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import ChiSquare, Mean, RandomSymbol

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", positive=True)
eta = sp.Symbol("eta", positive=True)
rest = RandomSymbol("rest", real=True)
i, k, K, N, t = s.text, s.other_text, s.num_texts, s.batch_size, s.generations
a, d = s.feature, s.num_features
P, h, H, C, v = (
    s.text_probs, s.text_diversity_at, s.text_diversity, s.posterior_confusion,
    s.directional_variance_at,
)  # fmt: skip
chi, drift, delta = ChiSquare(N), 1 - 1 / N, sp.KroneckerDelta
eps, least = s.injection_fraction, s.smallest_injection_dose
H_star, H_inf, H_best = s.stationary_text_diversity, s.limit_text_diversity, s.best_text_diversity


def eq(lhs: Any, rhs: Any) -> Relational:
    return sp.Eq(sp.sympify(lhs), sp.sympify(rhs), evaluate=False)


def le(lhs: Any, rhs: Any) -> Relational:
    return sp.Le(sp.sympify(lhs), sp.sympify(rhs), evaluate=False)


def ge(lhs: Any, rhs: Any) -> Relational:
    return sp.Ge(sp.sympify(lhs), sp.sympify(rhs), evaluate=False)


one_update = THEOREMS["text_diversity_recursion"].statement
mean_sd = THEOREMS["directional_diversity_mean"].statement
fresh_draw = LEMMAS["sample_variance"].statement
sum_of_sd = sp.Sum(s.image_sd[a], (a, 0, d - 1))
hidden_zero = (x + y) ** 2 - x**2 - 2 * x * y - y**2
two_of_many = LEMMAS["two_of_many"].statement
negative_terms = {term[s.count_index]: -P[s.count_index], term[i]: -P[i], term[k]: -P[k]}

_so_far, _endless = (s.past_generation, 0, t), (s.past_generation, 0, sp.oo)
# What it tries, the rule, the false claim, the facts (true, or false only together), the given.
ATTACKS: list[tuple[str, str, Relational, tuple[Relational, ...], Mapping[Any, Any]]] = [
    # An instance is for values that the symbol may take, and for free symbols only.
    ("a law at an arbitrary value of a quantity", "instance",
     eq(one_update.lhs, 5 * (1 - (1 - C) / N)), (one_update,), {H: 5}),
    ("minus three images", "instance",
     eq(one_update.lhs, one_update.rhs.subs(N, -3)), (one_update,), {N: -3}),
    ("half an image", "instance",
     eq(one_update.lhs, one_update.rhs.subs(N, sp.S.Half)), (one_update,), {N: sp.S.Half}),
    ("a random value inside a mean", "instance", eq(Mean(h[t + 1]), h[t]),
     (eq(Mean(s.user_image), s.initial_text_diversity),), {s.initial_text_diversity: h[t]}),
    ("a free symbol caught by a sum", "instance", eq(sp.Sum(P[i] * i, (i, 0, K - 1)), p),
     (eq(sp.Sum(P[i] * t, (i, 0, K - 1)), p),), {t: i}),
    ("a placeholder replaced here and not there", "instance",
     eq(sp.Sum(7, (a, 0, d - 1)), s.image_sd[0]), (eq(sum_of_sd, s.image_sd[0]),),
     {s.image_sd[a]: 7}),
    ("one entry apart inside the range", "instance", eq(sp.Sum(7, (a, 0, d - 1)), 3),
     (eq(sum_of_sd, s.image_sd[0]),), {s.image_sd[a]: 7, s.image_sd[0]: 3}),
    ("negative terms in a lemma on non-negative ones", "instance",
     ge(sp.Sum(-P[i], (i, 0, K - 1)), -P[i] - P[k]), (two_of_many,), negative_terms),
    ("one draw in two updates", "instance",
     eq(fresh_draw.lhs.subs(t, t + 1), fresh_draw.rhs.subs(t, t + 1)), (fresh_draw,), {t: t + 1}),
    ("a start of one's own choice", "instance",
     eq(mean_sd.lhs, mean_sd.rhs.subs(s.directional_variance, 10**6)), (mean_sd,),
     {s.directional_variance: sp.S(10**6)}),
    ("two systems with one trajectory", "instance",
     eq(mean_sd.lhs, mean_sd.rhs.subs(s.shrinkage_factor, 2)), (mean_sd,),
     {s.shrinkage_factor: sp.S(2)}),
    ("a factor at a spectrum of one's own choice", "instance",
     eq(Mean(s.next_image_diversity), s.contraction_factor * sp.Sum(1, (a, 0, d - 1))),
     (MODEL["contraction_factor"].statement,), {s.image_sd[a]: 1}),
    # Dividing by zero.
    ("a weight that a fact makes infinite", "combination", eq(p, 0), (eq(x, y),),
     {"weights": (p / (x - y),)}),
    ("a weight over what a premise says is zero", "combination", eq(1, 0),
     (MODEL["one_hot_confusion"].statement,), {"weights": (1 / C,)}),
    ("a weight over a higher power of it", "combination", eq(1 / C, 0), (eq(C**2, 0),),
     {"weights": (1 / C**3,)}),
    ("a weight over a hidden zero", "combination", eq(p, 0), (eq(hidden_zero + x, x),),
     {"weights": (p / hidden_zero,)}),
    ("a weight that is no number", "combination", eq(x, 0), (eq(y, p),), {"weights": (sp.zoo,)}),
    ("a sign chosen by a domain", "combination", ge(x, 0), (),
     {"form": x, "domain": {x: sp.Symbol("over", nonnegative=True)}}),
    # What keeps an order.
    ("an integral run backwards", "monotone",
     ge(sp.Integral(0, (x, 1, 0)), sp.Integral(-1, (x, 1, 0))), (ge(0, -1),),
     {"apply": sp.Integral, "over": ((x, 1, 0),)}),
    ("a sum over negative values of a count", "monotone",
     ge(sp.Sum(k, (k, -3, -1)), sp.Sum(0, (k, -3, -1))), (ge(k, 0),),
     {"apply": sp.Sum, "over": ((k, -3, -1),)}),
    ("roots of squares of any sign", "square root", le(x, y), (le(x**2, y**2),), {}),
    ("a delta dropped where indices may meet", "off the diagonal",
     eq(sp.Sum(delta(i, k) * P[k], (k, i, K - 1)), sp.Sum(0, (k, i, K - 1))), (), {}),
    ("a delta of the first dropped from a sum with it", "off the diagonal",
     eq(sp.Sum(delta(i, 0) * P[i], (i, 0, K - 1)), sp.Sum(0, (i, 0, K - 1))), (), {}),
    # Expectations.
    ("a state that stays fixed in its own average", "tower",
     eq(Mean(h[t + 1]), (1 - (1 - C) / N) * Mean(h[t])), (one_update,),
     {H: h[t], s.next_text_diversity: h[t + 1]}),
    ("two updates for one", "tower", eq(Mean(h[t + 2]), drift * Mean(h[t])),
     (eq(one_update.lhs, drift * H),), {H: h[t], s.next_text_diversity: h[t + 2]}),
    ("the square of a conditional mean", "tower", eq(Mean(h[t] ** 2), 1),
     (eq(Mean(s.next_text_diversity) ** 2, 1),), {s.next_text_diversity: h[t]}),
    ("pairings of what is no normal draw", "Isserlis", eq(Mean(h[t] ** 2), 1), (), {}),
    ("independence of two things of the state", "independence",
     eq(Mean(h[t] * s.posterior_confusion_at[t]), Mean(h[t]) * Mean(s.posterior_confusion_at[t])),
     (), {"fresh": h[t]}),
    ("independence of a draw and its result", "independence",
     eq(Mean(chi * v[t + 1]), Mean(chi) * Mean(v[t + 1])), (), {"fresh": chi}),
    ("a variable that the integral catches", "expectation under the mixture",
     eq(Mean(s.image * s.image_draw), sp.Integral(s.image**2 * s.mixture(s.image), s.image)),
     (), {}),
    ("a moment that does not exist", "Gamma integral",
     eq(Mean(1 / ChiSquare(s.degrees_of_freedom)), 1 / (s.degrees_of_freedom - 2)), (), {}),
    # Sequences.
    ("a recursion with a random factor", "linear recursion",
     eq(v[t], (fresh_draw.rhs / v[t]) ** t * s.directional_variance),
     (fresh_draw, eq(v[0], s.directional_variance)), {}),
    ("induction over the reals", "linear recursion", eq(sp.sin(2 * sp.pi * x), 0),
     (eq(sp.sin(2 * sp.pi * (x + 1)), sp.sin(2 * sp.pi * x)), eq(0, 0)), {"time": x}),
    ("the mean itself called its limit", "long-run limit", eq(Mean(h[t]), 0),
     (eq(Mean(h[t]), drift**t),), {"vanishing": {drift: 1 / N}}),
    ("a factor of one", "long-run limit", eq(H_inf, 0), (eq(Mean(h[t]), H * x**t),),
     {"vanishing": {x: sp.S.Zero}}),
    ("a power that outgrows the vanishing one", "long-run limit", eq(H_inf, 0),
     (eq(Mean(h[t]), 2**t * drift**t),), {"vanishing": {drift: 1 / N}}),
    ("a factor that tends to one", "long-run limit", eq(H_inf, 0),
     (eq(Mean(h[t]), (1 - 1 / (t + 1)) ** t),), {"vanishing": {1 - 1 / (t + 1): 1 / (t + 1)}}),
    ("a series that swings", "endless sum", eq(H_inf, sp.Sum((-1) ** s.past_generation, _endless)),
     (eq(Mean(h[t]), sp.Sum((-1) ** s.past_generation, _so_far)),), {}),
    ("a difference of two endless sums", "endless sum", eq(H_inf, 0),
     (eq(Mean(h[t]), sp.Sum(1 + s.past_generation, _so_far) - sp.Sum(p, _so_far)),), {}),
    ("a product that swings", "endless sum", eq(H_inf, sp.Product(1 + p, _endless)),
     (eq(Mean(h[t]), sp.Product(1 + p, _so_far)),), {}),
    ("a sum that also changes in front", "endless sum", eq(H_inf, sp.Sum(p, _endless)),
     (eq(Mean(h[t]), sp.Sum(p, _so_far) / (t + 1)),), {}),
    ("the mean itself called its fixed point", "fixed point of a linear recursion",
     eq(Mean(h[t]), 0), (eq(Mean(h[t + 1]), drift * Mean(h[t])),), {}),
    ("a rate that changes with time", "squeeze",
     eq(s.decay_rate_limit, sp.log(1 / (t + 1))),
     (le(Mean(h[t]), (t + 1) ** (-t)), ge(Mean(h[t]), (t + 1) ** (-t))),
     {"factor": 1 / (t + 1)}),
    # Names.
    ("an abbreviation of itself", "abbreviation", eq(H_star, p), (eq(H_star, p + 1),),
     {"name": p, "stands for": p + 1}),
    ("an abbreviation that has a meaning", "abbreviation", eq(H_star, 2 * p),
     (eq(H_star, p + x),), {"name": p, "stands for": x}),
    ("a threshold where nothing changes", "threshold", eq(least, 7),
     (eq(H_star, s.diversity_floor),),
     {"weight": sp.S.Zero, "level": s.diversity_floor, "variable": s.injection_dose}),
    ("a threshold of something else", "threshold", eq(least, 3), (eq(H_star, x),),
     {"weight": sp.S.One, "level": sp.S(3), "variable": x}),
    ("a threshold of another quantity", "threshold", eq(least, 3), (eq(H_inf, s.injection_dose),),
     {"weight": sp.S.One, "level": sp.S(3), "variable": s.injection_dose}),
    ("an equation on the variable itself", "threshold", eq(s.injection_dose, 3),
     (eq(H_star, s.injection_dose),),
     {"weight": sp.S.One, "level": sp.S(3), "variable": s.injection_dose}),
    ("a maximum where nothing changes", "maximum", eq(s.best_injection_fraction, 7),
     (ge(H_inf, y), eq(0, 0)), {"root": eps - 7, "variable": eps, "weight": sp.S.Zero}),
    ("a root that vanishes everywhere", "maximum", eq(s.best_injection_fraction, 7),
     (ge(H_inf, y), eq(0, 0)), {"root": sp.S.Zero, "variable": eps, "weight": sp.S.One}),
    ("a maximum of another quantity", "maximum", eq(s.best_injection_fraction, 7),
     (eq(H_star, 1 - (eps - 7) ** 2), eq(1 - (1 - (eps - 7) ** 2), (eps - 7) ** 2)),
     {"root": eps - 7, "variable": eps, "weight": sp.S.One}),
    ("the maximum of any function", "maximum", eq(s.best_injection_fraction, 7),
     (ge(H_inf, eps), eq(1 - (1 - (eps - 7) ** 2), (eps - 7) ** 2)),
     {"root": eps - 7, "variable": eps, "weight": sp.S.One}),
    ("a largest value that still varies", "maximal value", eq(H_best, eps**2),
     (ge(H_inf, eps**2), eq(0, 0)),
     {"root": sp.S.Zero, "variable": eps, "weight": sp.S.One, "at": sp.S(3)}),
    ("a largest value of another quantity", "maximal value", eq(H_best, 1),
     (eq(H_star, 1 - eps**2), eq(eps**2, eps**2)),
     {"root": eps, "variable": eps, "weight": sp.S.One, "at": sp.S.Zero}),
    ("a maximum for a minimum", "minimum", eq(s.best_fresh_weight, x),
     (eq(s.stationary_location_error, 1 - (s.fresh_weight - x) ** 2),
      eq((s.fresh_weight - x) ** 2, (s.fresh_weight - x) ** 2)),
     {"root": s.fresh_weight - x, "variable": s.fresh_weight, "weight": sp.S.One}),
    ("a largest value for a smallest", "minimal value", eq(s.best_location_error, 1),
     (eq(s.stationary_location_error, 1 - (s.fresh_weight - x) ** 2),
      eq((s.fresh_weight - x) ** 2, (s.fresh_weight - x) ** 2)),
     {"root": s.fresh_weight - x, "variable": s.fresh_weight, "weight": sp.S.One, "at": x}),
    ("a smallest value that is not reached", "minimal value", eq(s.best_location_error, 0),
     (eq(s.stationary_location_error, (s.fresh_weight - x) ** 2),
      eq((s.fresh_weight - x) ** 2, (s.fresh_weight - x) ** 2)),
     {"root": s.fresh_weight - x, "variable": s.fresh_weight, "weight": sp.S.One, "at": x + 1}),
    ("the logarithm of a negative number", "logarithm", eq(y, 2 * sp.log(x)),
     (eq(y, sp.log(p)), eq(p, x**2)), {}),
    # Expansions.
    ("a remainder that defines itself", "perturbation", eq(x + eta * rest, y + eta * rest), (),
     {"small": eta, "order": 1, "rest": rest}),
    ("a remainder that a fact defines", "perturbation", eq(x, y + eta * rest),
     (eq(x, y + eta * rest),), {"small": eta, "order": 1, "rest": rest}),
    ("the limit of what changes", "limit", eq(eta, 0), (eq(eta, eta),), {"small": eta}),
    ("numbers that do not agree", "numerical evidence", eq(sp.sqrt(p), p), (),
     {"points": ({p: 1}, {p: 2})}),
    ("no numbers at all", "numerical evidence", eq(sp.sqrt(p), p), (), {"points": ()}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "claim", "facts", "given"),
    [attack[1:] for attack in ATTACKS],
    ids=[attack[0] for attack in ATTACKS],
)
def test_what_does_not_follow_is_refused(
    rule: str, claim: Relational, facts: tuple[Relational, ...], given: Mapping[Any, Any]
) -> None:
    with pytest.raises(DerivationError):
        rules.check_step(rule, claim, facts, given)


NOT_ZERO = {
    "a delta over part of the texts": sp.Sum(delta(i, k), (k, 0, 0)) - 1,
    "a delta over a range of another size": sp.Sum(delta(i, k) * P[k], (k, 0, t)) - P[i],
    "a delta at the number of texts": sp.Sum(delta(k, K), (k, 0, K - 1)) - 1,
    "a delta at a time": sp.Sum(delta(k, t), (k, 0, K - 1)) - 1,
    "a feature among the texts": sp.Sum(delta(k, a), (k, 0, K - 1)) - 1,
    "the length of an empty range": sp.Sum(x, (k, 5, 2)) + 2 * x,
    "an index outside its sum": P[i] * sp.Sum(P[i], (i, 0, K - 1))
    - sp.Sum(P[i] ** 2, (i, 0, K - 1)),
    "another range": sp.Sum(P[k], (k, 0, K - 1)) - sp.Sum(P[k], (k, 1, K - 1)),
    "pairs and all": sp.Sum(P[i] * P[k], (k, i + 1, K - 1), (i, 0, K - 1))
    - sp.Sum(P[i] * P[k], (k, 0, K - 1), (i, 0, K - 1)),
    "a mean of a square": Mean(s.image_draw**2) - Mean(s.image_draw) ** 2,
    "a mean over a random range": Mean(sp.Sum(k, (k, 1, h[0]))) - sp.Sum(k, (k, 1, h[0])),
    "a root of a square": sp.sqrt(x**2) - x,
    "a root of a product": sp.sqrt(x * y) - sp.sqrt(x) * sp.sqrt(y),
    "a power of a square": (x**2) ** (t / 2) - x**t,
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_ZERO)
def test_what_is_not_zero_is_not_called_zero(name: str) -> None:
    assert not is_zero(NOT_ZERO[name])


NOT_SIGNED = {
    "any real": x,
    "an odd power": (x + y) ** 3,
    "an integral run backwards": sp.Integral(x**2, (x, 1, 0)),
    "an integral to a symbol": sp.Integral(x**2, (x, 0, y)),
    "a sum of any sign": sp.Sum(x, (i, 0, K - 1)),
    "one less than a diversity": H - 1,
    "fewer than one update": t - 1,
    "a negative base": (s.injection_fraction - 1) ** 3,
    "a growing power": 1 - 2**t,
}


@pytest.mark.parametrize("name", NOT_SIGNED)
def test_what_may_be_negative_is_not_called_nonnegative(name: str) -> None:
    assert not is_nonnegative(NOT_SIGNED[name])


# --------------------------------------------------------------------- derivations as a whole


def _theorem(statement: Relational, *steps: Step, kind: Kind = Kind.EXACT) -> Theorem:
    model = THEOREMS["text_diversity_recursion"]
    return dataclasses.replace(
        model, name="false", statement=statement, derivation=steps, kind=kind, lemmas=()
    )


def test_a_remainder_is_defined_once() -> None:
    steps = [
        Step(
            rule="perturbation",
            claim=eq(value, value.subs(eta, 0) + eta * rest),
            label=f"{value}",
            given={"small": eta, "order": 1, "rest": rest},
        )
        for value in (sp.exp(eta), sp.exp(2 * eta))
    ]
    last = Step(
        rule="combination",
        claim=eq(sp.exp(eta), sp.exp(2 * eta)),
        uses=(f"{sp.exp(eta)}", f"{sp.exp(2 * eta)}"),
        given={"weights": (1, -1)},
    )
    with pytest.raises(DerivationError, match="has a meaning"):
        _theorem(last.claim, *steps, last).check_derivation()


def test_an_abbreviation_stands_for_nothing_else() -> None:
    short = Step(
        rule="abbreviation",
        claim=eq(H_star, p),
        label="short",
        uses=("theorem:corpus_injection_stationary_before",),
        given={"name": p, "stands for": THEOREMS["corpus_injection_stationary_before"].rhs},
    )
    for_seven = Step(rule="instance", claim=eq(H_star, 7), uses=("short",), given={p: 7})
    with pytest.raises(DerivationError, match="nothing else"):
        _theorem(for_seven.claim, short, for_seven).check_derivation()


def test_two_systems_do_not_share_a_name() -> None:
    names = ("corpus_injection_stationary_before", "corpus_injection_stationary_after")
    before, after = (THEOREMS[name].rhs for name in names)
    step = Step(
        rule="combination",
        claim=eq(before, after),
        uses=tuple(f"theorem:{name}" for name in names),
        given={"weights": (-1, 1)},
    )
    with pytest.raises(DerivationError, match="is both"):
        _theorem(step.claim, step).check_derivation()


def test_nothing_exact_rests_on_what_is_not() -> None:
    loose = next(t for t in THEOREMS.values() if t.kind is Kind.ASYMPTOTIC)
    step = Step(rule="instance", claim=loose.statement, uses=(f"theorem:{loose.name}",))
    with pytest.raises(DerivationError, match="cannot give a result of kind exact"):
        _theorem(loose.statement, step).check_derivation()
    _theorem(loose.statement, step, kind=Kind.ASYMPTOTIC).check_derivation()


@pytest.mark.parametrize("kind", [Kind.EXACT, Kind.FIXED_POINT, Kind.UPPER_BOUND, Kind.LOWER_BOUND])
def test_numerical_evidence_is_no_proof(kind: Kind) -> None:
    relation = {Kind.UPPER_BOUND: le, Kind.LOWER_BOUND: ge}.get(kind, eq)
    statement = relation(sp.cos(p) ** 2 + sp.sin(p) ** 2, 1)
    step = Step(rule="numerical evidence", claim=statement, given={"points": ({p: 1}, {p: 7})})
    with pytest.raises(DerivationError, match="cannot give"):
        _theorem(statement, step, kind=kind).check_derivation()
    if relation is eq:
        _theorem(statement, step, kind=Kind.APPROXIMATION).check_derivation()


def test_a_narrowed_domain_is_among_the_assumptions() -> None:
    known = {symbol: name for name, symbol in s.SYMBOLS.items()}
    for theorem in THEOREMS.values():
        words = " ".join(theorem.assumptions) + str(theorem.conditions)
        for step in theorem.derivation:
            for symbol in (step.given.get("domain") or {}).keys() & known.keys():
                said = symbol.name in words or known[symbol] in words
                said = said or "share" in s.MEANINGS[known[symbol]]  # at most one by its meaning
                assert said, f"{theorem.name} is silent on {symbol}"


def test_no_two_names_share_a_symbol() -> None:
    # Two quantities with one symbol would be equal without any proof.
    names: dict[sp.Basic, str] = {}
    for name, value in vars(s).items():
        if isinstance(value, sp.Symbol | sp.IndexedBase):
            assert value not in names, f"{name} and {names[value]} are both {value}"
            names[value] = name


@pytest.mark.parametrize("name", ["chi_power_deficit_bound", "replicate_fractional_moment"])
def test_a_fractional_power_stays_below_one(name: str) -> None:
    statement = THEOREMS[name].statement
    given = {s.fraction_power: sp.Integer(2)}
    false = statement.func(statement.lhs.subs(given), statement.rhs.subs(given), evaluate=False)
    with pytest.raises(DerivationError, match="may be above 1"):
        rules.check_step("instance", false, [statement], given)


def test_no_instance_of_a_theorem_contradicts_its_conditions() -> None:
    theorem = THEOREMS["directional_power_mean"]
    given = {s.power: -s.image_count}  # the mean is infinite
    claim = theorem.statement.func(theorem.lhs.subs(given), theorem.rhs.subs(given), evaluate=False)
    step = Step(rule="instance", claim=claim, uses=(f"theorem:{theorem.name}",), given=given)
    other = dataclasses.replace(
        theorem, name="another", statement=claim, derivation=(step,), lemmas=()
    )
    with pytest.raises(DerivationError, match="holds only for"):
        other.check_derivation()


@pytest.mark.parametrize(
    "expr",
    [
        sp.Sum((1 - s.text_probs[s.text]) ** s.generations, (s.text, 0, s.num_texts - 1))
        - s.num_texts * (1 - s.text_probs[s.text]) ** s.generations,
        sp.Sum(
            (1 - s.text_probs[s.text]) ** s.generations * s.text_probs[s.text],
            (s.text, 0, s.num_texts - 1),
        )
        - (1 - s.text_probs[s.text]) ** s.generations
        * sp.Sum(s.text_probs[s.text], (s.text, 0, s.num_texts - 1)),
    ],
)
def test_what_varies_in_a_sum_is_no_constant(expr: sp.Expr) -> None:
    assert not is_zero(expr)


def test_a_domain_is_a_range_and_no_value() -> None:
    theorem = THEOREMS["text_diversity_lower_bound"]
    gained = s.initial_text_diversity * (s.batch_size - 2) ** 2
    claim = sp.Ge(theorem.lhs, theorem.rhs + gained, evaluate=False)
    given = {"weights": (1,), "form": -gained, "domain": {s.batch_size: sp.Integer(2)}}
    with pytest.raises(DerivationError, match="a value, not a range"):
        rules.check_step("nonnegative form", claim, [theorem.statement], given)


def test_one_name_is_not_that_of_two_texts() -> None:
    fact = THEOREMS["fixation_prob"].statement
    claim = sp.Eq(fact.lhs, fact.rhs.subs(s.text, 0), evaluate=False)
    with pytest.raises(DerivationError, match="needs another name"):
        rules.check_step("instance", claim, [fact], {s.text: sp.S.Zero})


def test_a_statement_that_its_witness_cannot_evaluate_is_refused() -> None:
    theorem = THEOREMS["text_diversity_lower_bound"]
    altered = dataclasses.replace(
        theorem, statement=sp.Ge(theorem.lhs, theorem.rhs * s.user_images, evaluate=False)
    )
    with pytest.raises(ValueError, match="text_diversity_lower_bound"):
        altered.check_witness()
