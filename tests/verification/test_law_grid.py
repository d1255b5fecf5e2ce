"""Both kernels and the twin have one law, over a grid of sizes and options."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import toolkit as tk
from tests import cases, twin
from tests.statistics import combine, level, same_law, same_mean
from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent

pytestmark = pytest.mark.slow

PROBS = {2: [0.85, 0.15], 3: [0.6, 0.35, 0.05], 6: [0.5, 0.2, 0.15, 0.1, 0.04, 0.01]}


def _content(num_texts: int, num_features: int) -> dict[str, UserContent | None]:
    rng = np.random.default_rng(95)
    images = [rng.exponential(size=(4 + k, num_features)) for k in range(num_texts)]
    return {
        "none": None,
        "fresh": UserContent(num_images=2),
        "given": UserContent(num_images=3, images=images),
    }


def _corpus(num_texts: int, num_features: int) -> dict[str, CorpusInjection | None]:
    target = np.arange(1, num_texts + 1) / np.sum(np.arange(1, num_texts + 1))
    return {
        "none": None,
        "fixed": CorpusInjection(prob=0.3, fraction=0.4, target=target),
        "fresh": CorpusInjection(prob=0.5, fraction=0.3, concentration=2.0),
        "new text": CorpusInjection(
            prob=0.5, fraction=0.2, reading="new_text", capacity=num_texts + 2
        ),
        "new text given": CorpusInjection(
            prob=0.5,
            fraction=0.2,
            reading="new_text",
            capacity=num_texts + 1,
            new_text_mean=np.ones(num_features),
            new_text_cov=2 * np.eye(num_features),
        ),
    }


def grid() -> dict[str, CoevolvingSystem]:
    """Every pair of a size and a feature number, with the options dealt out in turn."""
    updates = itertools.cycle([(0, 1), (2, 3), (1, 1), (2, 0), (1, 3)])
    contents = itertools.cycle(["none", "fresh", "given", "none"])
    corpora = itertools.cycle(["none", "fixed", "fresh", "new text", "new text given"])
    others = itertools.cycle([{}, {"text_temperature": 0.8, "shrinkage_factor": 0.7}, {"ddof": 0}])
    systems: dict[str, CoevolvingSystem] = {}
    for num_texts, num_features in itertools.product(PROBS, (1, 2, 3)):
        text_updates, image_updates = next(updates)
        content, corpus = next(contents), next(corpora)
        if content == "given" and corpus.startswith("new text"):
            content = "fresh"
        other: dict[str, Any] = next(others)
        name = (
            f"K={num_texts} d={num_features} M={text_updates} N_t={image_updates} "
            f"content={content} corpus={corpus} {other}"
        )
        systems[name] = cases.system(
            PROBS[num_texts],
            num_features,
            batch_size=40,
            text_updates=text_updates,
            image_updates=image_updates,
            user_content=_content(num_texts, num_features)[content],
            corpus=_corpus(num_texts, num_features)[corpus],
            **other,
        )
    return systems


SYSTEMS = grid() | cases.SYSTEMS


# A reached capacity belongs to the law that is compared.
@pytest.mark.filterwarnings("ignore:the capacity was reached")
@pytest.mark.parametrize("name", SYSTEMS)
def test_kernels_and_twin_have_one_law(name: str) -> None:
    system = SYSTEMS[name]
    record = (
        *("text_probs", "text_diversity", "image_mean", "image_cov", "image_diversity"),
        *("image_fidelity", "image_count", "image_kept", "text_extinct", "text_injected"),
        "capacity_reached",
    )
    run = twin.simulate(system, generations=cases.GENERATIONS, replicates=3000, seed=96)
    expected = cases.statistics({key: run[key] for key in record})
    for method in ("exact", "literal"):
        ours = tk.simulate(
            system,
            generations=cases.GENERATIONS,
            replicates=12_000,
            seed=97,
            method=method,
            record=record,
            progress=False,
        )
        verdict = same_law(cases.statistics(ours), expected)
        verdict.require(level("verification: grid of systems", 2 * len(SYSTEMS)))


def test_concentration_five_percent_off_is_rejected() -> None:
    # With all the mass injected the probabilities are the corpus drawn, and no more.
    def diversity(concentration: float, seed: int) -> np.ndarray:
        corpus = CorpusInjection(
            prob=1.0, fraction=1.0, target=[0.1, 0.2, 0.7], concentration=concentration
        )
        system = cases.system(
            PROBS[3], 2, batch_size=30, text_updates=0, image_updates=0, corpus=corpus
        )
        run = tk.simulate(
            system,
            generations=100,
            replicates=5000,
            seed=seed,
            record=["text_diversity"],
            progress=False,
        )
        return run.text_diversity.values[:, 1:].ravel()

    alpha = level("verification: grid of systems", 2 * len(SYSTEMS))
    # E sum u_i^2 of a Dirichlet law.
    concentration, squares = 5.0, 0.01 + 0.04 + 0.49
    mean = 1 - (concentration * squares + 1) / (concentration + 1)
    sample = diversity(5.0, 98)
    assert abs(sample.mean() - mean) < 5 * sample.std() / np.sqrt(sample.size)
    wrong = combine({"diversity": same_mean(sample, diversity(5.25, 99))})
    assert wrong.p_value < alpha
