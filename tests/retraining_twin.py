"""The twin of the retraining loop, in plain NumPy from the docstrings of families and policies.

Slow and obvious on purpose, and independent of the toolkit: one replicate, one generation, one
model at a time; every example is drawn, and a training set is a list of them with weights. It
shares with the toolkit only the configuration that it reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.systems import (
    Accumulate,
    Budget,
    Categorical,
    Curated,
    ExponentialFamily,
    Fresh,
    Gaussian,
    GaussianMixture,
    InContextRegression,
    Injected,
    KernelDensity,
    LinearRegression,
    Mix,
    RetrainingSystem,
)

Array = npt.NDArray[Any]
Examples = tuple[Array, Array]
"""Values, one example in each row, and their weights."""


class CategoricalModel:
    """Relative frequencies."""

    fewest = 1

    def __init__(self, probs: Array) -> None:
        self.probs = probs
        self.location = probs
        self.variance = 1 - np.sum(probs**2)

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        return rng.choice(len(self.probs), size=number, p=self.probs)[:, None].astype(float)

    def tempered(self, temperature: float) -> CategoricalModel:
        power = self.probs ** (1 / temperature)
        return CategoricalModel(power / power.sum())

    def fit(self, values: Array, weights: Array) -> CategoricalModel:
        counts = [weights[values[:, 0] == k].sum() for k in range(len(self.probs))]
        return CategoricalModel(np.array(counts) / weights.sum())


class GaussianModel:
    """Mean, and covariance with denominator n - ddof."""

    def __init__(self, mean: Array, cov: Array, ddof: int) -> None:
        self.mean, self.cov, self.ddof = mean, cov, ddof
        self.location, self.variance = mean, np.trace(cov)
        self.fewest = max(len(mean), ddof) + 1

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        z = rng.standard_normal((number, len(self.mean)))
        return self.mean + z @ np.linalg.cholesky(self.cov).T

    def tempered(self, temperature: float) -> GaussianModel:
        return GaussianModel(self.mean, temperature * self.cov, self.ddof)

    def fit(self, values: Array, weights: Array) -> GaussianModel:
        mean, scatter = weighted_mean(values, weights)
        return GaussianModel(mean, scatter / (weights.sum() - self.ddof), self.ddof)


class MeanModel:
    """A one-parameter exponential family whose statistic is the example itself."""

    fewest = 1

    def __init__(self, member: str, mean: float) -> None:
        self.member, self.mean = member, mean
        self.location = np.array([mean])
        self.variance = {
            "poisson": mean,
            "geometric": mean + mean**2,
            "exponential": mean**2,
        }[member]

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        drawn = {
            "poisson": lambda: rng.poisson(self.mean, number),
            "geometric": lambda: rng.geometric(1 / (1 + self.mean), number) - 1,
            "exponential": lambda: rng.exponential(self.mean, number),
        }[self.member]()
        return np.asarray(drawn, float)[:, None]

    def fit(self, values: Array, weights: Array) -> MeanModel | None:
        mean = np.average(values[:, 0], weights=weights)
        return MeanModel(self.member, mean) if mean > 0 else None


class MixtureModel:
    """EM, one example and one component at a time."""

    fewest = 1

    def __init__(self, probs: Array, means: Array, covs: Array, em_steps: int) -> None:
        self.probs, self.means, self.covs, self.em_steps = probs, means, covs, em_steps
        self.location = np.sum(probs[:, None] * means, axis=0)
        apart = means - self.location
        self.variance = sum(
            prob * (np.trace(cov) + one @ one)
            for prob, cov, one in zip(probs, covs, apart, strict=True)
        )

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        chosen = rng.choice(len(self.probs), size=number, p=self.probs)
        z = rng.standard_normal((number, self.means.shape[1], 1))
        return self.means[chosen] + (np.linalg.cholesky(self.covs)[chosen] @ z)[..., 0]

    def fit(self, values: Array, weights: Array) -> MixtureModel:
        model = self
        for _ in range(self.em_steps):
            model = model.em_step(values, weights)
        return model

    def em_step(self, values: Array, weights: Array) -> MixtureModel:
        joint = np.array(
            [
                prob * normal_density(values, mean, cov)
                for prob, mean, cov in zip(self.probs, self.means, self.covs, strict=True)
            ]
        )
        belongs = joint / joint.sum(axis=0) * weights
        means, covs = self.means.copy(), self.covs.copy()
        for k, share in enumerate(belongs):
            if share.sum() >= values.shape[1] + 1:
                means[k], scatter = weighted_mean(values, share)
                covs[k] = scatter / share.sum()
        counts = belongs.sum(axis=1)
        return MixtureModel(counts / counts.sum(), means, covs, self.em_steps)


class KernelModel:
    """The data, and a kernel of ``bandwidth^2`` times their covariance (or the identity)."""

    def __init__(self, points: Array, weights: Array, bandwidth: float, relative: bool) -> None:
        self.points, self.weights = points, weights
        self.bandwidth, self.relative = bandwidth, relative
        self.location, scatter = weighted_mean(points, weights)
        cov = scatter / weights.sum()
        width = points.shape[1]
        self.kernel = bandwidth**2 * (cov if relative else np.eye(width))
        self.variance = np.trace(cov + self.kernel)
        self.fewest = width + 1 if relative and bandwidth else 1

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        share = self.weights / self.weights.sum()
        chosen = self.points[rng.choice(len(share), size=number, p=share)]
        z = rng.standard_normal(chosen.shape)
        return chosen + z @ np.linalg.cholesky(self.kernel).T

    def fit(self, values: Array, weights: Array) -> KernelModel:
        return KernelModel(values, weights, self.bandwidth, self.relative)


class RegressionModel:
    """Least squares; the variance is that of the noise, which is known."""

    def __init__(self, coef: Array, noise_sd: float, inputs: str) -> None:
        self.coef, self.noise_sd, self.inputs = coef, noise_sd, inputs
        self.location, self.variance = coef, noise_sd**2
        self.fewest = len(coef)

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        x = rng.standard_normal((number, len(self.coef)))
        if self.inputs == "orthogonal":
            x = np.sqrt(number) * np.linalg.svd(x, full_matrices=False)[0]
        return np.column_stack([x, x @ self.coef + self.noise_sd * rng.standard_normal(number)])

    def fit(self, values: Array, weights: Array) -> RegressionModel:
        root = np.sqrt(weights)[:, None]
        coef = np.linalg.lstsq(root * values[:, :-1], root[:, 0] * values[:, -1])[0]
        return RegressionModel(coef, self.noise_sd, self.inputs)


class TransformerModel:
    """Attention, layer by layer: what it has made of its prompt, and what it answers."""

    fewest = 1

    def __init__(self, family: InContextRegression) -> None:
        self.family, self.noise_sd = family, family.noise_sd
        self.location, self.variance = family.coef, family.noise_sd**2
        self.layers: list[tuple[Array, Array, Array]] = []
        self.share = np.zeros(0)

    def moved(self, tokens: Array, context: Array, projection: Array, key_query: Array) -> Array:
        scores = tokens @ key_query.T @ context.T
        weight = self.share * scores
        if self.family.attention == "softmax":
            weight = self.share * np.exp(scores)
            weight = weight / weight.sum(axis=1, keepdims=True)
        return tokens + weight @ context @ projection.T

    def answers(self, x: Array) -> Array:
        if not self.layers:
            return x @ self.family.coef
        tokens = np.column_stack([x, np.zeros(len(x))])
        for layer in self.layers:
            tokens = self.moved(tokens, *layer)
        return -tokens[:, -1]

    def sample(self, rng: np.random.Generator, number: int) -> Array:
        x = rng.standard_normal((number, len(self.location)))
        return np.column_stack([x, self.answers(x) + self.noise_sd * rng.standard_normal(number)])

    def fit(self, values: Array, weights: Array) -> TransformerModel:
        model = TransformerModel(self.family)
        model.share, context = weights / weights.sum(), values
        for layer in zip(self.family.projection, self.family.key_query, strict=True):
            model.layers.append((context, *layer))
            context = model.moved(context, context, *layer)
        if self.family.attention == "linear":
            model.location = model.answers(np.eye(len(self.location)))
            return model
        # The regression of the answers on the inputs, of which there are two.
        z, w = np.polynomial.hermite_e.hermegauss(9)
        x = np.array([(a, b) for a in z for b in z])
        weight = np.outer(w, w).ravel() / w.sum() ** 2
        answers = model.answers(x)
        model.location = (weight * answers) @ x
        model.variance += weight @ np.square(answers - x @ model.location)
        return model


def weighted_mean(values: Array, weights: Array) -> tuple[Array, Array]:
    """The mean, and the sum of squares about it."""
    mean = np.sum(weights[:, None] * values, axis=0) / np.sum(weights)
    centred = values - mean
    return mean, (weights[:, None] * centred).T @ centred


def normal_density(values: Array, mean: Array, cov: Array) -> Array:
    """The density of N(mean, cov) at each row."""
    centred = values - mean
    distance = np.sum(centred @ np.linalg.inv(cov) * centred, axis=1)
    return np.exp(-distance / 2) / np.sqrt((2 * np.pi) ** len(mean) * np.linalg.det(cov))


def model_of(family: Any) -> Any:
    """The model that a configuration describes."""
    match family:
        case Categorical():
            return CategoricalModel(family.probs)
        case Gaussian():
            return GaussianModel(family.mean, family.cov, family.ddof)
        case ExponentialFamily():
            value = family.values[0]
            mean = {"poisson": value, "geometric": 1 / value - 1, "exponential": 1 / value}
            return MeanModel(family.member, mean[family.member])
        case GaussianMixture():
            return MixtureModel(family.weights, family.means, family.covs, family.em_steps)
        case KernelDensity():
            ones = np.ones(len(family.points))
            return KernelModel(family.points, ones, family.bandwidth, family.relative)
        case LinearRegression():
            return RegressionModel(family.coef, family.noise_sd, family.inputs)
        case InContextRegression():
            return TransformerModel(family)
    raise TypeError(family)


def joined(*sets: Examples) -> Examples:
    """Training sets as one."""
    return np.concatenate([one[0] for one in sets]), np.concatenate([one[1] for one in sets])


def drawn(model: Any, rng: np.random.Generator, number: int) -> Examples:
    """So many examples of weight 1."""
    return model.sample(rng, number), np.ones(number)


def into_reservoir(
    kept: Examples, seen: int, batch: Examples, size: int, rng: np.random.Generator
) -> Examples:
    """Vitter's algorithm R: one example after another, each in the place of a random one."""
    values, count = list(kept[0]), seen
    for value in batch[0]:
        count += 1
        if len(values) < size:
            values.append(value)
        elif rng.random() < size / count:
            values[rng.integers(size)] = value
    return np.array(values), np.ones(len(values))


