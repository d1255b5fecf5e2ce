"""Several models that train on one another's outputs (theory, R5).

Each model takes its generated examples from the others by a matrix of weights W. Beside real data
the network forgets a distance at the rate that its least real data allow, whatever W; without
real data the models agree, and their consensus wanders. Measured here: contraction, errors and
drift against the theorems, and how fast a ring, a star and a complete graph lose diversity.

The co-evolving system of a text and an image model is a sibling: there, too, a model's training
set depends on the other model, but the two are of different kinds.

The full size was measured to take 76 s of processor time, 55 s on two busy cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from studies import _study
from studies._contraction import Contraction, contraction, normal, within
from studies._network_figure import WORDS, figure
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, metrics
from toolkit.simulate import simulate
from toolkit.systems import LinearRegression, Mix, Network, Replace, RetrainingSystem
from toolkit.theory import map_of, number
from toolkit.theory.retraining_network import network_errors, network_radius, stationary_weights


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    Errors and drift are those of a linear regression on an orthogonal design with
    ``num_inputs`` coefficients, where the noise is known; diversity is that of Gaussians.
    ``closed_size`` examples are generated for each closed model and generation.
    """

    num_models: int = 6
    graphs: tuple[str, ...] = ("alone", "ring", "star", "complete")
    ratios: tuple[float, ...] = (0.25, 1.0, 4.0, 16.0)
    ratio: float = 4.0
    num_generated: int = 1200
    num_inputs: int = 4
    label_noise: float = 1.0
    closed_size: int = 60
    generations: int = 60
    closed_generations: int = 150
    replicates: int = 2000
    closed_replicates: int = 1000
    contraction_generations: int = 12
    contraction_replicates: int = 20
    anchored_generations: int = 90
    endless: int = 10**9
    seed: int = 31


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "ratios": (1.0, 8.0),
    "replicates": 400,
    "closed_replicates": 200,
    "closed_generations": 80,
    "generations": 30,
}

#: Standard errors beyond which a mean is apart; the worst of hundreds is held to it.
CRITICAL = 4.5


class _Errors(NamedTuple):
    """Fluctuation of the models about where they settle, simulated and predicted.

    ``mean`` is over models, with its error; ``worst`` the largest score of any entry of the
    matrix at the last generation.
    """

    mean: np.ndarray
    error: np.ndarray
    predicted: np.ndarray
    worst: float
    products: np.ndarray


class _Closed(NamedTuple):
    """A network without real data: the drift of its consensus, and its diversity.

    Diversities and slopes of their logarithms are those of ddof 0 and ddof 1.
    """

    drift: np.ndarray
    drift_error: np.ndarray
    predicted: float
    diversity: np.ndarray
    slope: np.ndarray
    slope_error: np.ndarray


class _Runs(NamedTuple):
    """All that was computed, by graph."""

    contractions: Mapping[tuple[str, float], Contraction]
    mapped: Mapping[str, float]
    errors: Mapping[str, _Errors]
    closed: Mapping[str, _Closed]
    anchored: Mapping[str, Contraction]


def graph(name: str, size: int) -> np.ndarray:
    """Weights of a network; every model takes half of its examples from itself, or all.

    Examples
    --------
    >>> graph("star", 3).tolist()
    [[0.5, 0.25, 0.25], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]
    """
    own = np.eye(size)
    if name == "alone":
        return own
    others = {
        "ring": np.roll(own, 1, axis=1),
        "complete": (1 - own) / (size - 1),
        "star": np.vstack([(1 - own[0]) / (size - 1), np.tile(own[0], (size - 1, 1))]),
    }
    return np.asarray((own + others[name]) / 2)


