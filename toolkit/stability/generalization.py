"""The generalisation bound of a self-consuming loop, term by term, beside the measured gap (F3).

The gap is the risk of a model on real data less its risk on the training set, a mixture with a
real share alpha. The bound (theorems ``generalization_expected`` and ``generalization_confidence``)
has a term for the shift of the generated data's law, one for uniform stability, one for recursive
stability, and one for confidence. Its constants are measured here, and say so: the error that a
fit adds, the sensitivity of the loss to one example, and gamma by
:func:`~toolkit.stability.recursive.recursive_stability`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import datasets, labels
from toolkit.loops import loop_of
from toolkit.stability.gaps import Gaps, Loss, first_errors, gaps, sensitivity
from toolkit.stability.neighbours import (
    Change,
    category_extremes,
    domain_of,
    extremes,
    real_examples,
)
from toolkit.stability.paired import Pair, trained_on
from toolkit.stability.recursive import recursive_stability
from toolkit.systems import Categorical, Mix, Replace, RetrainingSystem
from toolkit.systems.validation import integer, real
from toolkit.theory import number

FloatArray = npt.NDArray[np.float64]

#: Fresh examples on which each model is judged, and points at which its loss is looked at.
_JUDGED, _POINTS = 500, 400
#: Replicates whose training sets are changed in one example.
_CHANGED = 8
#: The loss is cut where it is this many standard deviations from its mean under the real law.
_DEVIATIONS = 4.0


def generalization_bound(
    system: RetrainingSystem,
    *,
    generations: int,
    replicates: int,
    seed: int,
    loss_range: tuple[float, float] | None = None,
    domain: npt.ArrayLike | None = None,
    candidates: int = 32,
    error_chance: float = 0.05,
) -> xr.Dataset:
    """The bound's terms and what they bound, generation by generation.

    Parameters
    ----------
    system : RetrainingSystem
        Of one model, under ``Mix`` or ``Replace``, with batches of one size.
    generations : int
    replicates : int
        A multiple of 8. Each draws real data of its own, unless they are given.
    seed : int
    loss_range : (low, high), optional
        The loss is ``-log p`` of an example, cut to this range; 4 standard deviations around its
        mean under the real law (at least 1 to either side) unless given. The paper's M is
        high - low.
    domain : array_like, shape (2, width), optional
        Where an example may move when stability is measured; the smallest box around the first
        real data unless given.
    candidates : int
        Changes of one example that are tried for each of the stabilities.
    error_chance : float
        Of the bound that holds with high probability.

    Returns
    -------
    xr.Dataset
        Over ``generation`` from 1; see ``toolkit.labels.GENERALIZATION`` for the variables. Terms
        of the bound are ``bound_*``, what each of them bounds ``gap_*``; ``vacuous`` says where
        the bound is no less than the loss's whole range, ``bound_over_range`` by how much.

    Raises
    ------
    ValueError
        When an argument is outside its range, or the system has no one real share.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.RetrainingSystem(family=tk.Categorical(probs=[0.5, 0.3, 0.2]),
    ...                              policy=tk.Mix(), num_real=50, num_generated=50)
    >>> found = generalization_bound(system, generations=2, replicates=16, seed=1,
    ...                              loss_range=(0.0, 3.0), candidates=4)
    >>> bool((found.gap < found.bound_expected).all()), float(found.loss_bound)
    (True, 3.0)
    """
    share = _share_of(system)
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", _CHANGED)
    if replicates % _CHANGED:
        raise ValueError(f"replicates must be a multiple of {_CHANGED}, not {replicates}.")
    seed = integer(seed, "seed", 0)
    error_chance = real(error_chance, "error_chance", 0, 0.5, open_low=True)
    loss = _loss_of(system, loss_range, seed)
    runs = _Runs.of(system, generations, replicates, seed)
    parts, first = runs.gaps(loss), runs.first_errors()
    stable = recursive_stability(
        system,
        generations=max(generations - 1, 1),
        replicates=replicates,
        seed=seed,
        domain=domain,
        candidates=candidates,
        typical=0,
    ).isel({labels.NEIGHBOUR: 0})
    terms = {
        "real_share": share,
        "num_examples": system.num_real * (share > 0) + system.num_generated,
        "loss_bound": float(loss.high - loss.low),
        "uniform_stability": runs.sensitivity(loss, domain, candidates, seed),
        "recursive_stability": stable[labels.TV_HIGH].values[:generations],
        "errors": np.concatenate([[np.mean(first)], parts.generation_error.mean(axis=1)]),
        "largest_error": max(np.max(first), np.max(parts.generation_error)),
        "error_chance": error_chance,
    }
    found = _dataset(_measured(parts, error_chance) | _bounded(terms, generations), generations)
    arguments = {"generations": generations, "replicates": replicates, "seed": seed}
    found.attrs |= datasets.provenance(system, arguments) | {
        "loss_range": [float(loss.low), float(loss.high)],
        "constants": "measured: generation_error, uniform_stability (over the changes and points "
        "tried: from below), recursive_stability (upper end of its interval, worst neighbour "
        "tried of one real data set). The paper's own constants are unknown.",
    }
    return found


class _Runs(NamedTuple):
    """A loop's models and training sets."""

    system: RetrainingSystem
    models: Any
    sets: Any
    keys: jax.Array

    @classmethod
    def of(cls, system: RetrainingSystem, generations: int, replicates: int, seed: int) -> _Runs:
        loop = loop_of(system, generations=generations, method="literal")
        keys = Pair.of(system, generations=generations, replicates=replicates, seed=seed).keys
        static = loop.spec, loop.start, loop.kernel
        found = trained_on(static, generations, replicates, loop.params, loop.initial, keys)
        models, sets = (jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), part) for part in found)
        return cls(system, models, sets, keys)

    def gaps(self, loss: Loss) -> Gaps:
        truth = self.system.truth
        kept = self.system.num_real if isinstance(self.system.policy, Mix) else 0
        statics = self.system.family.law, truth.law, kept, _JUDGED
        found = gaps(*statics, truth.parameters, loss, self.models, self.sets, self.keys)
        measured: Gaps = jax.tree.map(np.asarray, found)
        return measured

    def first_errors(self) -> FloatArray:
        truth, first = self.system.truth, jax.tree.map(lambda leaf: leaf[0], self.models)
        statics = self.system.family.law, truth.law, _JUDGED
        return np.asarray(first_errors(statics, truth.parameters, first, self.keys))

    def sensitivity(
        self, loss: Loss, domain: npt.ArrayLike | None, candidates: int, seed: int
    ) -> float:
        """The largest change of the loss that was found, in the last generation."""
        law = self.system.family.law
        before = jax.tree.map(lambda leaf: leaf[-2, :_CHANGED], self.models)
        data = jax.tree.map(lambda leaf: leaf[-1, :_CHANGED], self.sets)
        values = np.asarray(data.values[0])
        generator = np.random.default_rng([seed, 1])
        changes = _changes(self.system, values, domain, candidates, generator)
        points = real_examples(self.system, _POINTS, generator)
        rows = jnp.asarray([change.row for change in changes])
        examples = jnp.asarray(np.stack([change.example for change in changes]))
        judged = jnp.concatenate([points, examples])
        found = sensitivity(law, loss, before, data, rows, examples, judged)
        return float(np.max(np.asarray(found)))


