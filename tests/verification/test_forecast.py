"""Forecasts cover what comes, and a dose keeps its promise: simulated loops, fitted and followed.

Half of each loop is fitted, the other half is forecast and counted. Loops are independent, and the
generations of one loop are not: coverage is counted over loops, at single generations.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests.toolkit.forecast.made import fit_of
from toolkit import labels
from toolkit.forecast.scoring import binomial_interval
from toolkit.inference import sampler
from toolkit.models import model_of

pytestmark = pytest.mark.slow

_LOOPS = 240
_HALF = 40
_AT = (0, _HALF // 4 - 1, _HALF // 2 - 1, _HALF - 1)
#: P-value of a coverage below which it is called wrong: 1e-4 over the 8 counted of a model.
_LEVEL = 1e-4 / 8
_SIZES = (150, 300, 600)


def _system(index: int, rng: np.random.Generator, images: bool) -> tk.CoevolvingSystem:
    common: dict[str, Any] = {"num_texts": 3 if images else 4, "batch_size": _SIZES[index % 3]}
    if images:
        shrinkage = float(np.exp(0.03 * rng.normal()))
        return tk.CoevolvingSystem.on_unit_circle(
            variance=1.0, text_updates=0, shrinkage_factor=shrinkage, **common
        )
    corpus = tk.CorpusInjection(prob=rng.beta(2, 4), fraction=rng.beta(2, 8))
    return tk.CoevolvingSystem.on_unit_circle(
        variance=0.01, image_updates=0, corpus=corpus, text_probs=[0.4, 0.3, 0.2, 0.1], **common
    )


def _loops(names: list[str], images: bool) -> list[xr.Dataset]:
    rng = np.random.default_rng(81)
    return [
        tk.simulate(
            _system(index, rng, images),
            generations=2 * _HALF,
            replicates=1,
            seed=1000 + index,
            record=names,
            progress=False,
        )
        for index in range(_LOOPS)
    ]


def _coverage(
    model: str,
    loops: list[xr.Dataset],
    variable: str,
    priors: dict[str, Any],
    given: list[dict[str, Any]] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Whether each loop's second half is covered, dims (probability, replicate, generation)."""
    first = [loop.isel({labels.GENERATION: slice(_HALF + 1)}) for loop in loops]
    own = given or [{}] * len(loops)
    evidence = [
        model_of(model).prepare(half, **options, **more)
        for half, more in zip(first, own, strict=True)
    ]
    assert all(one.spec == evidence[0].spec for one in evidence)
    draws = sampler.sample_many(
        model_of(model),
        evidence[0].spec,
        {name: jnp.asarray(p) if isinstance(p, float) else p for name, p in priors.items()},
        sampler.stack([one.data for one in evidence]),
        seed=82,
        num_draws=400,
    )
    scored = []
    for index, (half, loop) in enumerate(zip(first, loops, strict=True)):
        posterior = {name: draws.values[name][index, 0] for name in priors}
        fit = fit_of(model, half, posterior, draws=400, **options, **own[index])
        ahead = tk.forecast(fit, generations=_HALF, variable=variable, seed=83 + index)
        scores = tk.forecast_scores(ahead, loop)
        extra = [d for d in scores[labels.COVERED].dims if d == labels.TEXT]
        one = scores[[labels.COVERED, labels.PIT, labels.CRPS]]
        scored.append(one.isel(dict.fromkeys(extra, 0), drop=True).drop_vars(labels.REPLICATE))
    return xr.concat(scored, labels.REPLICATE, join="override")


def _report_and_require(scored: xr.Dataset, name: str) -> None:
    worst = 1.0
    for probability in scored[labels.PROBABILITY].values:
        for at in _AT:
            covered = scored[labels.COVERED].sel({labels.PROBABILITY: probability})
            hits = int(covered.isel({labels.GENERATION: at}).sum())
            low, high = binomial_interval(hits, _LOOPS)
            p_value = stats.binomtest(hits, _LOOPS, float(probability)).pvalue
            worst = min(worst, float(p_value))
            print(
                f"{name}: {probability:.0%} interval, {at + 1} ahead: {hits / _LOOPS:.3f} "
                f"[{low:.3f}, {high:.3f}] of {_LOOPS}"
            )
    print(f"{name}: mean CRPS {float(scored[labels.CRPS].mean()):.4g}, worst p {worst:.3g}")
    assert worst >= _LEVEL, name


