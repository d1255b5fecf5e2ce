"""What cross-validation says of each variant, in numbers, words and a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from toolkit import labels
from toolkit.criticism.folds import FEWEST_REPLICATES, Folds
from toolkit.criticism.variants import Variant

Floats = npt.NDArray[np.float64]

#: Differences below are those of models that predict alike.
LEAST_DIFFERENCE = 4.0
_LEVEL = 0.95


class Judged(NamedTuple):
    """What is known of one variant: log densities of its folds, and how they were found.

    Attributes
    ----------
    elpd, pareto_k : ndarray, shape (number of folds,)
    limit : float
        Of Pareto k.
    refitted : ndarray of bool
    problems : tuple of str
    """

    elpd: Floats
    pareto_k: Floats
    limit: float
    refitted: npt.NDArray[np.bool_]
    problems: tuple[str, ...]


def result_of(
    judged: Mapping[str, Judged],
    folds: Folds,
    variants: Sequence[Variant],
    reference: str | None,
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """The labelled comparison.

    Parameters
    ----------
    judged : mapping
        By variant.
    folds : Folds
    variants : sequence of Variant
    reference : str, optional
        The best unless given.
    attrs : mapping

    Raises
    ------
    ValueError
        When there is no such reference.
    """
    names = list(judged)
    elpd = np.array([judged[name].elpd for name in names])
    total = elpd.sum(axis=1)
    reference = reference or names[int(total.argmax())]
    if reference not in names:
        raise ValueError(f"reference must be one of {', '.join(names)}, not {reference!r}.")
    apart = _differences(elpd, names.index(reference))
    number = elpd.shape[1]
    columns = {
        labels.ELPD: total,
        labels.ELPD_OF_FOLD: elpd,
        labels.ELPD_DIFFERENCE: apart.sum(axis=1),
        labels.ELPD_DIFFERENCE_SE: np.where(
            np.isfinite(apart).all(axis=1),
            np.sqrt(number * np.var(np.where(np.isfinite(apart), apart, 0.0), axis=1, ddof=1)),
            0.0,
        ),
        labels.STACKING_WEIGHT: _stacking(elpd, names),
        labels.PARETO_K: np.array([judged[name].pareto_k for name in names]),
        labels.REFITTED: np.array([judged[name].refitted for name in names]),
    }
    result = xr.Dataset(
        {
            name: (labels.CRITICISM[name].dims, values, labels.CRITICISM[name].attrs)
            for name, values in columns.items()
        },
        coords={labels.VARIANT: names, labels.FOLD: folds.names},
    )
    told = _told(result)
    result.attrs = {
        **attrs,
        "reference": reference,
        "left_out": "block of transitions" if folds.by_block else "replicate",
        "answer": " ".join(_sentences(result, reference, variants, told)),
        "warnings": json.dumps(_warnings(result, judged, folds, told, reference)),
    }
    return result


def _differences(elpd: Floats, reference: int) -> Floats:
    """Differences from the reference by fold; of what cannot be -inf as a whole."""
    whole = np.where(np.isfinite(elpd).all(axis=1)[:, None], elpd, -np.inf)
    if not np.isfinite(whole[reference]).all():
        raise ValueError(
            "under the reference the data are impossible: nothing can be compared with it; give "
            "another reference=, or mend the data."
        )
    return np.asarray(whole - whole[reference])


def _stacking(elpd: Floats, names: Sequence[str]) -> Floats:
    """Stacking weights, by ArviZ, of the variants under which the data are possible.

    Only differences within a fold count: they are what is handed over, so that none overflows.
    """
    from arviz_stats import compare
    from arviz_stats.utils import ELPDDataLOO

    weights = np.zeros(len(names))
    able = np.flatnonzero(np.isfinite(elpd).all(axis=1))
    weights[able] = 1 / len(able)
    if len(able) < 2:
        return weights
    those = [names[int(at)] for at in able]
    shifted = elpd[able] - elpd[able].max(axis=0)
    table = compare(
        {
            name: ELPDDataLOO(
                elpd=float(row.sum()),
                se=0.0,
                p=0.0,
                n_samples=1,
                n_data_points=len(row),
                scale="log",
                warning=False,
                good_k=0.7,
                elpd_i=xr.DataArray(row, dims=labels.FOLD),
            )
            for name, row in zip(those, shifted, strict=True)
        },
        round_to="none",
    )
    found = np.clip(table["weight"].reindex(those).to_numpy(float), 0, 1)
    weights[able] = found / found.sum()
    return weights


def _told(result: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Which differences the data tell."""
    size = abs(result[labels.ELPD_DIFFERENCE].values)
    errors = stats.t.ppf(0.5 + _LEVEL / 2, result.sizes[labels.FOLD] - 1)
    least = errors * result[labels.ELPD_DIFFERENCE_SE].values
    return np.asarray((size > least) & (size > LEAST_DIFFERENCE))


