"""Sweeps: what a grid is, what a cell depends on, and stores that go on wherever they stopped."""

from __future__ import annotations

import dataclasses
import importlib
import json
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr

import toolkit as tk
from toolkit import stores
from toolkit.inference.priors import prior_words
from toolkit.sweeping import read_document, run_document
from toolkit.sweeping.fits import FitTask
from toolkit.sweeping.grid import grid_of
from toolkit.sweeping.running import run_sweep
from toolkit.sweeping.tasks import CellError, SimulateTask

#: A frozen text model: a program that is soon compiled.
SYSTEM = tk.CoevolvingSystem.on_unit_circle(
    num_texts=3, variance=1.0, batch_size=40, text_updates=0
)
OVER: dict[str, Any] = {
    "shrinkage_factor": [0.8, 1.0],
    "user": [
        {"text_temperature": 1.0, "min_images": 3},
        {"text_temperature": 0.5, "min_images": 3},
    ],
}
RECORD = ["image_diversity", "image_kept"]
RUN: dict[str, Any] = {"generations": 6, "replicates": 5, "record": RECORD}
FIELDS = ("batch_size", "ddof", "corpus", "text_probs")


def sweep(**changes: Any) -> xr.Dataset:
    return tk.sweep(SYSTEM, **{"over": OVER, "seed": 3, "progress": False, **RUN, **changes})


@pytest.fixture(scope="module")
def undisturbed() -> xr.Dataset:
    return sweep()


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


# ---------------------------------------------------------------------------------------- grids


def grid(over: Any, **changes: Any) -> Any:
    return grid_of(over, FIELDS, **{"seed": 1, "num_seeds": 1, **changes})


def test_cells_run_through_the_last_dim_first() -> None:
    cells = grid({"batch_size": [10, 20], "ddof": [0, 1, 2]}).cells
    assert [cell.position for cell in cells] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [cell.number for cell in cells] == list(range(6))
    assert cells[4].changes == {"batch_size": 20, "ddof": 1}
    assert cells[4].name == "batch_size=20, ddof=1"


def test_seeds_follow_from_seed_and_position_alone() -> None:
    small = grid({"batch_size": [10, 20], "ddof": [0, 1]}, num_seeds=2)
    large = grid({"batch_size": [10, 20, 30], "ddof": [5, 6, 7]}, num_seeds=2)
    seeds = {cell.position: cell.seeds for cell in large.cells}
    assert all(seeds[cell.position] == cell.seeds for cell in small.cells)
    assert len({seed for pair in seeds.values() for seed in pair}) == 18
    assert all(0 <= seed < 2**63 for pair in seeds.values() for seed in pair)
    expected = np.random.SeedSequence(1, spawn_key=(1, 0)).generate_state(2, np.uint64) >> 1
    assert seeds[1, 0] == tuple(expected.tolist())
    assert grid({"batch_size": [10]}, seed=2).cells[0].seeds[:1] != seeds[0, 0][:1]