def run(config: Config) -> Result:
    """Simulate networks with real data and without, compare, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    runs = _Runs(
        contractions={
            (name, ratio): _contraction(config, name, ratio)
            for name in config.graphs
            for ratio in config.ratios
        },
        mapped={name: _mapped(config, name) for name in config.graphs},
        errors={name: _errors(config, name) for name in config.graphs},
        closed={name: _closed(config, name) for name in config.graphs},
        anchored={name: _fed(config, name) for name in config.graphs if name != "alone"},
    )
    return Result(
        data=_data(config, runs),
        figure=figure(config, runs),
        finding=_finding(config, runs),
        verdicts=_verdicts(config, runs),
    )


def _contraction(config: Config, name: str, ratio: float) -> Contraction:
    """All models have real data."""
    network = Network(weights=graph(name, config.num_models))
    return _contracted(config, network, ratio, config.contraction_generations, first=1)


def _fed(config: Config, name: str) -> Contraction:
    """The first model alone has real data; once the faster directions have died away."""
    alone = np.eye(config.num_models)[0]
    network = Network(weights=graph(name, config.num_models), real_weights=alone)
    generations = config.anchored_generations
    return _contracted(config, network, config.ratio, generations, first=generations // 2)


def _contracted(
    config: Config, network: Network, ratio: float, generations: int, *, first: int
) -> Contraction:
    system = RetrainingSystem(
        family=normal(0.0, 1.0),
        real=normal(0.0, 1.0),
        policy=Mix(),
        num_real=round(config.endless / ratio),
        num_generated=config.endless,
        real_seed=config.seed,
        network=network,
    )
    return contraction(
        system,
        (normal(0.1, 1.2), normal(-0.1, 0.9)),
        generations=generations,
        replicates=config.contraction_replicates,
        seed=config.seed,
        first=first,
    )


def _mapped(config: Config, name: str) -> float:
    """Largest difference of the map's eigenvalues from those of ``beta W``, each twice."""
    weights = graph(name, config.num_models)
    system = RetrainingSystem(
        family=normal(0.0, 1.0),
        policy=Mix(),
        num_real=1000,
        num_generated=round(1000 * config.ratio),
        network=Network(weights=weights),
    )
    retraining = map_of(system)
    jacobian = retraining.jacobian(retraining.optimum)
    expected = np.kron(_share(config.ratio) * weights, np.eye(2))
    return float(np.max(np.abs(jacobian - expected)))


def _share(ratio: float) -> float:
    return float(number("retraining_jacobian_well_specified", synthetic_ratio=ratio))


def _regressions(config: Config, name: str, **changes: Any) -> RetrainingSystem:
    return RetrainingSystem(
        family=LinearRegression(
            coef=np.zeros(config.num_inputs), noise_sd=config.label_noise, inputs="orthogonal"
        ),
        network=Network(weights=graph(name, config.num_models)),
        **changes,
    )


def _variance(config: Config) -> float:
    """V of a regression: the noise in all coefficients together."""
    return config.label_noise**2 * config.num_inputs


def _errors(config: Config, name: str) -> _Errors:
    """Replicates share their real examples: their covariance is that of the sampling alone."""
    system = _regressions(
        config,
        name,
        policy=Mix(),
        num_real=round(config.num_generated / config.ratio),
        num_generated=config.num_generated,
        real_seed=config.seed,
    )
    simulated = simulate(
        system,
        generations=config.generations,
        replicates=config.replicates,
        seed=config.seed,
        record=(labels.MODEL_LOCATION,),
        progress=False,
    )
    located = simulated[labels.MODEL_LOCATION].values
    apart = (located - located.mean(axis=0)) * np.sqrt(len(located) / (len(located) - 1))
    own = metrics.mean_over_replicates(np.mean(np.sum(np.square(apart), axis=-1), axis=-1))
    products = np.einsum("rif,rjf->rij", apart[:, -1], apart[:, -1])
    last = metrics.mean_over_replicates(products)
    predicted = network_errors(
        graph(name, config.num_models),
        np.full(config.num_models, _share(config.ratio)),
        num_generated=config.num_generated,
        real_variance=_variance(config),
        generations=config.generations,
    )
    off = within(last.value, last.standard_error, predicted[-1])
    mean = np.trace(predicted, axis1=1, axis2=2) / config.num_models
    return _Errors(own.value, own.standard_error, mean, float(off.max()), last.value)


