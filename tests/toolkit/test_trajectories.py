"""Others' trajectories: the same dataset from every source, and what is wrong told exactly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from toolkit import datasets, labels
from toolkit.trajectories import checks
from toolkit.trajectories.columns import column_names

STATE = ("text_probs", "image_mean", "image_cov", "image_count")
HEADER = "replicate,generation,text,text_probs\n"
COVARIANCE = "generation,text,image_cov_0_0,image_cov_0_1,image_cov_1_0,image_cov_1_1\n"


def states(
    replicates: int = 2, generations: int = 3, texts: int = 4, features: int = 2, seed: int = 1
) -> xr.Dataset:
    """A trajectory of random states."""
    rng = np.random.default_rng(seed)
    lead = (replicates, generations)
    root = rng.standard_normal((*lead, texts, features, features))
    cov = root @ root.swapaxes(-1, -2) + 0.1 * np.eye(features)
    values = {
        "text_probs": rng.dirichlet(np.ones(texts), lead),
        "image_mean": rng.standard_normal((*lead, texts, features)),
        "image_cov": (cov + cov.swapaxes(-1, -2)) / 2,
        "image_count": rng.integers(0, 1000, (*lead, texts)),
    }
    return datasets.trajectory(values, np.arange(generations), {})


@pytest.fixture(scope="module")
def simulated() -> xr.Dataset:
    """With an injection, so that texts are there that were not at first."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=1.0,
        batch_size=50,
        corpus=tk.CorpusInjection(prob=0.5, fraction=0.2, reading="new_text", capacity=9),
    )
    return tk.simulate(system, generations=6, replicates=3, seed=4, every=2)


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (every message is compared)
        tk.read_trajectory(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "loop.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# -------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_saved_simulation_comes_back(simulated: xr.Dataset, tmp_path: Path, suffix: str) -> None:
    assert tk.read_trajectory(tk.save(simulated, tmp_path / f"a{suffix}")).identical(simulated)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_collapsed_simulation_comes_back(dtype: Any, tmp_path: Path) -> None:
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=2, variance=1e-290, batch_size=3)
    collapsed = tk.simulate(
        system, generations=60, replicates=2, seed=1, every=20, method="exact", dtype=dtype
    )
    assert tk.read_trajectory(tk.save(collapsed, tmp_path / "a.nc")).identical(collapsed)


def test_simulation_that_was_changed_is_refused(simulated: xr.Dataset) -> None:
    wrong = simulated.assign(image_cov=-simulated.image_cov)
    assert "not positive definite at replicate 0, generation 0, text 0" in refused(wrong)
    wrong = simulated.assign(text_diversity=simulated.text_diversity.where(simulated.generation))
    assert refused(wrong) == (
        "text_diversity is nan at replicate 0, generation 0 (and 2 more); expected a number."
    )


def test_table_and_csv_give_the_simulation_back(simulated: xr.Dataset, tmp_path: Path) -> None:
    table = tk.to_table(simulated)
    by_text = [name for name in simulated.data_vars if "text" in simulated[name].dims]
    assert tk.read_trajectory(table).equals(simulated[by_text])
    table.to_csv(tmp_path / "a.csv", index=False)
    read = tk.read_trajectory(tmp_path / "a.csv")
    assert read.equals(simulated[by_text])
    assert read.attrs == {}
    for name in read.variables:
        assert read[name].attrs == simulated[name].attrs
        assert read[name].dtype == simulated[name].dtype