def test_coordinates_are_values_or_positions() -> None:
    found = grid(
        {
            "corpus": {"prob": [0.0, 0.5]},
            "both": [{"batch_size": 10, "ddof": 0}, {"batch_size": 20, "ddof": 1}],
            "text_probs": [[0.5, 0.5], [0.1, 0.9]],
        }
    )
    coords = {name: values.values.tolist() for name, values in found.coords().items()}
    assert coords == {
        "corpus.prob": [0.0, 0.5],
        "both": [0, 1],
        "batch_size": [10, 20],
        "ddof": [0, 1],
        "text_probs": [0, 1],
    }
    name = "corpus.prob=0.0, both 1 (batch_size=20, ddof=1), text_probs 1 (text_probs=[0.1, 0.9])"
    assert found.cells[3].name == name


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({}, "over must map at least one name"),
        ({"batch_sise": [1]}, r"'batch_sise' is none of the fields .* did you mean 'batch_size'\?"),
        ({"batch_size": 5}, "batch_size must have a list of values, not 5"),
        ({"batch_size": "12"}, "batch_size must have a list of values, not '12'"),
        ({"batch_size": []}, "batch_size has no values"),
        ({"batch_size": [1, 2, 1]}, "batch_size has the value 1 twice"),
        ({"both": [{"ddof": 1}, 3]}, "'both' is none of the fields"),
        ({"both": [{"ddof": 1}, {}]}, r"table 1 of 'both' sets \[\], the first one \['ddof'\]"),
        ({"both": [{"dof": 1}]}, "table 0 of 'both' sets 'dof', which is no field"),
        ({"ddof": [1], "both": [{"ddof": 1}]}, "ddof is given twice"),
        ({"generation": [{"ddof": 1}]}, "'generation' is a dim of the result"),
    ],
)
def test_a_mistake_in_the_grid_is_told(over: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grid(over, taken=["generation"])


# --------------------------------------------------------------------------------------- sweeps


def test_each_cell_is_the_simulation_of_its_system_and_seed(undisturbed: xr.Dataset) -> None:
    assert list(undisturbed.sizes)[:2] == ["shrinkage_factor", "user"]
    assert undisturbed.text_temperature.dims == ("user",)
    for index in np.ndindex(2, 2):
        cell = undisturbed.isel(dict(zip(["shrinkage_factor", "user"], index, strict=True)))
        system = SYSTEM.replace(
            shrinkage_factor=float(cell.shrinkage_factor),
            text_temperature=float(cell.text_temperature),
        )
        alone = tk.simulate(system, seed=int(cell.cell_seed), progress=False, **RUN)
        assert alone.equals(cell.reset_coords(drop=True))
    for name in RECORD:
        label = tk.labels.variable(name)
        assert undisturbed[name].dims[2:] == ("replicate", "generation", *label.dims)
        assert undisturbed[name].attrs == label.attrs


def test_a_sweep_can_be_done_again_from_its_attributes(
    undisturbed: xr.Dataset, tmp_path: Path
) -> None:
    assert tk.sweep_again(undisturbed, progress=False).identical(undisturbed)
    stored = sweep(out=tmp_path / "sweep.zarr")
    assert stored.identical(undisturbed)
    assert tk.read_sweep(tmp_path / "sweep.zarr").identical(undisturbed)
    assert tk.sweep_again(tmp_path / "sweep.zarr", progress=False).identical(undisturbed)


def test_a_cell_is_one_chunk(tmp_path: Path) -> None:
    sweep(out=tmp_path / "sweep.zarr")
    chunks = {name for name in files(tmp_path / "sweep.zarr") if name.startswith("image_kept/c")}
    assert chunks == {f"image_kept/c/{i}/{j}/0/0/0" for i in range(2) for j in range(2)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"over": {"batch_size": [40, 1]}}, r"cell batch_size=1: batch_size must be at least 2"),
        ({"over": {"corpus.prob": [0.1]}}, "cell corpus.prob=0.1: the system has no corpus"),
        ({"over": {"user_content.images": [1]}}, "cell .*: the system has no user_content"),
        ({"over": {"batch_size.x": [1]}}, "cell .*: batch_size has no fields"),
        (
            {
                "over": {
                    "texts": [
                        {
                            "text_probs": p,
                            "image_mean": np.ones((len(p), 2)),
                            "image_cov": [np.eye(2)] * len(p),
                        }
                        for p in ([0.5, 0.5], [0.2, 0.4, 0.4])
                    ]
                }
            },
            r"image_diversity of cell texts 1 has the sizes .*'text': 3.*, that of the first",
        ),
        ({"generations": 0}, "cell .*: generations must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"resume": True}, "out names what is to be gone on with"),
        ({"out": "sweep.nc"}, r"sweep.nc must end in .zarr"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulateTask, "run", lambda *_: pytest.fail("a cell was computed"))
    with pytest.raises(ValueError, match=message):
        sweep(**changes)


def test_a_field_that_is_also_a_result_has_a_name_of_its_own(tmp_path: Path) -> None:
    over = {"text_probs": [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]}
    swept = sweep(over=over, record=["text_probs"], out=tmp_path / "sweep.zarr")
    assert swept.text_probs.dims == ("system.text_probs", "replicate", "generation", "text")
    np.testing.assert_array_equal(swept.text_probs[:, 0, 0], over["text_probs"])
    tables = {"x": [{"ddof": 0, "batch_size": 5}]}
    coords = grid_of(tables, FIELDS, seed=1, num_seeds=1, results=["ddof"]).coords()
    assert set(coords) == {"x", "system.ddof", "batch_size"}


def test_parts_can_be_made_and_changed() -> None:
    over = {
        "corpus": [{"prob": 0.1, "fraction": 0.2}, tk.CorpusInjection(prob=0.5, fraction=0.2), None]
    }
    task = SimulateTask(system=SYSTEM, generations=1, replicates=1)
    cells = grid_of(over, task.fields, seed=1, num_seeds=1).cells
    parts = [task.system_of(cell).corpus for cell in cells]
    assert [part and part.prob for part in parts] == [0.1, 0.5, None]
    both = grid_of(
        {"x": [{"corpus": {"prob": 0.3, "fraction": 1.0}}]}, task.fields, seed=1, num_seeds=1
    )
    assert task.system_of(both.cells[0]).corpus.prob == 0.3


def test_warnings_of_cells_come_with_their_names() -> None:
    corpus = tk.CorpusInjection(prob=0.5, fraction=0.1, reading="new_text", capacity=4)
    system = SYSTEM.replace(corpus=corpus, image_updates=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tk.sweep(
            system,
            over={"corpus.fraction": [0.1, 0.2, 0.3, 0.4, 0.5]},
            generations=20,
            replicates=3,
            seed=1,
            record=["text_diversity", "capacity_reached"],
            progress=False,
        )
    said = [str(warning.message) for warning in caught]
    assert said[0].startswith("cell corpus.fraction=0.1: the capacity was reached in 3 of 3")
    assert said[3:] == ["and 2 more warnings of other cells."]


# --------------------------------------------------------------------------- stopped and gone on


@dataclasses.dataclass(frozen=True, kw_only=True)
class Journalled(SimulateTask):
    """Writes down which cells it computes; one of them fails while a file is there."""

    journal: Path
    fails: int = -1

    def run(self, cell: Any) -> xr.Dataset:
        with self.journal.open("a") as file:
            file.write(f"{cell.number}\n")
        if cell.number == self.fails and (self.journal.parent / "broken").exists():
            raise RuntimeError("something went wrong")
        return super().run(cell)


def journalled(tmp_path: Path, **changes: Any) -> tuple[Journalled, Path]:
    task = Journalled(system=SYSTEM, journal=tmp_path / "journal", **RUN, **changes)
    return task, tmp_path / "sweep.zarr"


@pytest.mark.parametrize("fails", range(4))
def test_stopped_at_any_cell_it_goes_on_to_the_same_bits(
    undisturbed: xr.Dataset, tmp_path: Path, fails: int
) -> None:
    (tmp_path / "broken").touch()
    task, out = journalled(tmp_path, fails=fails)
    run: dict[str, Any] = {"seed": 3, "out": out, "progress": False}
    with pytest.raises(CellError, match=r"^cell shrinkage.*: RuntimeError: something went wrong"):
        run_sweep(task, OVER, **run)
    with pytest.raises(ValueError, match=r"unfinished; go on with it \(resume, --resume\)"):
        tk.read_sweep(out)
    with pytest.raises(FileExistsError, match=r"go on with it \(--resume\), or overwrite"):
        run_sweep(task, OVER, **run)
    (tmp_path / "broken").unlink()
    assert run_sweep(task, OVER, resume=True, **run).equals(undisturbed)
    # What was finished is not computed again.
    assert task.journal.read_text().split() == [
        str(n) for n in [*range(fails + 1), *range(fails, 4)]
    ]
    whole = tmp_path / "whole.zarr"
    sweep(out=whole)
    assert files(out) == files(whole)
    assert run_sweep(task, OVER, resume=True, **run).equals(undisturbed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, r"begun with sweep\.seed = 3, not 4"),
        ({"replicates": 6}, r"begun with sweep\.simulate\.replicates = 5, not 6"),
        (
            {"over": {**OVER, "shrinkage_factor": [0.8, 0.9]}},
            r"or = \[0.8, 1.0\], not",
        ),
    ],
)
def test_resume_of_another_sweep_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    out = tmp_path / "sweep.zarr"
    sweep(out=out)
    before = files(out)
    with pytest.raises(ValueError, match=message):
        sweep(out=out, resume=True, **changes)
    assert files(out) == before