def _closed(config: Config, name: str) -> _Closed:
    same: dict[str, Any] = {
        "policy": Replace(),
        "num_real": config.closed_size,
        "num_generated": config.closed_size,
        "first_fit": False,
    }
    size = config.num_models
    generations, replicates = config.closed_generations, config.closed_replicates
    arguments: dict[str, Any] = {
        "generations": generations,
        "replicates": replicates,
        "seed": config.seed,
    }
    located = simulate(
        _regressions(config, name, **same),
        record=(labels.MODEL_LOCATION,),
        progress=False,
        **arguments,
    )[labels.MODEL_LOCATION].values
    # Alone there is no consensus: one model stands for all.
    weights = np.eye(size)[0] if name == "alone" else stationary_weights(graph(name, size))
    consensus = np.sum(np.square(np.einsum("m,rgmf->rgf", weights, located)), axis=-1)
    drift = metrics.mean_over_replicates(consensus)
    lost = [_diversity(config, name, ddof, same, arguments) for ddof in (0, 1)]
    step = number(
        "network_consensus_step",
        num_generated=config.closed_size,
        real_variance=_variance(config),
        num_models=size,
        stationary_weights=weights,
        consensus_error=0.0,
    )
    return _Closed(
        drift=drift.value,
        drift_error=drift.standard_error,
        predicted=float(step),
        diversity=np.stack([one[0] for one in lost]),
        slope=np.asarray([one[1].value for one in lost]),
        slope_error=np.asarray([one[1].standard_error for one in lost]),
    )


def _diversity(
    config: Config, name: str, ddof: int, same: dict[str, Any], arguments: dict[str, Any]
) -> tuple[np.ndarray, metrics.Mean]:
    """Typical diversity by generation, and the slope of its logarithm over the second half."""
    system = RetrainingSystem(
        family=normal(0.0, 1.0, ddof),
        network=Network(weights=graph(name, config.num_models)),
        **same,
    )
    diversity = simulate(system, record=(labels.MODEL_DIVERSITY,), progress=False, **arguments)
    logs = np.log(diversity[labels.MODEL_DIVERSITY].values).mean(axis=-1)
    half = config.closed_generations // 2
    slope = (logs[:, -1] - logs[:, half]) / (config.closed_generations - half)
    return np.exp(logs.mean(axis=0)), metrics.mean_over_replicates(slope)


def _anchored(config: Config, name: str) -> float:
    """Spectral radius by theory where one model alone has real data."""
    shares = np.ones(config.num_models)
    shares[0] = _share(config.ratio)
    return network_radius(graph(name, config.num_models), shares)


def _data(config: Config, runs: _Runs) -> xr.DataTree:
    models = ("model", "model_alt")
    groups = {}
    for name in config.graphs:
        errors, closed = runs.errors[name], runs.closed[name]
        factors = [runs.contractions[name, ratio] for ratio in config.ratios]
        groups[name] = xr.Dataset(
            {
                "weights": (models, graph(name, config.num_models)),
                "contraction": ("ratio", [one.factor for one in factors]),
                "contraction_error": ("ratio", [one.standard_error for one in factors]),
                "synthetic_ratio": ("ratio", np.asarray(config.ratios)),
                "error": (labels.GENERATION, errors.mean),
                "error_predicted": (labels.GENERATION, errors.predicted),
                "products": (models, errors.products),
                "consensus_error": ("closed_generation", closed.drift),
                "model_diversity": (("ddof", "closed_generation"), closed.diversity),
            },
            attrs={
                "consensus_drift": closed.predicted,
                "log_diversity_slope": closed.slope.tolist(),
            },
        )
    return xr.DataTree.from_dict(groups)