def _sentences(
    result: xr.Dataset,
    reference: str,
    variants: Sequence[Variant],
    told: npt.NDArray[np.bool_],
) -> list[str]:
    found = []
    for variant, clear in zip(variants, told, strict=True):
        if variant.name == reference:
            continue
        one = result.sel({labels.VARIANT: variant.name})
        difference = float(one[labels.ELPD_DIFFERENCE])
        numbers = f"elpd {difference:+.1f} +- {float(one[labels.ELPD_DIFFERENCE_SE]):.1f}"
        what = f"without {variant.cause} the model" if variant.cause else f"{variant.name!r}"
        if difference == -np.inf:
            end = f": {variant.cause} is needed." if variant.cause else "."
            found.append(f"under {variant.name!r} the data are impossible{end}")
        elif clear and difference < 0:
            end = f": {variant.cause} is needed." if variant.cause else "."
            found.append(f"{what} predicts worse than {reference!r} ({numbers}){end}")
        elif clear:
            found.append(f"{what} predicts better than {reference!r} ({numbers}).")
        else:
            end = f"; they do not show {variant.cause}" if variant.cause else ""
            found.append(
                f"{what} predicts neither clearly better nor worse than {reference!r} ({numbers}): "
                f"the data cannot tell{end}."
            )
    return [sentence[0].upper() + sentence[1:] for sentence in found]


def _warnings(
    result: xr.Dataset,
    judged: Mapping[str, Judged],
    folds: Folds,
    told: npt.NDArray[np.bool_],
    reference: str,
) -> list[str]:
    found = []
    number = len(folds.replicates)
    if folds.by_block:
        found.append(
            f"replicates are fewer than {FEWEST_REPLICATES} ({number}): blocks of transitions were "
            "left out, which says nothing of how replicates differ, and errors over so few are "
            "rough."
        )
    elif number < 10:
        found.append(f"standard errors rest on {number} replicates only: they are rough.")
    unclear = [
        str(name)
        for name, clear in zip(result[labels.VARIANT].values, told, strict=True)
        if not clear and name != reference
    ]
    if unclear:
        found.append(f"the data cannot tell {', '.join(unclear)} from {reference}.")
    for name, one in judged.items():
        found += [f"{name}: {problem}." for problem in one.problems]
        left = int(((one.pareto_k > one.limit) & ~one.refitted).sum())
        if left:
            found.append(
                f"{name}: importance sampling cannot be trusted for {left} of {folds.number} folds "
                f"(Pareto k above {one.limit:.2f}); give data=, model= and seed= to fit them anew."
            )
    return found


def comparison_table(result: xr.Dataset) -> pd.DataFrame:
    """A comparison of models as a table, the best first.

    Parameters
    ----------
    result : xr.Dataset
        From :func:`compare_models`.

    Returns
    -------
    pandas.DataFrame
        Indexed by variant.
    """
    table = pd.DataFrame(
        {
            name: result[name].values
            for name in (
                labels.ELPD,
                labels.ELPD_DIFFERENCE,
                labels.ELPD_DIFFERENCE_SE,
                labels.STACKING_WEIGHT,
            )
        },
        index=pd.Index(result[labels.VARIANT].values, name=labels.VARIANT),
    )
    table["worst_pareto_k"] = result[labels.PARETO_K].max(labels.FOLD).values
    table["refits"] = result[labels.REFITTED].sum(labels.FOLD).values
    return table.sort_values(labels.ELPD, ascending=False)
