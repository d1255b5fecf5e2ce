"""Exact tests: is an expression zero, is it non-negative on the domain of its symbols."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from symbolic import symbols as s
from symbolic.moments import normal
from symbolic.ranges import has_length, written_out
from symbolic.special import log_c, log_chi


def is_zero(expr: sp.Expr) -> bool:
    """Tell whether an expression vanishes identically, by algebra.

    Parameters
    ----------
    expr : sympy.Expr
        Any expression.

    Returns
    -------
    bool
        True only if algebra brings it to zero; False if it does not (or cannot).

    Examples
    --------
    >>> import sympy as sp
    >>> x = sp.Symbol("x")
    >>> is_zero((x + 1) ** 2 - x**2 - 2 * x - 1), is_zero(x)
    (True, False)
    """
    if _differs_at_a_point(expr):
        return False
    expr = _name_bases(expr)
    if sp.expand(sp.numer(sp.together(expr))) == 0:
        return True
    expr = _same_bound_names(normal(expr))
    if expr.is_zero or expr == 0:
        return True
    numerator = sp.expand(sp.numer(sp.together(sp.expand(expr, power_exp=True))))
    if _same_bound_names(normal(numerator)) == 0:
        return True
    if _differs_at_small_sizes(expr):
        return False
    if _sums_cancel(expr) or sp.simplify(_name_opaque(_short_sums(expr))) == 0:
        return True
    return _zero_in_domain(expr)


def _short_sums(expr: sp.Expr) -> sp.Expr:
    """Evaluate sums of polynomials in their index, and special functions; no other sums."""

    def evaluate(*args: sp.Basic) -> sp.Expr:
        total = sp.Sum(*args)
        known = all(_has_length(k, total.limits) for k in range(len(total.limits)))
        polynomial = total.function.is_polynomial(*total.variables)
        return total.doit() if known and polynomial else total

    return expr.replace(sp.Sum, evaluate).replace(
        lambda e: isinstance(e, log_c | log_chi), lambda e: e.doit()
    )


def _has_length(k: int, limits: tuple[sp.Tuple, ...]) -> bool:
    _, low, high = limits[k]
    return has_length(low, high, [outer[0] for outer in limits[k + 1 :] if outer[2] == high])


def _name_opaque(expr: sp.Expr) -> sp.Expr:
    """Give names to what algebra cannot look into: zero for all values is zero for these."""
    names: dict[sp.Expr, sp.Dummy] = {}

    def name(node: sp.Expr) -> sp.Expr:
        return names.setdefault(node, sp.Dummy(f"node_{len(names)}"))

    kinds = (sp.Sum, sp.Integral, s.Mean, s.SampleMean)
    return expr.replace(lambda e: isinstance(e, kinds), name)


def _sums_cancel(expr: sp.Expr) -> bool:
    """Add sums over the same range under one sign, and look at the summands."""
    summands: dict[tuple[sp.Tuple, ...], sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        totals = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Sum)]
        if len(totals) != 1:
            return False
        (total,) = totals
        weighted = term / total * total.function
        summands[total.limits] = summands.get(total.limits, sp.S.Zero) + weighted
    return all(sp.simplify(summand) == 0 for summand in summands.values())


def _zero_in_domain(expr: sp.Expr) -> bool:
    """Try again where differences of counts are positive, so that roots and logarithms split."""
    over = [sp.Symbol(f"positive_{k}", positive=True) for k in range(3)]
    inside = expr.subs(s.ddof, s.image_count - over[0])
    inside = inside.subs(s.exponent_index, s.image_count - over[1])
    inside = inside.subs(s.image_count, 1 + over[2])
    if inside == expr:
        return False
    return sp.simplify(sp.expand_log(sp.expand(_name_opaque(inside)))) == 0


_OPAQUE = (
    sp.Sum, sp.Integral, s.Mean, s.SampleMean, s.ChiSquare, sp.Indexed, sp.KroneckerDelta,
    AppliedUndef,
)  # fmt: skip


def _differs_at_a_point(expr: sp.Expr) -> bool:
    """Refute quickly: a value other than zero at one point (of plain symbols) settles it."""
    if expr.has(*_OPAQUE):
        return False
    names = sorted(expr.free_symbols, key=lambda symbol: symbol.name)
    point = {name: sp.Integer(7 + 4 * k) for k, name in enumerate(names)}
    # Counts that are subtracted from the image count stay below it.
    point |= {s.image_count: sp.Integer(101)} if s.image_count in point else {}
    number = sp.N(expr.subs(point), 30)
    return bool(number.is_number and number.is_finite and abs(number) > sp.Float("1e-12"))


_NO_VALUE = (sp.Integral, sp.Derivative, s.Mean, s.SampleMean, s.ChiSquare, AppliedUndef)
_SMALL_SIZES = {
    s.num_texts: 3, s.num_features: 3, s.batch_size: 7, s.image_count: 9, s.min_images: 2,
    s.generations: 4, s.text_updates: 2, s.ddof: 1, s.exponent_index: 2, s.user_images: 2,
    s.text: 0, s.other_text: 1, s.feature: 0, s.other_feature: 1,
}  # fmt: skip


def _differs_at_small_sizes(expr: sp.Expr) -> bool:
    """Refute with sums written out: small sizes, and a number for each entry of what is indexed."""
    if expr.has(*_NO_VALUE) or not expr.has(sp.Sum, sp.Product, sp.Indexed):
        return False
    labels = {base.label for base in expr.atoms(sp.IndexedBase)}
    names = sorted(expr.free_symbols - labels, key=lambda symbol: symbol.name)
    names = [name for name in names if isinstance(name, sp.Symbol)]
    point = {
        name: sp.Integer(k + 3) if name.is_integer else sp.Rational(k + 2, k + 9)
        for k, name in enumerate(names)
    }
    point |= {name: sp.Integer(_SMALL_SIZES[name]) for name in names if name in _SMALL_SIZES}
    inside = written_out(expr.subs(point), longest=12)
    if inside.has(sp.Sum, sp.Product):
        return False
    numbers: dict[sp.Indexed, sp.Expr] = {}

    def number_of(entry: sp.Indexed) -> sp.Expr:
        return numbers.setdefault(entry, sp.Rational(2 * len(numbers) + 3, 4 * len(numbers) + 17))

    value = sp.N(inside.replace(lambda e: isinstance(e, sp.Indexed), number_of), 30)
    return bool(value.is_number and value.is_finite and abs(value) > sp.Float("1e-12"))


def _name_bases(expr: sp.Expr) -> sp.Expr:
    """Give a compound base of a symbolic power one name, numeric parts of exponents apart."""
    names: dict[sp.Expr, sp.Symbol] = {}
    totals = expr.atoms(sp.Sum, sp.Product, sp.Integral)
    bound = {index for total in totals for index in total.variables}

    def rename(power: sp.Pow) -> sp.Expr:
        number, rest = sp.expand(power.exp).as_coeff_Add()
        key = sp.factor(sp.together(power.base))
        name = names.setdefault(key, sp.Symbol(f"base_{len(names)}", positive=True))
        return name**rest * key**number

    def compound(e: sp.Basic) -> bool:
        if not isinstance(e, sp.Pow) or e.exp.is_number or e.base.is_Atom:
            return False
        return not bound & e.base.free_symbols  # what varies in a sum is no constant

    return expr.replace(compound, rename)


def _same_bound_names(expr: sp.Expr) -> sp.Expr:
    renamed = expr.replace(lambda e: isinstance(e, sp.Sum | sp.Integral), _rename)
    return sp.expand(renamed)


def _rename(total: sp.Expr) -> sp.Expr:
    return total.as_dummy()


_RANGES = (
    "N", "n", "d", "K", "epsilon", "alpha", "p", "nu", "rho", "ddof", "j", "n_g", "n_r", "w",
    "alpha_r", "n_c", "n_s",
)  # fmt: skip


def _domain() -> dict[sp.Symbol, sp.Expr]:
    """Parametrise each symbol's range by a non-negative number."""
    free = {name: sp.Symbol(f"over_{name}", nonnegative=True) for name in _RANGES}
    share = {
        name: 1 / (1 + free[name]) for name in ("epsilon", "alpha", "p", "rho", "w", "alpha_r")
    }
    return {
        s.ddof: s.image_count - free["ddof"],
        s.exponent_index: s.image_count - free["j"],
        s.batch_size: 1 + free["N"],
        s.image_count: 1 + free["n"],
        s.num_generated: 1 + free["n_g"],
        s.num_real: 1 + free["n_r"],
        s.num_context: 1 + free["n_c"],
        s.num_synthetic: 1 + free["n_s"],
        s.num_features: 1 + free["d"],
        s.num_texts: 1 + free["K"],
        # Probabilities and shares: in (0, 1]; zero follows by continuity of rational functions.
        s.injection_fraction: share["epsilon"],
        s.injection_prob: share["alpha"],
        s.text_prob: share["p"],
        s.contraction_factor: share["rho"],
        s.fresh_weight: share["w"],
        s.real_share: share["alpha_r"],
    }