def _finding(config: Config, runs: _Runs) -> str:
    rows = "; ".join(
        f"{WORDS[name]}: {one.mean[-1]:.2e} +- {one.error[-1]:.1e} ({one.predicted[-1]:.2e})"
        for name, one in runs.errors.items()
    )
    drifts = "; ".join(
        f"{WORDS[name]}: {one.drift[-1] / config.closed_generations:.4f} +- "
        f"{one.drift_error[-1] / config.closed_generations:.4f} ({one.predicted:.4f})"
        for name, one in runs.closed.items()
    )
    slopes = "; ".join(
        f"{WORDS[name]}: {one.slope[0]:.5f} +- {one.slope_error[0]:.5f} and {one.slope[1]:.5f} +- "
        f"{one.slope_error[1]:.5f}"
        for name, one in runs.closed.items()
    )
    anchored = {name: _anchored(config, name) for name in config.graphs}
    fed = "; ".join(
        f"{WORDS[name]}: {one.factor:.4f} ({anchored[name]:.4f})"
        for name, one in runs.anchored.items()
    )
    return (
        f"{config.num_models} models take half of their generated examples from themselves and "
        f"half from their neighbours (or all from themselves). With {config.ratio:g} generated "
        f"examples for each real one, the mean squared distance of a model from where it settles "
        f"comes to (in brackets: the theorem) {rows}. Without real data the mean squared distance "
        f"of the consensus grows in each generation, over {config.closed_generations} of them, by "
        f"{drifts}; the log diversity of a Gaussian changes in each generation of the second half "
        f"by, with denominator n and with n - 1, {slopes} (measured; no theorem): models that "
        f"disagree widen the training sets of one another. If only one model has real data, a "
        f"distance is multiplied in each generation by (in brackets: the spectral radius) {fed}: a "
        f"share of real data spreads along the network, and reaches none who stands alone. The "
        f"co-evolving system of a text and an image model is a sibling: there, too, a "
        f"model's training set depends on the other model, but the two are of different kinds and "
        f"have no parameters in common that exchange could average."
    )


def _verdicts(config: Config, runs: _Runs) -> dict[str, Verdict]:
    factors = {
        key: (one.factor, one.standard_error, _share(key[1]))
        for key, one in runs.contractions.items()
    }
    apart = max(abs(found - share) for found, _, share in factors.values())
    scores = {name: one.worst for name, one in runs.errors.items()}
    drift = max(
        float(within(one.drift[-1], one.drift_error[-1],
                     one.predicted * config.closed_generations))
        for one in runs.closed.values()
    )  # fmt: skip
    slopes = {name: one.slope for name, one in runs.closed.items()}
    anchored = {name: _anchored(config, name) for name in config.graphs}
    connected = [radius for name, radius in anchored.items() if name != "alone"]
    apart_fed = max(abs(one.factor - anchored[name]) for name, one in runs.anchored.items())
    return {
        "A network is as stable as its model with least real data (R5)": Verdict(
            HOLDS if apart < 1e-3 and max(runs.mapped.values()) < 1e-8 else FAILS,
            f"{len(factors)} networks: measured contraction at most {apart:.1e} from "
            f"lambda/(1 + lambda); the map's Jacobian at most {max(runs.mapped.values()):.0e} "
            "from beta W in any entry.",
        ),
        "Errors follow E' = D E D' + noise (network_location_step)": Verdict(
            HOLDS if max(scores.values()) < CRITICAL else FAILS,
            f"All {config.num_models**2} products of each graph at generation "
            f"{config.generations}: at most {max(scores.values()):.1f} standard errors off.",
        ),
        "Without real data the consensus drifts by V/n times the sum of pi^2": Verdict(
            HOLDS if drift < CRITICAL else FAILS,
            f"After {config.closed_generations} generations at most {drift:.1f} standard errors "
            "off.",
        ),
        "Exchange slows the loss of diversity": Verdict(
            _slowed(slopes),
            ", ".join(f"{WORDS[name]} {a:.5f} and {b:.5f}" for name, (a, b) in slopes.items())
            + " per generation in logs, with denominator n and n - 1; where a slope is positive, "
            "the disagreement of the models makes their diversity grow.",
        ),
        "One model with real data holds all that learn from it": Verdict(
            HOLDS if max(connected) < 1 and apart_fed < 5e-3 else FAILS,
            f"Distances shrink by factors between {min(connected):.4f} and {max(connected):.4f} in "
            f"the connected networks (measured at most {apart_fed:.0e} away), instead of "
            f"{_share(config.ratio):.4f} if all had real data.",
        ),
    }


def _slowed(slopes: Mapping[str, np.ndarray]) -> str:
    """It slows the loss; a caveat where it turns it into growth."""
    alone = slopes["alone"]
    others = np.stack([slope for name, slope in slopes.items() if name != "alone"])
    if not np.all(others > alone):
        return FAILS
    return CAVEAT if np.any(others > 0) else HOLDS


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("network_of_models", argv)


if __name__ == "__main__":
    raise SystemExit(main())