def test_a_result_for_a_store_that_is_no_more_is_dropped(tmp_path: Path) -> None:
    from toolkit.sweeping.keeping import Store

    (tmp_path / "broken").touch()
    task, out = journalled(tmp_path, fails=1)
    with pytest.raises(CellError):
        run_sweep(task, OVER, seed=3, out=out, progress=False)
    cell = grid_of(OVER, task.fields, seed=3, num_seeds=1).cells[1]
    (tmp_path / "broken").unlink()
    result = task.run(cell)
    before = files(out)
    Store(out, "of an earlier store").keep(cell, result)
    assert files(out) == before
    Store(out, stores.token_of(out)).keep(cell, result)
    assert files(out) != before


SCRIPT = """
import os, sys, time
sys.path.insert(0, {root!r})
import toolkit as tk
from toolkit.sweeping.tasks import SimulateTask
from toolkit.sweeping.keeping import Store

keep = Store.keep
def slow(self, cell, result):
    if cell.number == 2:
        open({mark!r}, "w").close()
        time.sleep(60)
    keep(self, cell, result)
Store.keep = slow

from tests.toolkit.test_sweeping import OVER, RUN, SYSTEM
tk.sweep(SYSTEM, over=OVER, seed=3, out={out!r}, progress=False, **RUN)
"""


