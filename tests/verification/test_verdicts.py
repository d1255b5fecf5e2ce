"""Theory and simulation agree on systems nobody chose: every verdict over random systems."""

import contextlib

import numpy as np
import pytest

import toolkit as tk
from tests.statistics import level

SYSTEMS = 24
#: The chance of any alarm in a table of verdicts; each system has two.
FALSE_ALARM = level("theory and comparison", 2 * SYSTEMS)


def random_system(seed: int) -> tk.CoevolvingSystem:
    """A system of random size, shape and options."""
    rng = np.random.default_rng(seed)
    num_texts, num_features = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    root = rng.normal(size=(num_texts, num_features, num_features)) + 1.5 * np.eye(num_features)
    corpus = rng.choice(
        [
            None,
            None,
            tk.CorpusInjection(prob=rng.uniform(), fraction=rng.uniform(0, 0.5)),
            tk.CorpusInjection(prob=rng.uniform(), fraction=0.2, concentration=3.0),
            tk.CorpusInjection(prob=0.2, fraction=0.1, reading="new_text"),
        ]
    )
    content = rng.choice([None, None, tk.UserContent(num_images=int(rng.integers(1, 8)))])
    return tk.CoevolvingSystem(
        text_probs=rng.dirichlet(np.full(num_texts, 1.5)),
        image_mean=2 * rng.normal(size=(num_texts, num_features)),
        image_cov=root @ root.transpose(0, 2, 1) * rng.choice([0.01, 1.0]),
        batch_size=int(rng.integers(8, 200)),
        text_updates=int(rng.integers(0, 3)),
        image_updates=int(rng.integers(0, 3)),
        ddof=int(rng.choice([1, 1, 0])),
        min_images=num_features + int(rng.integers(1, 6)),
        shrinkage_factor=float(rng.choice([1.0, 1.0, 0.9])),
        text_temperature=float(rng.choice([1.0, 1.0, 0.9])),
        corpus=corpus,
        user_content=content,
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SYSTEMS))
def test_no_verdict_contradicts_the_theory(seed: int) -> None:
    system = random_system(seed)
    generations = 30
    simulated = tk.simulate(system, generations=generations, replicates=1000, seed=seed)
    few = simulated.isel(replicate=slice(100))
    comparisons = []
    with contextlib.suppress(tk.theory.NothingPredictedError):
        predicted = tk.predict(system, generations=generations)
        comparisons.append(tk.compare(simulated, predicted, false_alarm=FALSE_ALARM))
    with contextlib.suppress(tk.theory.NothingPredictedError):
        comparisons.append(tk.compare(few, tk.predict(few), false_alarm=FALSE_ALARM))
    for comparison in comparisons:
        verdicts = tk.verdict_table(comparison)
        alarms = verdicts[verdicts.verdict.isin(["disagrees", "violated"])]
        assert alarms.empty, f"{system}\n{alarms.to_string()}"