DOMAIN = _domain()


def is_nonnegative(expr: sp.Expr, domain: dict[sp.Symbol, sp.Expr] | None = None) -> bool:
    """Tell whether an expression is non-negative wherever its symbols may lie.

    Parameters
    ----------
    expr : sympy.Expr
        Any expression.
    domain : dict, optional
        Parametrisations that go beyond the standing ones (counts at least 1, shares in (0, 1]).

    Returns
    -------
    bool
        True only if it is proved so by the signs of its parts.

    Examples
    --------
    >>> from symbolic.symbols import batch_size
    >>> is_nonnegative(1 - 1 / batch_size), is_nonnegative(1 - 2 / batch_size)
    (True, False)
    """
    if expr.is_nonnegative:
        return True
    if isinstance(expr, sp.Integral) and not all(_runs_forward(e) for e in expr.limits):
        return False
    if isinstance(expr, s.Mean | sp.Sum | sp.Integral):  # a sum over an empty range is zero
        return is_nonnegative(expr.args[0], domain)
    if isinstance(expr, s.SampleMean):
        return is_nonnegative(expr.args[0], domain)
    if isinstance(expr, sp.Add | sp.Mul) and all(is_nonnegative(a, domain) for a in expr.args):
        return True
    if isinstance(expr, sp.exp):
        (power,) = expr.args
        special = isinstance(power, log_c) and is_nonnegative(power.args[0], domain)
        return bool(special or power.is_extended_real)
    if isinstance(expr, sp.Pow):
        base, power = expr.args
        even = power.is_even and base.is_real
        return bool(even) or (power.is_real is True and is_nonnegative(base, domain))
    return _nonnegative_in_domain(expr, domain or {})