def test_scores_of_a_simulation_come_back(simulated: xr.Dataset) -> None:
    whole = simulated[["text_diversity", "text_injected"]]
    table = tk.to_table(simulated, list(whole.data_vars))
    assert list(table.columns) == ["replicate", "generation", "text_diversity", "text_injected"]
    assert tk.read_trajectory(table).equals(whole)
    assert tk.to_table(whole).equals(table)
    # Chosen as the score it is still what the toolkit calls by that name.
    chosen = tk.read_trajectory(table, score="text_diversity")
    assert chosen.text_diversity.identical(simulated.text_diversity)
    assert chosen.attrs == {"columns_left_out": "text_injected"}


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.tuples(*(st.integers(1, 4) for _ in range(4))),
    seed=st.integers(0, 2**32 - 1),
    names=st.lists(st.text("abc ,;'\"é", min_size=1), min_size=4, max_size=4, unique=True),
)
def test_rows_in_any_order_give_the_same_dataset(
    sizes: tuple[int, int, int, int], seed: int, names: list[str]
) -> None:
    rng = np.random.default_rng(seed)
    expected = states(*sizes, seed=seed)
    expected = expected.assign_coords(
        replicate=np.sort(rng.choice(100, sizes[0], replace=False)),
        generation=np.sort(rng.choice(100, sizes[1], replace=False)),
        text=np.sort(names[: sizes[2]]),
    )
    table = tk.to_table(expected)
    table = table.iloc[rng.permutation(len(table)), rng.permutation(table.shape[1])]
    assert tk.read_trajectory(table).equals(expected)


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(-1e300, 1e300), min_size=12, max_size=12),
    there=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_scores_with_gaps_come_back(values: list[float], there: list[bool]) -> None:
    array = np.where(there, values, np.nan).reshape(3, 4)
    array[:, 0] = np.arange(3)
    kept = ~np.isnan(array).all(axis=0)
    array, generation = array[:, kept], np.array([0, 1, 5, 6])[kept]
    expected = tk.read_trajectory(score=array, generation=generation)
    assert np.array_equal(expected.score, array, equal_nan=True)
    assert ("padded" in expected.attrs) == bool(np.isnan(array).any())
    assert tk.read_trajectory(tk.to_table(expected)).identical(expected)
    assert tk.read_trajectory(expected).identical(expected)


def test_padded_score_is_saved_and_read(tmp_path: Path) -> None:
    observed = tk.read_trajectory(score=[[0.9, np.nan, 0.7], [0.8, 0.6, 0.5]], generation=[0, 1, 4])
    assert observed.attrs == {
        "gaps": "no generation between 1 and 4",
        "padded": "no score (NaN) of replicate 0 at generation 1",
    }
    for suffix in (".nc", ".zarr"):
        path = tk.save(observed, tmp_path / f"a{suffix}")
        assert tk.read_trajectory(path).identical(observed)


def test_named_texts_are_saved_and_read(tmp_path: Path) -> None:
    named = tk.read_trajectory(tk.to_table(states().assign_coords(text=["d", "b", "a", "c"])))
    assert named.text.values.tolist() == ["a", "b", "c", "d"]
    for suffix in (".nc", ".zarr"):
        path = tk.save(named, tmp_path / f"a{suffix}")
        assert tk.read_trajectory(path).identical(named)


def test_parquet_gives_the_dataset_back(tmp_path: Path) -> None:
    expected = states().assign_coords(text=["a", "b", "c", "d"])
    tk.to_table(expected).to_parquet(tmp_path / "a.parquet")
    assert tk.read_trajectory(tmp_path / "a.parquet").equals(expected)
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-50])
    assert "truncated or of another format" in refused(tmp_path / "b.parquet")


def test_parquet_without_an_engine_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(path: Path) -> None:
        raise ImportError("Unable to find a usable engine;\n tried using: ...")

    monkeypatch.setattr(pd, "read_parquet", missing)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match=r"^to read Parquet, install pyarrow \(pip install"):
        tk.read_trajectory(tmp_path / "a.parquet")


# ------------------------------------------------------------------------------------- sources


def test_arrays_and_datasets_are_labelled() -> None:
    expected = states()
    arrays = {name: expected[name].values for name in STATE}
    assert tk.read_trajectory(**arrays).identical(expected)
    bare = xr.Dataset({name: (labels.dims(name), values) for name, values in arrays.items()})
    assert tk.read_trajectory(bare).identical(expected)
    assert not bare.text_probs.attrs
    assert not bare.coords


def test_table_with_its_keys_in_the_index() -> None:
    expected = states()[["text_probs", "image_count"]]
    assert tk.read_trajectory(expected.to_dataframe()).equals(expected)


def test_types_of_pandas_do_not_matter() -> None:
    table = pd.DataFrame(
        {
            "replicate": pd.Categorical([10, 10, 9, 9]),
            "generation": pd.array([0, 1, 0, 1], dtype="Int64"),
            "score": pd.Series(["1", "0.5", 1, 0.25], dtype=object),
        }
    )
    observed = tk.read_trajectory(table)
    assert observed.replicate.values.tolist() == [9, 10]
    assert observed.score.values.tolist() == [[1, 0.25], [1, 0.5]]


def test_csv_of_a_spreadsheet(tmp_path: Path) -> None:
    """A mark before the header, blank lines, spaces after commas, texts called NA and None."""
    text = "\ufeffgeneration, text, text_probs\n0, NA, 0.25\n\n,,\n0, None, 0.75\n\n"
    observed = tk.read_trajectory(csv(tmp_path, text))
    assert observed.text.values.tolist() == ["NA", "None"]
    assert observed.text_probs.values.tolist() == [[[0.25, 0.75]]]