def _changes(
    system: RetrainingSystem,
    values: FloatArray,
    domain: npt.ArrayLike | None,
    candidates: int,
    generator: np.random.Generator,
) -> list[Change]:
    if isinstance(system.family, Categorical):
        number = system.family.law.num_categories
        return category_extremes(values, number, candidates, generator)
    # Generated examples are not held to the domain; where they lie, real ones could.
    inside = values if domain is None else np.clip(values, *np.asarray(domain, float))
    box = domain_of(system, inside, domain)
    return extremes(system.family.law, values, box, candidates, generator)


def _share_of(system: RetrainingSystem) -> float:
    """The real share of a training set.

    Raises
    ------
    ValueError
        When it has none that is constant.
    """
    if not isinstance(system, RetrainingSystem) or system.num_models > 1:
        raise ValueError("the bound is of a RetrainingSystem of one model.")
    if not isinstance(system.policy, (Mix, Replace)) or system.growth:
        raise ValueError(
            "the bound is for a constant share of the same real data: give policy Mix (or Replace, "
            "for none) and growth = 0."
        )
    return system.real_share


def _loss_of(system: RetrainingSystem, loss_range: tuple[float, float] | None, seed: int) -> Loss:
    """The loss, cut to its range."""
    if loss_range is not None:
        if np.shape(loss_range) != (2,):
            raise ValueError(f"loss_range must be (low, high), not {loss_range!r}.")
        low, high = (real(end, "loss_range", -np.inf, np.inf) for end in loss_range)
        if low >= high:
            raise ValueError(f"loss_range must be (low, high), low before high, not {loss_range}.")
        return Loss(jnp.asarray(low), jnp.asarray(high))
    law = system.family.law
    values = real_examples(system, 20_000, np.random.default_rng([seed, 2]))
    each = -np.asarray(law.log_prob(system.optimum(), jnp.asarray(values)))
    mean, reach = np.mean(each), max(_DEVIATIONS * np.std(each), 1.0)
    return Loss(jnp.asarray(mean - reach), jnp.asarray(mean + reach))