def training_set(
    system: RetrainingSystem,
    rng: np.random.Generator,
    real: Examples,
    memory: Examples,
    batch: Examples,
    seen: int,
) -> tuple[Examples, Examples, bool]:
    """The training set, what is kept for later, and whether real data came in by an event."""
    policy, truth = system.policy, model_of(system.truth)
    match policy:
        case Mix():
            return joined(real, batch), memory, False
        case Accumulate():
            memory = joined(memory, batch)
            return memory, memory, False
        case Budget(keep="everything"):
            memory = joined(memory, batch)
            chosen = rng.choice(len(memory[1]), size=policy.size, replace=False)
            return (memory[0][chosen], memory[1][chosen]), memory, False
        case Budget(keep="reservoir"):
            memory = into_reservoir(memory, seen, batch, policy.size, rng)
            return memory, memory, False
        case Budget(keep="latest"):
            values, weights = joined(memory, batch)
            memory = values[-policy.size :], weights[-policy.size :]
            return memory, memory, False
        case Fresh():
            fresh = drawn(truth, rng, policy.num_fresh)
            if policy.weight is not None:
                both = len(fresh[1]) + len(batch[1])
                fresh = fresh[0], np.full(len(fresh[1]), policy.weight * both / len(fresh[1]))
                share = (1 - policy.weight) * both / len(batch[1])
                batch = batch[0], np.full(len(batch[1]), share)
            return joined(fresh, batch), memory, False
        case Curated():
            return joined(real, batch) if policy.with_real else batch, memory, False
        case Injected():
            if rng.random() < policy.prob:
                return joined(batch, drawn(truth, rng, policy.num_fresh)), memory, True
            return batch, memory, False
    return batch, memory, False