def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    out, whole, mark = (tmp_path / name for name in ("sweep.zarr", "whole.zarr", "mark"))
    root = str(Path(__file__).resolve().parents[2])
    script = SCRIPT.format(root=root, mark=str(mark), out=str(out))
    with subprocess.Popen([sys.executable, "-c", script], cwd=root) as process:
        deadline = time.monotonic() + 60
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert stores.is_unfinished(out)
    sweep(out=out, resume=True)
    sweep(out=whole)
    assert files(out) == files(whole)


def test_workers_of_a_local_cluster_do_the_same(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    out, whole = tmp_path / "sweep.zarr", tmp_path / "whole.zarr"
    sweep(out=out, cluster=2)
    sweep(out=whole)
    assert files(out) == files(whole)


@pytest.mark.parametrize(
    ("cluster", "error", "message"),
    [(0, ValueError, "cluster must be at least 1"), (2.5, ValueError, "cluster must be a whole")],
)
def test_what_is_no_cluster_is_refused(cluster: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sweep(cluster=cluster)


def test_without_dask_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "toolkit.sweeping.cluster", raising=False)
    with pytest.raises(ImportError, match=r"needs Dask: pip install 'coevo-toolkit"):
        sweep(cluster=2)


def test_dask_is_imported_only_when_asked_for() -> None:
    command = "import sys, toolkit.sweeping; assert not {'dask', 'distributed'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", command], check=True)


# ------------------------------------------------------------------------- fits and calibrations


def scores() -> xr.Dataset:
    decay = np.array([0.8, 0.9])[:, None, None] ** np.arange(30)
    noise = 0.01 * np.random.default_rng(1).normal(size=(2, 1, 30))
    return xr.Dataset(
        {"score": (("loop", "replicate", "generation"), 0.2 + 0.6 * decay + noise)},
        coords={"loop": ["fast", "slow"], "generation": np.arange(30)},
    )