def test_any_column_is_a_score(tmp_path: Path) -> None:
    path = csv(tmp_path, "run,generation,recall\n0,3,.9\n0,0,1\n")
    observed = tk.read_trajectory(path, score="recall")
    assert observed.score.values.tolist() == [[1, 0.9]]
    assert observed.score.attrs == {"long_name": "recall", "units": "1"}
    assert observed.attrs == {"columns_left_out": "run"}
    bare = xr.Dataset({"recall": (("replicate", "generation"), [[1.0, 0.9]])})
    assert tk.read_trajectory(bare, score="recall").score.values.tolist() == [[1, 0.9]]


def test_whole_numbers_become_floats_and_counts_whole_numbers() -> None:
    observed = tk.read_trajectory(text_probs=[[[0, 1]]], image_count=[[[2.0, 3.0]]])
    assert observed.text_probs.dtype == np.float64
    assert observed.image_count.dtype == np.int64


# ------------------------------------------------------------------------- mended within rounding


@pytest.mark.parametrize("decimals", [3, 6])
def test_rounded_probabilities_are_divided_by_their_sum(decimals: int) -> None:
    exact = states(5, 6, 7)[["text_probs"]]
    rounded = exact.round(decimals)
    observed = tk.read_trajectory(rounded, decimals=decimals)
    assert np.allclose(observed.text_probs.sum("text"), 1, rtol=0, atol=1e-15)
    assert abs(observed - exact).max().text_probs < 8 * 10.0**-decimals
    off = int((abs(rounded.text_probs.sum("text") - 1) > 1e-12).sum())
    assert f"in {off} of 30 states" in observed.attrs["renormalised"]
    assert tk.read_trajectory(observed).identical(observed)
    assert "sum to" in refused(rounded, decimals=decimals + 3)


def test_sum_may_be_off_by_half_a_unit_for_each_text() -> None:
    probs = np.full((1, 1, 4), 0.25)
    probs[..., 0] += 1.9e-6
    assert "renormalised" in tk.read_trajectory(text_probs=probs).attrs
    probs[..., 0] += 0.2e-6
    assert "sum to 1.0000021 at replicate 0, generation 0; expected 1 within 2e-06" in refused(
        None, text_probs=probs
    )


def test_probabilities_exact_but_for_the_last_bits_stay_as_they_are() -> None:
    exact = states(20, 20, 9)[["text_probs"]]
    for dataset in (exact, exact.astype("float32")):
        assert tk.read_trajectory(dataset).text_probs.identical(dataset.text_probs)


def test_covariances_asymmetric_by_rounding_are_averaged() -> None:
    exact = states()[["image_cov"]]
    skewed = exact.copy(deep=True)
    skewed.image_cov[1, 2, 3, 0, 1] *= 1 + 1e-8
    observed = tk.read_trajectory(skewed)
    assert "in 1 of 24 places" in observed.attrs["symmetrised"]
    entry = {"replicate": 1, "generation": 2, "text": 3}
    a, b = (observed.image_cov.isel(entry)[i, 1 - i].item() for i in (0, 1))
    assert a == b
    assert observed.image_cov.drop_isel(replicate=1).identical(exact.image_cov[:1])
    skewed.image_cov[1, 2, 3, 0, 1] *= 1 + 1e-3
    assert "not symmetric at replicate 1, generation 2, text 3: entry 0, 1 is" in refused(skewed)


def test_lost_text_needs_no_covariance() -> None:
    probs, cov = np.array([[[1.0, 0.0]]]), np.array([[[np.eye(2), np.zeros((2, 2))]]])
    assert tk.read_trajectory(text_probs=probs, image_cov=cov).sizes["text"] == 2
    assert "smallest eigenvalue is 0" in refused(None, image_cov=cov)
    assert "text 1" in refused(None, text_probs=probs[..., ::-1], image_cov=cov)


# ----------------------------------------------------------------------------- mistakes in a CSV