def first_memory(system: RetrainingSystem, rng: np.random.Generator, real: Examples) -> Examples:
    """What a policy keeps of the real data."""
    policy = system.policy
    if isinstance(policy, Budget) and policy.keep == "latest":
        return real[0][-policy.size :], real[1][-policy.size :]
    if isinstance(policy, Budget) and policy.keep == "reservoir":
        width = real[0].shape[1]
        return into_reservoir((np.zeros((0, width)), np.zeros(0)), 0, real, policy.size, rng)
    return real


def batch_of(
    system: RetrainingSystem, rng: np.random.Generator, models: list[Any], to: int, number: int
) -> Examples:
    """What a model is given of generated examples."""
    shares = np.array([1.0]) if system.network is None else system.network.weights[to]
    ends = np.round(np.cumsum(shares) * number).astype(int)
    counts = np.diff(ends, prepend=0)
    parts = []
    for model, count in zip(models, counts, strict=True):
        if system.temperature != 1:
            model = model.tempered(system.temperature)
        if not isinstance(system.policy, Curated):
            parts.append(drawn(model, rng, count))
            continue
        score = system.policy.score or (1.0,)
        values = []
        for _ in range(count):
            choices = model.sample(rng, system.policy.choices)
            values.append(choices[np.argmax(choices[:, : len(score)] @ np.array(score))])
        parts.append((np.array(values), np.ones(count)))
    return joined(*parts)