def test_forecasts_of_texts_cover_the_second_half() -> None:
    priors = {
        labels.EFFECTIVE_BATCH_SIZE: dist.LogNormal(np.log(300.0), 0.5),
        labels.TEXT_TEMPERATURE: 1.0,
        labels.INJECTION_PROB: dist.Beta(2.0, 4.0),
        labels.INJECTION_FRACTION: dist.Beta(2.0, 8.0),
    }
    loops = _loops([labels.TEXT_PROBS], images=False)
    sizes = [{"batch_size": _SIZES[index % 3]} for index in range(_LOOPS)]
    scored = _coverage(
        "text_drift", loops, labels.TEXT_DIVERSITY, priors, sizes, likelihood="counts"
    )
    _report_and_require(scored, "text_drift")


def test_forecasts_of_images_cover_the_second_half() -> None:
    priors = {
        labels.EFFECTIVE_BATCH_SIZE: dist.LogNormal(np.log(300.0), 0.6),
        labels.SHRINKAGE_FACTOR: dist.LogNormal(0.0, 0.03),
    }
    names = [labels.IMAGE_MEAN, labels.IMAGE_COV, labels.TEXT_PROBS]
    loops = _loops(names, images=True)
    scored = _coverage(
        "image_contraction", loops, labels.IMAGE_TOTAL_SD, priors, replenishment="none"
    )
    _report_and_require(scored, "image_contraction")


def test_a_dose_keeps_its_promise_in_fresh_loops() -> None:
    """The dose of a fit, given to 200 loops of its posterior by ``simulate``."""
    batch_size, horizon, target, probability, fresh = 300, 40, 0.6, 0.9, 400
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=4,
        variance=0.01,
        batch_size=batch_size,
        image_updates=0,
        text_probs=[0.4, 0.3, 0.2, 0.1],
        corpus=tk.CorpusInjection(prob=0.3, fraction=0.03),
    )
    seen = tk.simulate(
        system, generations=60, replicates=4, seed=84, record=["text_probs"], progress=False
    )
    fit = tk.fit(
        seen,
        model="text_drift",
        seed=85,
        effective_batch_size=float(batch_size),
        text_temperature=1.0,
    )
    for vary in ("injection_fraction", "injection_prob"):
        found = tk.dose(fit, target=target, horizon=horizon, vary=vary, probability=probability)
        amount = float(found.dose_answer)
        rng = np.random.default_rng(86)
        posterior = fit["posterior"].to_dataset().stack(sample=("chain", "draw"))
        kept = 0
        for index in range(fresh):
            one = posterior.isel(sample=int(rng.integers(posterior.sizes["sample"])))
            causes = {n: float(one[n]) for n in ("injection_prob", "injection_fraction")}
            causes[vary] = amount
            corpus = tk.CorpusInjection(
                prob=causes["injection_prob"], fraction=causes["injection_fraction"]
            )
            start = seen.text_probs.isel(replicate=index % 4, generation=-1).values
            run = tk.simulate(
                system.replace(text_probs=start, corpus=corpus),
                generations=horizon,
                replicates=1,
                seed=5000 + index,
                record=["text_diversity"],
                progress=False,
            )
            kept += int(run.text_diversity.values[0, -1] >= target)
        low, high = binomial_interval(kept, fresh)
        print(f"{vary} {amount:.4g}: kept by {kept / fresh:.3f} [{low:.3f}, {high:.3f}]")
        # Its own Monte Carlo error, and that of the fresh loops.
        error = np.sqrt(probability * (1 - probability) * (1 / fresh + 1 / found.attrs["paths"]))
        assert abs(kept / fresh - probability) < 3.5 * error + 0.01, (vary, amount)
