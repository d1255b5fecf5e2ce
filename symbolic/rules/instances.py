"""Instances: what may be put in for the free symbols of a fact, and how.

A free symbol stands for every value that its assumptions allow, so a value must meet them.  What
is bound by a sum or an integral stays bound (its name moves out of the way of what is put in),
and an indexed or applied placeholder (``x[i]``, ``f(a, b)``) is replaced as a function of its
arguments, everywhere at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.domains import LIMITS
from symbolic.rules.core import require
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import Mean, RandomSymbol, is_random

Pattern = dict[tuple[sp.Expr, ...], sp.Expr]

# Quantities that the rest determines: a fact on one of them is no law for arbitrary values of it.
DETERMINED = frozenset(
    {
        s.text_diversity, s.posterior_confusion, s.homozygosity, s.third_power_sum,
        s.posterior_covariance, s.text_prob_covariance, s.posterior_product_mean,
        s.target_overlap, s.stationary_text_diversity, s.limit_text_diversity, s.injection_dose,
        s.best_injection_fraction, s.best_text_diversity, s.smallest_injection_dose,
        s.smallest_injection_prob, s.smallest_injection_fraction, s.contraction_factor,
        s.mean_image_factor, s.decay_rate_limit, s.lyapunov_exponent, s.inverse_root_count,
        s.inverse_count, s.stationary_fidelity, s.stationary_trace, s.log_bhattacharyya,
        s.next_text_diversity, s.next_homozygosity, s.next_image_diversity,
        s.next_squared_offset, s.next_target_overlap, s.injected_diversity,
        s.image_draw, s.generated_image, s.user_image,
        s.text_diversity_variance, s.self_overlap_variance, s.overlap_variance,
        s.self_overlap_covariance, s.shared_overlap_covariance, s.next_third_power_sum,
        s.fixation_time, s.fixation_prob, s.fixation_time_offset, s.next_root_form, s.next_trace,
        s.next_square_trace, s.next_power_trace, s.current_square_trace, s.trace_variance,
        s.relative_variance, s.diversity_variance, s.relative_power_mean, s.inverse_next_count,
        s.mean_factor_slope, s.mixture_ratio, s.log_chi_square, s.half_life, s.level_time,
        s.next_location_error, s.next_model_variance, s.next_data_distance, s.next_pool_moment,
        s.next_pool_error, s.next_consensus_error,
        s.stationary_location_error, s.limit_location_error, s.limit_model_variance,
        s.best_fresh_weight, s.best_location_error,
        s.misfit_eigenvalue, s.retraining_eigenvalue, s.other_eigenvalue, s.eigenvalue_gap,
        s.jacobian_norm, s.jacobian_trace, s.jacobian_determinant, s.stability_margin,
        s.curvature, s.smallest_curvature, s.misfit_norm, s.hessian_gap, s.retraining_time,
        s.critical_ratio, s.critical_temperature, s.critical_rate, s.stationary_variance,
        s.total_shift, s.score_before, s.score_after, s.score_length, s.norm_product,
        s.recursive_stability, s.next_recursive_stability, s.limit_recursive_stability,
        s.limit_memory_variance, s.limit_distribution_shift, s.recursive_stability_at.label,
        s.memory_variance_at.label, s.paired_shift_at.label, s.distribution_shift_at.label,
        s.attention_error, s.best_attention_gain, s.best_attention_error, s.context_rate,
        s.context_share, s.typical_share, s.augmentation_shift,
        s.augmentation_sampling_error, s.augmentation_threshold, s.augmentation_limit,
        s.endless_threshold,
    }
)  # fmt: skip
# What a system is made of and starts from.  A quantity that it determines (all that is random,
# and what is in DETERMINED) is that of one system: other data have other quantities.
DATA = frozenset(
    {
        s.batch_size, s.num_texts, s.num_features, s.image_count, s.text_updates, s.min_images,
        s.user_images, s.degrees_of_freedom, s.ddof, s.shrinkage_factor, s.injection_prob,
        s.injection_fraction, s.target_diversity, s.mean_target_diversity, s.text_probs,
        s.target_probs, s.initial_text_diversity, s.initial_overlap, s.initial_third_power_sum,
        s.image_sd, s.directional_variance, s.image_diversity, s.image_variance,
        s.image_square_trace, s.determinant, s.root_form, s.direction, s.current_cov,
        s.reference_cov, s.mean_offset, s.current_variance, s.squared_offset, s.num_real,
        s.num_generated, s.synthetic_ratio, s.fresh_weight, s.real_variance, s.training_budget,
        s.synthetic_shares, s.source_weights, s.stationary_weights, s.real_share,
        s.example_distance, s.input_norm, s.known_variance, s.generation_error, s.loss_bound,
        s.num_examples, s.num_context, s.num_synthetic, s.attention_gain, s.prior_variance,
        s.real_label_noise,
    }
)  # fmt: skip
_UNIT = {  # diversities: at most one
    name: 1 / (1 + sp.Symbol(f"over_{name}", nonnegative=True))
    for name in (s.target_diversity, s.mean_target_diversity, s.initial_text_diversity)
}


_SHARES = frozenset(limit.lhs for limit in LIMITS)
_POWERS = {  # powers at most 1: an instance must show it
    name: 1 / (1 + sp.Symbol(f"over_{name}", nonnegative=True))
    for name in (s.fraction_power, s.share_power)
}


def instance(fact: Relational, given: Mapping[Any, Any]) -> Relational:
    """Put values in for a fact's free symbols.

    Parameters
    ----------
    fact : sympy Relational
        A fact, true for all values of its free symbols.
    given : mapping
        Old to new; a placeholder such as ``x[i]`` stands for the whole function ``x``.

    Returns
    -------
    sympy Relational
        The instance.

    Raises
    ------
    DerivationError
        If a value does not fit, or the fact does not speak of arbitrary values.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> instance(sp.Eq(x, 1), {x: y})
    Eq(y, 1)
    """
    for old, new in given.items():
        require(old not in DETERMINED, f"{old} is determined by the rest and takes no values.")
        if _head(old)[0] in _DATA:
            _require_another_system(fact, old, given)
        if old in _INDICES and isinstance(fact.lhs, sp.Symbol) and fact.rhs.has(old):
            require(fact.lhs in given, f"{fact.lhs} is that of one {old}: it needs another name.")
        if fact.has(Mean) and is_random(sp.sympify(new)):
            require(is_random(old), f"{old} is fixed inside an expectation, {new} is random.")
    return put(fact, given)


_DATA = frozenset(getattr(name, "label", name) for name in DATA)
_INDICES = frozenset({s.text, s.other_text, s.exponent_index})
_FIXED_LAW = frozenset({s.normal_draw.label})  # standard normal in every system


def _require_another_system(fact: Relational, old: Any, given: Mapping[Any, Any]) -> None:
    """Require that whatever the data determine is replaced along with them."""
    renamed = {_head(sp.sympify(name))[0] for name in given} | _FIXED_LAW
    both = sp.Tuple(fact.lhs, fact.rhs)
    random = both.atoms(RandomSymbol) - renamed
    left = random | ((both.free_symbols & DETERMINED) - renamed)
    require(not left, f"{old} is given: another value of it is another system, with other {left}.")


def put(fact: Relational, given: Mapping[Any, Any]) -> Relational:
    """Replace in both sides of a fact, as `instance` does, but whatever may be random."""
    symbols: dict[sp.Symbol, sp.Expr] = {}
    patterns: dict[Any, Pattern] = {}
    for old, new in given.items():
        new = sp.sympify(new)
        if isinstance(old, sp.Symbol):
            _check_fits(old, new)
            symbols[old] = new
        elif isinstance(old, sp.Indexed | AppliedUndef):
            head, arguments = _head(old)
            _check_fits(old, new)
            patterns.setdefault(head, {})[arguments] = new
        else:
            require(False, f"{old} is no symbol and no placeholder, so nothing can stand for it.")
    functions = {head: _function(pattern, symbols) for head, pattern in patterns.items()}
    left, right = (_Put(symbols, functions)(side) for side in (fact.lhs, fact.rhs))
    return fact.func(left, right, evaluate=False)


def _check_fits(old: sp.Expr, new: sp.Expr) -> None:
    """Require that a value meets the assumptions of what it stands for."""
    seen = new.subs(s.count_index, s.image_count)  # inside a sum over counts: from min_images on
    message = f"{new} does not fit {old}"
    if old.is_integer:
        require(seen.is_integer is True, f"{message}: it is no integer.")
    if old.is_positive:
        require(not is_zero(seen), f"{message}: it is zero.")
    if old.is_nonnegative:
        require(is_nonnegative(seen, _UNIT), f"{message}: it may be negative.")
    require(not (old.is_real and seen.is_real is False), f"{message}: it is not real.")
    if old in _POWERS or (old in _SHARES and seen.is_number):
        require(is_nonnegative(1 - seen, _POWERS), f"{message}: it may be above 1.")


def _head(expr: sp.Expr) -> tuple[Any, tuple[sp.Expr, ...]]:
    if isinstance(expr, sp.Symbol):
        return expr, ()
    if isinstance(expr, sp.Indexed):
        return expr.base.label, tuple(expr.indices)
    return expr.func, tuple(expr.args)


def _function(pattern: Pattern, symbols: Mapping[sp.Symbol, sp.Expr]) -> Callable[..., sp.Expr]:
    """Read the function off ``x[i] -> value(i)``; ``x[0]`` may be apart from all other ``x[i]``.

    Two values at arguments that differ, ``x[t]`` and ``x[t + 1]``, are taken as they are.
    """
    general = next((key for key in pattern if _is_general(key)), None)
    if general is None or _all_differ(list(pattern)):
        return _only_at(pattern)
    names = [symbols.get(name, name) for name in general]
    value = pattern[general]
    apart: Pattern = {}
    for key, other in pattern.items():
        new_key = tuple(symbols.get(name, name) for name in key)
        expected = value.subs(dict(zip(names, new_key, strict=True)), simultaneous=True)
        if not is_zero(expected - other):
            numbers = all(index.is_number for index in key)
            require(numbers, f"{key} is given both {expected} and {other}.")
            apart[key] = other

    def function(*arguments: sp.Expr) -> sp.Expr:
        for key, other in apart.items():
            if arguments == key:
                return other
            pairs = zip(arguments, key, strict=True)
            require(any((a - b).is_nonzero for a, b in pairs), f"{arguments} may be {key}.")
        return value.subs(dict(zip(names, arguments, strict=True)), simultaneous=True)

    return function


def _all_differ(keys: list[tuple[sp.Expr, ...]]) -> bool:
    return len(keys) > 1 and all(
        any((a - b).is_nonzero for a, b in zip(first, second, strict=True))
        for first, second in itertools.combinations(keys, 2)
    )


def _only_at(pattern: Pattern) -> Callable[..., sp.Expr]:
    def function(*arguments: sp.Expr) -> sp.Expr:
        require(arguments in pattern, f"nothing is given for the arguments {arguments}.")
        return pattern[arguments]

    return function


def _is_general(key: tuple[sp.Expr, ...]) -> bool:
    return all(isinstance(index, sp.Symbol) for index in key) and len(set(key)) == len(key)


class _Put:
    """Replace symbols and placeholders below sums and integrals, which keep their variables."""

    def __init__(
        self, symbols: Mapping[sp.Symbol, sp.Expr], functions: Mapping[Any, Callable[..., sp.Expr]]
    ) -> None:
        self.symbols, self.functions = symbols, functions

    def __call__(self, expr: sp.Basic) -> sp.Basic:
        if isinstance(expr, sp.Symbol):
            return self.symbols.get(expr, expr)
        if isinstance(expr, sp.Sum | sp.Product | sp.Integral):
            return self._below(expr)
        if isinstance(expr, sp.Indexed | AppliedUndef):
            head, arguments = _head(expr)
            arguments = tuple(self(argument) for argument in arguments)
            if head in self.functions:
                return self.functions[head](*arguments)
            return expr.base[arguments] if isinstance(expr, sp.Indexed) else head(*arguments)
        return expr.func(*map(self, expr.args)) if expr.args else expr

    def _below(self, total: sp.Expr) -> sp.Expr:
        """Rename what is bound, replace, and give the old names back where they are free."""
        fresh: dict[sp.Symbol, sp.Symbol] = {}
        limits: list[tuple[sp.Expr, ...]] = []
        for variable, *ends in reversed(total.limits):
            ends = [self(end.xreplace(fresh)) for end in ends]
            fresh[variable] = _fresh(variable, ends)
            limits.insert(0, (fresh[variable], *ends))
        new = total.func(self(total.function.xreplace(fresh)), *limits)
        if not isinstance(new, type(total)):
            return new
        return new.xreplace(self._names(new, fresh))

    def _names(self, new: sp.Expr, fresh: Mapping[sp.Symbol, sp.Symbol]) -> dict[Any, Any]:
        taken = set(new.atoms(sp.Symbol))
        back = {}
        for old, dummy in fresh.items():
            for name in (self.symbols.get(old), old):
                if isinstance(name, sp.Symbol) and name not in taken and not is_random(name):
                    back[dummy] = name
                    taken.add(name)
                    break
        return back


def _fresh(variable: sp.Symbol, ends: list[sp.Expr]) -> sp.Dummy:
    """Make a new name; an index that starts above zero is known to be positive."""
    if len(ends) == 2 and variable.is_integer and ends[0].is_positive:
        return sp.Dummy(variable.name, integer=True, positive=True)
    return sp.Dummy(variable.name, **variable._assumptions_orig)