def one_replicate(
    system: RetrainingSystem, generations: int, rng: np.random.Generator
) -> list[list[tuple[Any, float, bool, bool]]]:
    """Of each generation and model: the model, training size, whether kept, whether injected."""
    truth, initial = model_of(system.truth), model_of(system.family)
    reals = [drawn(truth, rng, system.num_real) for _ in range(system.num_models)]
    models = [(initial.fit(*real) or initial) if system.first_fit else initial for real in reals]
    memories = [first_memory(system, rng, real) for real in reals]
    seen = system.num_real
    rows = [[(model, 0.0, False, False) for model in models]]
    for generation in range(generations):
        number = round(system.num_generated * (generation + 1) ** system.growth)
        row = []
        for i, model in enumerate(models):
            batch = batch_of(system, rng, models, i, number)
            data, memories[i], came = training_set(system, rng, reals[i], memories[i], batch, seen)
            size = data[1].sum()
            fitted = model.fit(*data) if size >= model.fewest else None
            row.append((fitted or model, size, fitted is None, came))
        models = [one[0] for one in row]
        seen += number
        rows.append(row)
    return rows


def simulate(
    system: RetrainingSystem, *, generations: int, replicates: int, seed: int, best: Any = None
) -> dict[str, Array]:
    """Trajectories, with the toolkit's names; axes (replicate, generation, model).

    ``best`` is the location of the best model, where the family is not right about the data.
    """
    rng = np.random.default_rng(seed)
    best = model_of(system.truth).location if best is None else best
    runs = [one_replicate(system, generations, rng) for _ in range(replicates)]

    def each(of: Any) -> Array:
        return np.array([[[of(*one) for one in row] for row in run] for run in runs])

    return {
        "model_error": each(lambda model, *_: np.sum((model.location - best) ** 2)),
        "model_variance": each(lambda model, *_: model.variance),
        "training_size": each(lambda _, size, *__: size),
        "model_kept": each(lambda _, __, kept, ___: kept),
        "real_data_came": each(lambda *one: one[3]),
    }
