"""What the study of recursive stability measures: grids, families, and a loop of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import toolkit as tk
from toolkit import labels
from toolkit.systems import RetrainingSystem
from toolkit.systems.families import Family
from toolkit.theory import predicted_stability
from toolkit.theory.in_context import closed_form_transformer

GAUSSIAN, REGRESSION = "Gaussian, variance known", "regression, orthogonal design"
#: Families whose fits are smooth averages, one that depends on where it begins, one by memory.
FITTED, CATEGORICAL, POISSON = "Gaussian, variance fitted", "categorical", "Poisson"
MIXTURE, WIDE, NARROW = "mixture by EM", "kernel, wide", "kernel, narrow"
#: A trained transformer whose prompt is the training set (its best weights, in closed form).
IN_CONTEXT = "in context, linear attention"


class Cell(NamedTuple):
    """One cell of the grid of closed forms, at all generations.

    Attributes
    ----------
    kind : str
    number : int
        Examples in a training set.
    share : float
        Real ones among them.
    predicted, measured, error : ndarray, shape (generations,)
        Total variation: closed form, two-sample estimate, its standard error.
    replicates : int
    wasserstein : float
        Of one synthetic example, measured over predicted; NaN where there is no closed form.
    """

    kind: str
    number: int
    share: float
    predicted: np.ndarray
    measured: np.ndarray
    error: np.ndarray
    replicates: int
    wasserstein: float


def sized(family: Family, number: int, share: float, **more: Any) -> RetrainingSystem:
    """A loop whose training sets have so many examples, a share of them real."""
    real = round(share * number)
    policy = tk.Mix() if real else tk.Replace()
    return tk.RetrainingSystem(
        family=family, policy=policy, num_real=real or number, num_generated=number - real, **more
    )


def grid(config: Any) -> Iterator[Cell]:
    """Closed forms against two-sample estimates, over sizes, shares and generations."""
    for kind in (GAUSSIAN, REGRESSION):
        for number in config.sizes:
            for share in config.shares:
                yield _cell(config, kind, number, share)


def _family(kind: str) -> Family:
    if kind == GAUSSIAN:
        return tk.Gaussian(mean=np.zeros(1), cov=np.eye(1), known_cov=True)
    return tk.LinearRegression(coef=np.array([1.0, -1.0]), noise_sd=1.0, inputs="orthogonal")


def _cell(config: Any, kind: str, number: int, share: float) -> Cell:
    """The first example's last number moves from one end of the domain to the other."""
    system = sized(_family(kind), number, share)
    data = _real_data(kind, system.num_real, config)
    other = data.copy()
    data[0, -1], other[0, -1] = -config.reach, config.reach
    pair = [
        _synthetic_means(system.replace(real_data=one), config.generations, config.replicates,
                         config.seed)
        for one in (data, other)
    ]  # fmt: skip
    apart = tk.paired_distance(*pair, variable=labels.MODEL_LOCATION)
    predicted = predicted_stability(
        system, generations=config.generations, before=data[0], after=other[0]
    )
    shifted = float(apart[labels.WASSERSTEIN_COUPLED][0])
    return Cell(
        kind=kind,
        number=number,
        share=share,
        predicted=predicted.total_variation.values,
        measured=apart[labels.TV_HELD_OUT].values,
        error=apart[labels.TV_HELD_OUT + labels.OF_ERROR].values,
        replicates=config.replicates,
        wasserstein=shifted / float(predicted.wasserstein[0])
        if labels.WASSERSTEIN in predicted
        else float("nan"),
    )


def _real_data(kind: str, number: int, config: Any) -> np.ndarray:
    """Examples of the family inside the domain."""
    generator = np.random.default_rng(config.seed)
    label = generator.normal(size=number)
    inputs = np.zeros((number, 0))
    if kind == REGRESSION:
        inputs = np.linalg.qr(generator.normal(size=(number, 2)))[0] * np.sqrt(number)
        label = inputs @ [1.0, -1.0] + label
    return np.column_stack([inputs, np.clip(label, -config.reach, config.reach)])


def _synthetic_means(
    system: RetrainingSystem, generations: int, replicates: int, seed: int
) -> xr.Dataset:
    """Fits to what each generation generates alone: the later model without its real share."""
    simulated = tk.simulate(
        system,
        generations=generations + 1,
        replicates=replicates,
        seed=seed,
        record=[labels.MODEL_LOCATION],
    )
    fits = simulated[labels.MODEL_LOCATION]
    share = system.real_share
    later = fits.isel({labels.GENERATION: slice(1, None)}).values
    first = fits.isel({labels.GENERATION: slice(0, 1)}).values
    alone = (later - share * first) / (1 - share)
    kept = fits.isel({labels.GENERATION: slice(0, -1)})
    return kept.copy(data=alone).to_dataset()