def _runs_forward(limit: sp.Tuple) -> bool:
    ends = limit[1:]
    if len(ends) < 2 or (ends[0] == -sp.oo or ends[1] == sp.oo):
        return len(ends) != 1
    return is_nonnegative(ends[1] - ends[0])


def _nonnegative_in_domain(expr: sp.Expr, extra: dict[sp.Symbol, sp.Expr]) -> bool:
    # The more special parametrisation goes first: it may bring in standing symbols.
    inside = _powers_as_shares(expr).subs(list(extra.items())).subs(list(DOMAIN.items()))
    roots = inside.replace(
        lambda e: isinstance(e, sp.Pow) and abs(e.exp) == sp.S.Half,
        lambda e: sp.factor(e.base) ** e.exp,
    )
    inside = sp.together(roots)
    if inside.is_nonnegative:
        return True
    numerator, denominator = (_positive_parts(part) for part in sp.fraction(inside))
    return numerator and denominator


def _powers_as_shares(expr: sp.Expr) -> sp.Expr:
    """Parametrise ``b**k``, for b in [0, 1] and k a count, as a share of its own."""
    shares: dict[sp.Expr, sp.Expr] = {}

    def is_share(e: sp.Basic) -> bool:
        if not (isinstance(e, sp.Pow) and e.exp.is_nonnegative and not e.exp.is_number):
            return False
        return is_nonnegative(e.base) and is_nonnegative(1 - e.base)

    def share(power: sp.Pow) -> sp.Expr:
        over = sp.Symbol(f"over_power_{len(shares)}", nonnegative=True)
        return shares.setdefault(power, 1 / (1 + over))

    return expr.replace(is_share, share)


def _positive_parts(expr: sp.Expr) -> bool:
    factors = sp.Mul.make_args(sp.factor_terms(expr))
    return all(
        f.is_nonnegative
        or (f.is_Pow and f.exp.is_real and _positive_parts(f.base))
        or all(_is_positive_term(term) for term in sp.Add.make_args(sp.expand(f)))
        for f in factors
    )


def _is_positive_term(term: sp.Expr) -> bool:
    return all(
        f.is_nonnegative or (f.is_Pow and f.exp.is_real and _positive_parts(f.base) and f.is_Add)
        for f in sp.Mul.make_args(term)
    )