def _measured(parts: Gaps, error_chance: float) -> dict[str, FloatArray]:
    """Means over replicates with their standard errors, and the quantile of the gap."""
    gap = np.asarray(parts.shift + parts.of_real + parts.of_generated)
    replicates = gap.shape[1]
    found: dict[str, FloatArray] = {}
    for name, part in (
        (labels.GAP, gap),
        (labels.GAP_SHIFT, parts.shift),
        (labels.GAP_REAL, parts.of_real),
        (labels.GAP_GENERATED, parts.of_generated),
        (labels.GENERATION_ERROR, parts.generation_error),
        (labels.DISTRIBUTION_SHIFT, parts.distribution_shift),
    ):
        values = np.asarray(part)
        found[name] = values.mean(axis=1)
        found[name + labels.OF_ERROR] = values.std(axis=1, ddof=1) / np.sqrt(replicates)
    found[labels.GAP_QUANTILE] = np.quantile(np.abs(gap), 1 - error_chance, axis=1)
    return found


def _bounded(terms: dict[str, Any], generations: int) -> dict[str, Any]:
    """The bound and its terms, by the theorems."""
    share, errors = terms["real_share"], terms["errors"]
    fits = np.arange(1, generations + 1)
    error = float(np.max(errors))
    of_share = {"real_share": share} if share else {}
    suffix = "" if share else "_without_real"
    course = {"generation_error": error, "generations": fits, **of_share}
    constants = {"loss_bound": terms["loss_bound"], **course}
    stable = {"uniform_stability": terms["uniform_stability"]}
    recursive = {"recursive_stability": terms["recursive_stability"]} if share else {}
    nothing = {"generation_error": 0.0}

    def bound(**values: Any) -> FloatArray:
        given = constants | stable | recursive | values
        return np.broadcast_to(number(f"generalization_expected{suffix}", **given), fits.shape)

    none = dict.fromkeys(recursive, 0.0)
    expected = bound()
    shift, uniform = bound(uniform_stability=0.0, **none), bound(**nothing, **none)
    confident = number(
        f"generalization_confidence{suffix}",
        **(constants | {"generation_error": terms["largest_error"]}),
        **stable,
        **recursive,
        **{"num_examples" if share else "num_generated": terms["num_examples"]},
        error_chance=terms["error_chance"],
    )
    return {
        labels.SHIFT_BOUND: number(f"distribution_shift{suffix}", **course),
        labels.SHIFT_SUM: np.array([_shift_sum(errors[:fit], share) for fit in fits]),
        labels.UNIFORM_STABILITY: terms["uniform_stability"],
        labels.TV_STABILITY: terms["recursive_stability"],
        labels.LOSS_BOUND: terms["loss_bound"],
        labels.BOUND_SHIFT: shift,
        labels.BOUND_UNIFORM: uniform,
        labels.BOUND_RECURSIVE: expected - shift - uniform,
        labels.BOUND_EXPECTED: expected,
        labels.BOUND_CONFIDENT: confident,
        labels.BOUND_OVER_RANGE: expected / terms["loss_bound"],
        labels.VACUOUS: expected >= terms["loss_bound"],
    }


def _shift_sum(errors: FloatArray, share: float) -> float:
    """F1 with an error of its own in each fit."""
    return float(
        number(
            "distribution_shift_sum",
            generation_error_at=errors,
            generations=len(errors),
            real_share=share,
        )
    )


def _dataset(values: dict[str, Any], generations: int) -> xr.Dataset:
    data = {
        name: (
            () if np.ndim(value) == 0 else labels.GENERATION,
            value,
            labels.stability_attrs(name),
        )
        for name, value in values.items()
    }
    return xr.Dataset(data, {labels.GENERATION: np.arange(1, generations + 1)})
