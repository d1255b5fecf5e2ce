"""One small fit, what a report finds in it, and its page: made once for all tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.report import Findings, Request, gather, page

#: A name that must not become HTML.
HOSTILE = "<b>cat</b> & 'dog'"


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a small loop's captions: drift alone, one text with a hostile name."""
    rng = np.random.default_rng(3)
    rows = []
    for replicate in range(3):
        probs = np.full(4, 0.25)
        for generation in range(21):
            if generation != 7:  # a gap
                named = zip((HOSTILE, "b", "c", "d"), probs, strict=True)
                rows += [(replicate, generation, text, prob) for text, prob in named]
            probs = rng.multinomial(60, probs) / 60
    columns = ["replicate", "generation", "text", "text_probs"]
    path = tmp_path_factory.mktemp("report") / "loop <1>.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def found(table: Path) -> Findings:
    """Return what is found in a fit of it, saved beside it as ``fit.nc``."""
    fit = tk.fit(table, model="text_drift", seed=1, num_chains=2, num_draws=300, injection_prob=0)
    path = tk.save(fit, table.with_name("fit.nc"))
    return gather(Request(source=path, below=0.45, horizon=15))


@pytest.fixture(scope="session")
def written(found: Findings) -> str:
    """Return its page."""
    return page(found, Path("report.html"))