def test_a_sweep_of_fits_is_the_fits(tmp_path: Path) -> None:
    out = tmp_path / "fits.zarr"
    found = tk.sweep_fit(
        scores(), "diversity_decay", seed=1, num_draws=200, out=out, progress=False
    )
    assert found.contraction_factor.dims == ("loop", "chain", "draw")
    assert found.loop.values.tolist() == ["fast", "slow"]
    assert found.converged.all()
    for place, name in enumerate(["fast", "slow"]):
        seed = int(found.fit_seed[place])
        one = scores().isel(loop=place).reset_coords(drop=True)
        alone = tk.fit(one, "diversity_decay", seed=seed, num_draws=200)
        draws = alone["posterior"].contraction_factor.values
        step = draws.shape[1] // 200
        np.testing.assert_array_equal(
            found.contraction_factor.sel(loop=name), draws[:, step - 1 :: step]
        )
        assert int(found.divergences.sel(loop=name)) == int(alone.attrs["divergences"])
        assert found.r_hat.sel(loop=name) < 1.02
    again = tk.sweep_fit(
        scores(), "diversity_decay", seed=1, num_draws=200, out=out, resume=True, progress=False
    )
    assert again.identical(found)


def test_a_fit_of_a_system_simulates_its_cells() -> None:
    simulate = SimulateTask(system=SYSTEM, generations=3, replicates=2)
    task = FitTask(data=simulate, model="image_contraction", settings={})
    assert task.seeds == ("cell_seed", "fit_seed")
    assert task.fields == simulate.fields
    grid = grid_of(
        {"shrinkage_factor": [0.9]}, task.fields, seed=1, num_seeds=2, results=["shrinkage_factor"]
    )
    assert grid.dims == ("system.shrinkage_factor",)
    assert grid.cells[0].changes == {"shrinkage_factor": 0.9}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": SYSTEM}, "give over, and simulate with generations and replicates"),
        ({"data": SYSTEM, "over": OVER, "simulate": {"generations": 3}}, "give over, and simulate"),
        (
            {"data": SYSTEM, "over": OVER, "simulate": {"generations": 3, "replicates": 2, "x": 1}},
            "simulate: unknown 'x'",
        ),
        ({"data": scores(), "over": OVER}, "given data have their own grid"),
        ({"data": scores().isel(loop=0)}, "there is no grid"),
        ({"data": scores(), "flor": 1}, "'flor' is neither a parameter nor an option"),
    ],
)
def test_mistakes_in_a_sweep_of_fits_are_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tk.sweep_fit(model="diversity_decay", seed=1, **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"over": {"simulator": ["own", "elsewhere"]}}, 'cell simulator="elsewhere": '),
        (
            {"over": {"options": [{"x": 1}]}},
            "options cannot be swept over; options takes",
        ),
        ({"over": {"seed": [1]}}, "'seed' is none of the fields"),
        ({"draws": 3}, "unknown argument 'draws'"),
    ],
)
def test_mistakes_in_a_sweep_of_calibrations_are_told(
    changes: dict[str, Any], message: str
) -> None:
    arguments = {"over": {"num_draws": [100]}, "num_datasets": 20, "seed": 1, **changes}
    with pytest.raises(ValueError, match=message):
        tk.sweep_calibrate("retraining", **arguments)


# ------------------------------------------------------------------------------------- documents

DOCUMENT = """
seed = 3
system = "loop.toml"

[over]
shrinkage_factor = [0.8, 1.0]
user = [{text_temperature = 1.0, min_images = 3}, {text_temperature = 0.5, min_images = 3}]

[simulate]
generations = 6
replicates = 5
record = ["image_diversity", "image_kept"]
"""


