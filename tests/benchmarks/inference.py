"""What is measured of the inference: effective draws per second, beside other samplers.

All get the same compiled log density of a ``text_drift`` posterior (20 replicates, 200
generations, 5 texts), the same numbers of chains, warm-up steps and draws, and both cores.
Compilation is reported apart, as the first call.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
import nutpie
from arviz_stats.base import array_stats
from nutpie.compiled_pyfunc import from_pyfunc

import toolkit as tk
from tests.benchmarks import measure
from tests.benchmarks.tables import Result
from toolkit.inference import density, sampler
from toolkit.models import model_of

CHAINS, WARMUP, DRAWS = 4, 300, 500
CORES = 2
#: Effective draws per second, beside the better of the others: not more than a fifth below.
LEAST_SHARE = 0.8
LONGEST_FIT = 20.0


def fit_seconds() -> tuple[float, float]:
    """Seconds of a default fit in this process, with compilation, and of another one after it."""
    data = trajectory()
    seconds = []
    for seed in (1, 2):
        start = time.perf_counter()
        tk.fit(data, model="text_drift", seed=seed)
        seconds.append(time.perf_counter() - start)
    return seconds[0], seconds[1]


def trajectory() -> Any:
    """The paper's setting with injections, as the issue of recovery has it."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5,
        variance=0.01,
        batch_size=1000,
        image_updates=0,
        corpus=tk.CorpusInjection(prob=0.2, fraction=0.05),
    )
    return tk.simulate(
        system, generations=200, replicates=20, seed=3, record=["text_probs"], progress=False
    )


def samplers(rounds: int) -> Result:
    """Effective draws per second of three implementations of NUTS."""
    model = model_of("text_drift")
    evidence = model.prepare(trajectory())
    priors = model.priors(evidence)
    target = density.target_of(model, evidence.spec)
    energy = density.potential(target, priors, evidence.data)
    size = density.prior_draw(target, jax.random.key(0), priors, evidence.data)[1].size

    def toolkit(seed: int) -> np.ndarray:
        draws = sampler.Chains(
            model,
            evidence.spec,
            priors,
            evidence.data,
            seed=seed,
            num_chains=CHAINS,
            num_warmup=WARMUP,
        ).draw(DRAWS)
        return np.stack([draws.values[name] for name in priors], axis=-1)

    contenders: dict[str, Callable[[int], np.ndarray]] = {
        "toolkit": toolkit,
        "blackjax": partial(_blackjax, _blackjax_chains(energy), size),
        "nutpie": partial(_nutpie, _nutpie_model(energy, size)),
    }
    first = {name: measure.first_call(work) for name, work in contenders.items()}
    effective: dict[str, list[float]] = {name: [] for name in contenders}

    def counted(name: str, seed: int) -> None:
        start = time.perf_counter()
        draws = contenders[name](seed)
        seconds = time.perf_counter() - start
        least = min(
            float(array_stats.ess(draws[..., at], method="bulk")) for at in range(draws.shape[-1])
        )
        effective[name].append(least / seconds)

    timings = measure.interleaved({name: partial(counted, name) for name in contenders}, rounds)
    ratios = {
        f"effective draws per second, toolkit / {name}": _quartiles(
            np.array(effective["toolkit"]) / np.array(effective[name])
        )
        for name in ("blackjax", "nutpie")
    }
    cold, warm = fit_seconds()
    medians = {name: float(np.median(values)) for name, values in effective.items()}
    better = max(medians["blackjax"], medians["nutpie"])
    title = "NUTS on one log density: " + ", ".join(
        f"{name} {value:.0f} effective draws/s" for name, value in medians.items()
    )
    return Result(
        f"{title}; a whole fit {cold:.1f} s, again {warm:.1f} s",
        first,
        timings,
        ratios,
        {
            "effective draws per second at least .8 of the better of blackjax and nutpie": (
                medians["toolkit"] >= LEAST_SHARE * better
            ),
            f"a whole fit with compilation in under {LONGEST_FIT:.0f} s": cold < LONGEST_FIT,
        },
    )


def _quartiles(ratios: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def _blackjax_chains(energy: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Two chains, one after the other, in one program: window adaptation, then NUTS."""

    def log_density(at: Any) -> Any:
        return -energy(at)

    def chain(key: Any, start: Any) -> Any:
        key_warm, key_run = jax.random.split(key)
        warmup = blackjax.window_adaptation(
            blackjax.nuts, log_density, is_mass_matrix_diagonal=False
        )
        (state, parameters), _ = warmup.run(key_warm, start, num_steps=WARMUP)
        step = blackjax.nuts(log_density, **parameters).step

        def draw(state: Any, key: Any) -> Any:
            state, _ = step(key, state)
            return state, state.position

        return jax.lax.scan(draw, state, jax.random.split(key_run, DRAWS))[1]

    return jax.jit(lambda keys, starts: jax.lax.map(lambda one: chain(*one), (keys, starts)))


def _blackjax(chains: Callable[[Any, Any], Any], size: int, seed: int) -> np.ndarray:
    keys = jax.random.split(jax.random.key(seed), CHAINS).reshape(CORES, -1)
    starts = 0.1 * jax.random.normal(jax.random.key(seed + 1), (*keys.shape, size))
    with ThreadPoolExecutor(CORES) as pool:
        parts = pool.map(lambda one: np.asarray(chains(*one)), zip(keys, starts, strict=True))
        return np.concatenate(list(parts))


def _nutpie_model(energy: Callable[[Any], Any], size: int) -> Any:
    value_and_slope = jax.jit(jax.value_and_grad(lambda at: -energy(at)))

    def make_log_density() -> Callable[..., Any]:
        def log_density(at: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = value_and_slope(at)
            return float(value), np.asarray(slope)

        return log_density

    def make_expand(*_: Any) -> Callable[..., Any]:
        return lambda at: {"at": np.asarray(at)}

    return from_pyfunc(
        ndim=size,
        make_logp_fn=make_log_density,
        make_expand_fn=make_expand,
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(size,)],
        expanded_names=["at"],
        make_initial_point_fn=lambda seed: 0.1 * np.random.default_rng(seed).normal(size=size),
    )


def _nutpie(model: Any, seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = nutpie.sample(
            model,
            draws=DRAWS,
            tune=WARMUP,
            chains=CHAINS,
            cores=CORES,
            seed=seed,
            progress_bar=False,
            save_warmup=False,
        )
    return np.asarray(jnp.asarray(found.posterior["at"].values))