MISTAKES = {
    "empty file": ("", "FILE is empty."),
    "no rows": (HEADER, "FILE has columns but no rows."),
    "no header": ("0,1,.5\n0,2,.5\n", "FILE has no header: its first line must be the names"),
    "semicolons": (HEADER.replace(",", ";"), "FILE is separated by ';', not by commas; read it"),
    "picture": (b"\x89PNG\r\n\xff\xfe", "FILE is no CSV file in UTF-8"),
    "web page": ("<html>\n", "FILE has no column 'generation'; its columns are '<html>'."),
    "long line": (HEADER + "0,0,a,1\n0,0,b,0,7\n", "line 3 has 5 entries, the header 4."),
    "long first line": (HEADER + "0,0,a,1,7\n", "line 2 has 5 entries, the header 4."),
    "column twice": ("generation,score,score\n0,1,2\n", "FILE has two columns 'score'."),
    "index": (",generation,score\n0,0,1\n", "FILE has a column without a name, probably the index"),
    "other name": ("step,score\n0,1\n", "no column 'generation'; did you mean it by 'step'?"),
    "misspelt": (
        "generation,text,text_prob\n0,0,1\n",
        "rename 'text_prob' if you mean 'text_p",
    ),
    "capital": ("Generation,score\n0,1\n", "did you mean it by 'Generation'? Rename it."),
    "run": ("run,generation,score\n0,0,1\n", "rename 'run' if you mean 'replicate', or leave it"),
    "unknown": (
        "generation,recall\n0,1\n",
        "or read one as the score by score='recall' (--score recall).",
    ),
    "nothing": ("replicate,generation\n0,1\n", "has nothing to read beside 'replicate', 'generat"),
    "no text": ("generation,text_probs\n0,1\n", "no column 'text', but text_probs is a number for"),
    "text of score": ("generation,text,score\n0,0,1\n", "FILE has a column 'text'; average"),
    "mixed": ("generation,text,text_probs,score\n0,0,1,1\n", "mixes text_probs (one row for each"),
    "features from 1": ("generation,text,image_mean_1\n0,0,1\n", "features are numbered from 0: "),
    "feature lacks": (
        "generation,text,image_cov_0_0,image_cov_1_1\n",
        "lacks the column 'image_",
    ),
    "many features": ("generation,text,image_cov_0_9999999\n", "lacks the column 'image_cov_0_0'"),
    "unequal features": (
        "generation,text,image_mean_0,image_cov_0_0,image_cov_0_1,image_cov_1_0,image_cov_1_1\n",
        "FILE lacks the column 'image_mean_1': with 2 features image_mean has 2 columns.",
    ),
    "word": (HEADER + "0,0,a,1\n\n0,0,b,none\n", "text_probs is 'none' at line 4; expected a numb"),
    "comma": (HEADER + '0,0,a,"0,5"\n0,0,b,"0,5"\n', "text_probs is '0,5' at line 2 (and 1 more);"),
    "hole": (HEADER + "0,0,a,\n", "text_probs is empty at line 2; expected a number."),
    "nan": (
        HEADER + "0,0,a,nan\n",
        "text_probs is 'nan' at line 2; expected a number. A generation that was not observed has",
    ),
    "infinite": (HEADER + "0,0,a,inf\n", "text_probs is inf at line 2; expected a number."),
    "short line": (HEADER + "0,0,a,1\n0,1\n", "text is empty at line 3."),
    "half": (HEADER + "0,0.5,a,1\n", "generation is 0.5 at line 2; expected whole numbers from 0."),
    "before": (HEADER + "0,-1,a,1\n", "generation is -1 at line 2; expected whole numbers from 0."),
    "date": (HEADER + "0,May,a,1\n", "generation is 'May' at line 2; expected a number"),
    "replicate": (HEADER + "0.5,0,a,1\n", "replicate is 0.5 at line 2; expected whole numbers, or"),
    "twice": (
        HEADER + "0,0,a,.5\n0,0,b,.5\n\n0,0,a,.5\n",
        "line 2 and line 5 are both replicate 0, generation 0, text 'a'; keep one of them.",
    ),
    "no replicate": (
        "generation,score\n0,1\n0,1\n",
        "line 2 and line 3 are both generation 0; keep one of them. Or is there a column replicat",
    ),
    "text lacks": (
        HEADER + "0,0,a,.5\n0,0,b,.5\n0,3,b,1\n",
        "FILE lacks text 'a' at replicate 0, generation 3; give every text in every generation, o",
    ),
    "generation lacks": (
        HEADER + "0,0,a,1\n0,3,a,1\n1,0,a,1\n",
        "FILE lacks generation 3 of replicate 1, which another replicate has; states need",
    ),
    "sum": (
        HEADER + "0,0,a,.5\n0,0,b,.5\n0,7,a,.5\n0,7,b,.43\n",
        "text_probs sum to 0.93 at replicate 0, generation 7; expected 1 within 1e-06 (numbers of",
    ),
    "below 0": (
        HEADER + "0,2,a,1.5\n0,2,b,-.5\n",
        "text_probs is -0.5 at replicate 0, generation 2, text 'b'; expected 0 or more.",
    ),
    "above 1": (
        HEADER + "0,2,a,1.5\n0,2,b,0\n",
        "text_probs is 1.5 at replicate 0, generation 2, text 'a'; expected at most 1.",
    ),
    "count": (
        "generation,text,image_count\n0,0,1\n1,0,1.5\n",
        "image_count is 1.5 at replicate 0, generation 1, text 0; expected whole numbers from 0.",
    ),
    "negative count": (
        "generation,text,image_count\n0,3,-2\n",
        "image_count is -2 at replicate 0, generation 0, text 3; expected whole numbers from 0.",
    ),
    "asymmetric": (
        COVARIANCE + "0,0,1,.5,.5,1\n1,0,1,.5,.4,1\n",
        "image_cov is not symmetric at replicate 0, generation 1, text 0: entry 0, 1 is 0.5 but",
    ),
    "indefinite": (
        COVARIANCE + "0,0,1,.5,.5,1\n1,0,1,1.5,1.5,1\n",
        "not positive definite at replicate 0, generation 1, text 0: its smallest eigenvalue is -0",
    ),
    "singular": (COVARIANCE + "0,0,1,0,0,0\n", "its smallest eigenvalue is 0."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_a_csv_is_told(mistake: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[mistake]
    path = csv(tmp_path, text)
    assert expected.replace("FILE", str(path)) in refused(path)


def test_score_that_is_not_there(tmp_path: Path) -> None:
    path = csv(tmp_path, "generation,diversity,loss\n0,1,2\n")
    assert "did you mean 'diversity'?" in refused(path, score="diversty")
    assert "its columns are 'generation', 'diversity', 'loss'." in refused(path, score="recall")
    assert "has a column 'text'; average" in refused(csv(tmp_path, HEADER), score="text_probs")
    assert "no variable 'recall'" in refused(states(), score="recall")


def test_number_of_a_row_is_no_replicate() -> None:
    rows = np.arange(40_000)
    table = pd.DataFrame({"replicate": rows, "generation": rows, "score": 1.0})
    assert "is one of the columns the number of a row?" in refused(table)
    table = table.rename(columns={"score": "text_probs"}).assign(text=rows)
    assert "lacks text 1 at replicate 0, generation 0 (and 39998 other texts" in refused(table)


# --------------------------------------------------------------------- mistakes in other sources


def test_wrong_files_are_told(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a", "a.CSV", "a.csv.gz"):
        assert "must end in .nc or .zarr, or for a table in .csv or .parquet" in refused(
            tmp_path / name
        )
    with pytest.raises(FileNotFoundError, match="no file at"):
        tk.read_trajectory(tmp_path / "a.csv")
    (tmp_path / "a.csv").mkdir()
    assert "a.csv is a folder; a table is a file." in refused(tmp_path / "a.csv")


def test_sources_of_another_type_are_told() -> None:
    with pytest.raises(TypeError, match=r"not from ndarray; give arrays by name"):
        tk.read_trajectory(np.zeros((1, 2, 3)))  # type: ignore[arg-type]
    assert "nothing to read: give a path" in refused(None)
    assert "is the name of a column, but there is no source" in refused(None, score="recall")
    assert "not both (a source and text_probs=)" in refused("a.nc", text_probs=[[[1.0]]])
    assert "not both (a source and generation=)" in refused("a.nc", generation=[0])
    assert "decimals must be a whole number from 1 to 17, not 0." in refused("a.nc", decimals=0)


ARRAYS: list[tuple[dict[str, Any], str]] = [
    (
        {"text_probs": [[1.0]]},
        "text_probs has shape (1, 1); expected (replicate, generation, t",
    ),
    ({"text_probs": [[1.0]]}, "for one replicate give text_probs[None]."),
    ({"text_probs": np.zeros((0, 1, 2))}, "text_probs is empty: its shape is (0, 1, 2)."),
    ({"score": [["a"]]}, "score is not an array of numbers, but of <U1."),
    ({"score": [[1, 2], [1]]}, "score is not an array of numbers, but of object."),
    ({"score": [[1.0, np.inf]]}, "score is inf at replicate 0, generation 1; expected a number."),
    ({"score": [[1.0], [np.nan]]}, "score has no number at all at replicate 1."),
    ({"score": [[1, 2]], "generation": [3]}, "generation has shape (1,); expected (2,)"),
    ({"score": [[1, 2]], "generation": [3, 3]}, "generation must increase, but 3 follows 3"),
    ({"score": [[1, 2]], "generation": [0, 1.5]}, "generation is 1.5 at position 1"),
    ({"score": [[1, 2]], "generation": ["a", "b"]}, "generation must be whole numbers, not <U1."),
    ({"text_probs": [[[1.0, np.nan]]]}, "text_probs is nan at replicate 0, generation 0, text 1;"),
    (
        {"text_probs": np.ones((1, 2, 1)), "image_mean": np.ones((1, 2, 3, 2))},
        "image_mean has size 3 along text, but text_probs along text has 1.",
    ),
    (
        {"image_cov": np.ones((1, 1, 1, 2, 3))},
        "image_cov has size 3 along feature_alt, but image_cov along feature has 2.",
    ),
]


@pytest.mark.parametrize(("arrays", "expected"), ARRAYS)
def test_mistake_in_arrays_is_told(arrays: dict[str, Any], expected: str) -> None:
    assert expected in refused(None, **arrays)


def test_mistake_in_a_dataset_is_told() -> None:
    good = states()
    assert "none of its variables is known (recall)" in refused(
        xr.Dataset({"recall": (("replicate", "generation"), [[1.0]])})
    )
    assert "mend it with expand_dims('replicate')." in refused(good.isel(replicate=0))
    turned = good[["text_probs"]].transpose("text", ...)
    assert "mend it with transpose('replicate', 'generation', 'text')." in refused(turned)
    assert "replicate 0 occurs twice" in refused(good.isel(replicate=[0, 0]))
    assert "generation must increase" in refused(good.isel(generation=[1, 0]))
    assert "is empty: its shape is" in refused(good.isel(generation=slice(0)))
    oblong = good[["image_cov"]].isel(feature_alt=[0])
    assert "image_cov is 2 x 1 for each text" in refused(oblong)
    words = good.assign(text_probs=good.text_probs.astype(str))
    assert "does not hold numbers" in refused(words)


def test_table_of_what_is_not_there() -> None:
    good = states().assign(text_diversity=(("replicate", "generation"), np.ones((2, 3))))
    for dataset, variables, expected in (
        (xr.Dataset(), None, "no variable of a trajectory to write"),
        (good, ["text_entropy"], "no variable 'text_entropy' to write; it has: text_probs, image"),
        (good, ["text_probs", "text_diversity"], "text_diversity one for each generation; write"),
    ):
        with pytest.raises(ValueError, match=re.escape(expected)):
            tk.to_table(dataset, variables)
    # One variable need not be put in a list, and scores are not written beside states.
    assert list(tk.to_table(good, "text_diversity").columns)[2:] == ["text_diversity"]
    assert "text_diversity" not in tk.to_table(good)


# ------------------------------------------------------------------------------------ the notes


def test_long_notes_are_cut() -> None:
    score = np.ones((9, 20))
    score[:, 1:8] = np.nan
    note = tk.read_trajectory(score=score, generation=np.arange(20) ** 2).attrs
    assert note["padded"].endswith("generation 1, 4, 9, 16, 25 and 2 more and 4 more")
    assert note["gaps"].endswith("25 and 36 and 13 more")


def test_equal_steps_of_any_length_are_no_gaps() -> None:
    score = np.ones((1, 4))
    assert tk.read_trajectory(score=score, generation=[0, 10, 20, 30]).attrs == {}
    attrs = tk.read_trajectory(score=score, generation=[0, 2, 4, 7]).attrs
    assert attrs == {"gaps": "no generation between 4 and 7"}


def test_notes_that_are_no_longer_true_go() -> None:
    observed = tk.read_trajectory(score=[[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]], generation=[0, 1, 9])
    assert set(observed.attrs) == {"gaps", "padded"}
    assert tk.read_trajectory(observed.isel(generation=slice(2))).attrs == {}


def test_first_place_and_the_number_of_others() -> None:
    array = states().text_probs
    assert checks.where(array, array.values > 2 * (np.arange(4) < 3)) == (
        "replicate 0, generation 0, text 3 (and 5 more)"
    )


def test_columns_of_a_variable() -> None:
    assert column_names("image_count", 3) == ["image_count"]
    assert column_names("image_mean", 3)[-1] == "image_mean_2"