def test_the_command_does_what_a_document_says(
    undisturbed: xr.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SYSTEM.to_toml(tmp_path / "loop.toml")
    (tmp_path / "sweep.toml").write_text(DOCUMENT)
    out = tmp_path / "sweep.zarr"
    main = importlib.import_module("toolkit.cli").main
    command = ["sweep", str(tmp_path / "sweep.toml"), "--out", str(out)]
    with pytest.raises(SystemExit) as end:
        main(command)
    assert end.value.code in (0, None)
    assert "2 shrinkage_factor x 2 user; image_diversity, image_kept" in capsys.readouterr().out
    assert tk.read_sweep(out).identical(undisturbed)
    for more, message in (
        ([], "exists; give another path, or overwrite it (--overwrite)"),
        (["--workers", "2", "--scheduler", "tcp://nowhere:1"], "give one of them"),
    ):
        with pytest.raises(SystemExit) as end:
            main([*command, *more])
        assert end.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "the sweep has no seed"),
        ({"over": None}, r"the sweep has no table \[over\]"),
        ({"over": 3}, r"the sweep needs a table \[over\]"),
        ({"simulate": None}, r"the sweep needs a table \[simulate\]"),
        ({"simulate": {"replicates": 2}}, "the sweep needs generations"),
        ({"simulate": {"generation": 2}}, "did you mean 'generations'"),
        ({"simulate": {"out": "x"}}, "out does not belong into that table"),
        ({"system": None}, "the sweep has no system"),
        ({"system": {"kind": 1}}, "unknown key 'kind' in the system"),
        ({"sweep": 1}, "unknown key 'sweep' in the sweep"),
        ({"data": "x.zarr"}, r"data does not go with \[simulate\]"),
        ({"fit": {}, "calibrate": {}}, r"both \[fit\] and \[calibrate\]"),
        ({"calibrate": {"model": "retraining"}}, r"system does not go with \[calibrate\]"),
        ({"fit": {"model": "text_drift"}, "data": "x.zarr"}, "system does not go with data"),
        (
            {"fit": {"model": "text_drift", "injection_prob": "Beta(-1, 9)"}},
            r"Beta\(-1, 9\).* is no prior",
        ),
        ({"fit": {"model": "text_drift", "injection_prob": "exit()"}}, r"'exit\(\)' is no prior"),
    ],
)
def test_mistakes_in_a_document_are_told(change: dict[str, Any], message: str) -> None:
    table = {
        "seed": 1,
        "system": SYSTEM.to_dict(),
        "over": {"ddof": [0, 1]},
        "simulate": {"generations": 2, "replicates": 2},
        **change,
    }
    with pytest.raises(ValueError, match=message):
        run_document({name: value for name, value in table.items() if value is not None})


def test_priors_in_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    documents = importlib.import_module("toolkit.sweeping.documents")
    monkeypatch.setattr(documents, "sweep_fit", lambda **arguments: given.update(arguments))
    prior = dist.Beta(1.0, 9.0)
    fitted = {"model": "text_drift", "injection_prob": prior_words(prior), "tau": 3}
    run_document({"data": "sweep.zarr", "seed": 1, "fit": fitted})
    assert prior_words(given.pop("injection_prob")) == prior_words(prior)
    assert given == {"model": "text_drift", "data": "sweep.zarr", "seed": 1, "tau": 3}


def test_a_document_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no sweep file at"):
        read_document(tmp_path / "sweep.toml")
    with pytest.raises(ValueError, match="is a folder"):
        read_document(tmp_path)
    (tmp_path / "sweep.toml").write_text("seed = ")
    with pytest.raises(ValueError, match="is not a TOML file"):
        read_document(tmp_path / "sweep.toml")
    with pytest.raises(ValueError, match="'sweep': sweep did not make it"):
        tk.sweep_again(xr.Dataset())


def test_attributes_say_what_was_swept(undisturbed: xr.Dataset) -> None:
    said = json.loads(undisturbed.attrs["sweep"])
    assert said["over"] == OVER
    assert said["seed"] == 3
    assert said["system"]["batch_size"] == 40
    assert "jax" in json.loads(undisturbed.attrs["versions"])
