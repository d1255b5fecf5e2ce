"""A fit read back from a file, and as a table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from toolkit import datasets, labels
from toolkit.inference.checks import TAILS, diagnose

_GROUPS = ("posterior", "sample_stats", "observed_data")


def read_fit(path: str | Path) -> xr.DataTree:
    """Read a fit that was saved with :func:`toolkit.save`.

    Parameters
    ----------
    path : str or Path
        Ends in ``.nc`` or ``.zarr``.

    Returns
    -------
    xr.DataTree
        In memory.

    Raises
    ------
    FileNotFoundError
        When there is nothing at the path.
    ValueError
        When it is truncated, of another format, or holds no fit.
    """
    tree = datasets.load_tree(path)
    missing = [group for group in _GROUPS if group not in tree.children]
    if missing or "model" not in tree.attrs:
        lacks = f"it lacks the group {missing[0]}" if missing else "it names no model"
        raise ValueError(f"{path} holds no fit: {lacks}; make one with fit.")
    return tree


def fit_table(fit: xr.DataTree) -> pd.DataFrame:
    """What a fit found: one row for each quantity, or each of its components.

    Parameters
    ----------
    fit : xr.DataTree

    Returns
    -------
    pandas.DataFrame
        Columns mean, sd, the ends and the middle of the central 90 % interval, effective draws
        (bulk and tail) and R-hat; the index names the quantities. Those that were known are left
        out.

    Raises
    ------
    TypeError
        When it is no fit.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> table = tk.fit_table(found)
    >>> bool(table.loc["contraction_factor", "5%"] < 0.9 < table.loc["contraction_factor", "95%"])
    True
    """
    if not isinstance(fit, xr.DataTree) or "posterior" not in fit.children:
        raise TypeError(
            f"expected what fit returns, an xr.DataTree with the group posterior, not "
            f"{type(fit).__name__}; read one from a file with read_fit."
        )
    posterior = fit["posterior"].to_dataset()
    sampled = fit["sample_stats"].to_dataset()
    stats = {name: sampled[name].to_numpy() for name in ("diverging", "energy")}
    levels = (TAILS[0], 0.5, TAILS[1])
    rows = {}
    for name in (name for name in labels.PARAMETERS if name in posterior):
        variable = posterior[name]
        others = [str(dim) for dim in variable.dims if dim not in (labels.CHAIN, labels.DRAW)]
        for component, draws in _components(variable, others):
            if np.ptp(draws) == 0:
                continue
            found = diagnose({name: draws}, stats)
            quantiles = np.quantile(draws, levels)
            rows[f"{name}{component}"] = {
                "mean": draws.mean(),
                "sd": draws.std(ddof=1),
                **{f"{100 * p:.0f}%": q for p, q in zip(levels, quantiles, strict=True)},
                "ess_bulk": found.ess_bulk[name],
                "ess_tail": found.ess_tail[name],
                "r_hat": found.rhat[name],
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def remarks(fit: xr.DataTree) -> tuple[str, ...]:
    """What a reader of a fit must know: how the data were used, and what they do not tell."""
    return tuple(json.loads(fit.attrs.get("remarks", "[]")))


def _components(variable: xr.DataArray, others: list[str]) -> list[tuple[str, np.ndarray]]:
    """Each component's name in brackets and draws, shape (chain, draw)."""
    first = variable.transpose(labels.CHAIN, labels.DRAW, *others)
    if not others:
        return [("", first.values)]
    shape = first.shape[2:]
    return [
        (
            f"[{', '.join(str(first[dim].values[i]) for dim, i in zip(others, at, strict=True))}]",
            first.values[(slice(None), slice(None), *at)],
        )
        for at in np.ndindex(*shape)
    ]