class Measured(NamedTuple):
    """Recursive stability of one family at one size and share.

    Attributes
    ----------
    kind : str
    number : int
    share : float
    found : Dataset
        Of :func:`toolkit.recursive_stability`.
    """

    kind: str
    number: int
    share: float
    found: xr.Dataset


def family_of(kind: str, number: int, seed: int) -> tuple[Family, list[list[float]] | None]:
    """A family and the domain in which its examples may move."""
    line = [[-3.0], [3.0]]
    if kind == FITTED:
        return tk.Gaussian(mean=np.zeros(1), cov=np.eye(1)), line
    if kind == GAUSSIAN:
        return _family(GAUSSIAN), line
    if kind == CATEGORICAL:
        return tk.Categorical(probs=np.array([0.4, 0.3, 0.2, 0.1])), None
    if kind == POISSON:
        return tk.ExponentialFamily(member="poisson", values=np.array([4.0])), [[0.0], [12.0]]
    if kind == IN_CONTEXT:
        weights = closed_form_transformer(
            num_inputs=2, context=number, layers=1, prior_variance=1.0, noise_sd=1.0
        )
        family = tk.InContextRegression(
            coef=np.array([1.0, -1.0]),
            noise_sd=1.0,
            projection=np.asarray(weights.projection),
            key_query=np.asarray(weights.key_query),
        )
        return family, None
    if kind == MIXTURE:
        return (
            tk.GaussianMixture(weights=np.full(2, 0.5), means=np.array([[-2.0], [2.0]]),
                               covs=np.ones((2, 1, 1))),
            [[-5.0], [5.0]],
        )  # fmt: skip
    points = np.random.default_rng(seed).normal(size=(number, 1)).clip(-3, 3)
    bandwidth = {WIDE: 0.5, NARROW: 0.01}[kind]
    return tk.KernelDensity(points=points, bandwidth=bandwidth), line


def grouped(group: str, several: Iterable[Any]) -> dict[str, xr.Dataset]:
    """What was found of each, by a path made of its family, size and share."""
    found = {}
    for one in several:
        name = f"{one.kind}_{one.number}_{one.share:g}".replace(".", "p").replace(",", "")
        found[f"{group}/{name.replace(' ', '_')}"] = one.found
    return found


def families(config: Any) -> Iterator[Measured]:
    """Every family at one size, with and without real data."""
    for kind in config.kinds:
        for share in config.family_shares:
            yield measured(config, kind, config.family_size, share, config.family_generations)


def growing(config: Any) -> Iterator[Measured]:
    """Some families at growing sizes, without real data, at the first generations."""
    for kind in config.growing_kinds:
        for number in config.growing_sizes:
            yield measured(config, kind, number, 0.0, 1)


def measured(config: Any, kind: str, number: int, share: float, generations: int) -> Measured:
    """Recursive stability of one family."""
    family, domain = family_of(kind, number, config.seed)
    real = tk.Gaussian(mean=np.zeros(1), cov=np.eye(1)) if kind in (WIDE, NARROW) else None
    system = sized(family, number, share, real=real)
    found = tk.recursive_stability(
        system,
        generations=generations,
        replicates=config.kernel_pairs if kind in (WIDE, NARROW) else config.pairs,
        seed=config.seed,
        domain=domain,
        candidates=config.candidates,
        typical=config.typical,
    )
    return Measured(kind, number, share, found)


def texts(config: Any) -> xr.Dataset:
    """A loop of texts and images: one of the real images pooled into it moves."""
    rng = np.random.default_rng(config.seed)
    images = rng.normal(size=(2, config.text_images, 2)).clip(-2, 2)
    images[1] += 2
    other = images.copy()
    images[0, 0], other[0, 0] = (-2.0, -2.0), (2.0, 2.0)
    pair = []
    for given in (images, other):
        system = tk.CoevolvingSystem(
            text_probs=np.full(2, 0.5),
            image_mean=given.mean(axis=1),
            image_cov=np.stack([np.cov(part.T) for part in given]),
            batch_size=config.text_batch,
            user_content=tk.UserContent(num_images=config.text_images, images=list(given)),
        )
        pair.append(
            tk.simulate(system, generations=config.family_generations,
                        replicates=config.text_replicates, seed=config.seed,
                        record=[labels.IMAGE_MEAN])
        )  # fmt: skip
    return tk.paired_distance(*pair, variable=labels.IMAGE_MEAN)
