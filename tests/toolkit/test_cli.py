"""The command line does what the functions do, and tells mistakes in a line or two."""

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from typer.testing import CliRunner

import toolkit as tk
from toolkit.cli import app as cli
from toolkit.cli import cache, shell

SYSTEM = """\
text_updates = 1
[on_unit_circle]
num_texts = 3
variance = 0.01
batch_size = 50
"""
SIMULATE = ("--generations", "6", "--replicates", "8", "--seed", "3")
COMMANDS = ("theorems", "simulate", "predict", "compare", "study")
HEAVY = ("jax", "xarray", "sympy", "scipy", "matplotlib", "pandas", "numpy", "rich")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a system file and a trajectory simulated by the command."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "loop.toml").write_text(SYSTEM)
    done = run("simulate", folder / "loop.toml", *SIMULATE, "--out", folder / "loop.nc")
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder with a system file, another one, and foreign files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.toml").write_text(SYSTEM)
    return tmp_path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def told(done: Any) -> str:
    """Return the one or two lines on stderr of a command that failed."""
    assert done.exit_code == shell.EXIT_MISTAKE, (done.exit_code, done.output, done.exception)
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("coevo: ")
    assert len(lines) <= 2
    assert "Traceback" not in done.output
    return " ".join(lines)


def command(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start the command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "toolkit.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2]), **environment},
    )


# ------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0
    assert "Examples:" in done.stdout
    assert f"coevo {name}" in done.stdout.split("Examples:")[1]


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom toolkit.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\napp(['--version'], standalone_mode=False)\n"
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert importlib.metadata.version("coevo-toolkit") in done.stdout
    assert done.stdout.endswith("loaded: []\n")


def test_the_installed_command_is_this_one() -> None:
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="coevo")
    assert entry.load() is cli.main


# -------------------------------------------------------------------------------------- simulate


def test_simulate_saves_what_the_function_returns(folder: Path) -> None:
    expected = tk.simulate(
        tk.read_system(folder / "loop.toml"), generations=6, replicates=8, seed=3
    )
    assert tk.read_trajectory(folder / "loop.nc").identical(expected)


def test_simulate_passes_every_option_on(here: Path) -> None:
    options = {"method": "literal", "every": 2, "dtype": "float32", "chunk_size": 4}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    records = ("--record", "text_diversity", "--record", "text_probs")
    done = run("simulate", "loop.toml", *SIMULATE, *flags, *records, "--out", "a.zarr")
    assert done.exit_code == 0, done.stderr
    assert "a.zarr" in done.stdout
    expected = tk.simulate(
        tk.read_system("loop.toml"),
        generations=6,
        replicates=8,
        seed=3,
        record=("text_diversity", "text_probs"),
        **options,  # type: ignore[arg-type]
    )
    assert tk.read_trajectory("a.zarr").identical(expected)


def test_an_output_is_replaced_only_when_asked(here: Path) -> None:
    first = run("simulate", "loop.toml", *SIMULATE, "--out", "a.nc")
    assert first.exit_code == 0, first.stderr
    before = Path("a.nc").read_bytes()
    refused = run("simulate", "loop.toml", *SIMULATE, "--seed", "2", "--out", "a.nc")
    assert "--overwrite" in told(refused)
    assert Path("a.nc").read_bytes() == before
    again = run("simulate", "loop.toml", *SIMULATE, "--seed=2", "--out=a.nc", "--overwrite")
    assert again.exit_code == 0, again.stderr
    assert json.loads(tk.read_trajectory("a.nc").attrs["arguments"])["seed"] == 2


# -------------------------------------------------------------------------------- theory, verdicts


def test_theorems_lists_every_theorem_in_full() -> None:
    from toolkit.theory import theorems

    done = run("theorems")
    assert done.exit_code == 0
    assert len(list(theorems())) > 10
    assert all(theorem.name in done.stdout for theorem in theorems())


def test_theorems_shows_one_with_its_derivation() -> None:
    from toolkit.theory import theorems

    (theorem,) = (one for one in theorems() if one.name == "text_diversity_lower_bound")
    done = run("theorems", theorem.name)
    assert done.exit_code == 0
    assert "(1 - 1/N)**" in done.stdout.split("Statement:")[1].split("Derivation:")[0]
    shown = " ".join(done.stdout.split())
    assert all(assumption in shown for assumption in theorem.assumptions)
    derivation = done.stdout.split("Derivation:")[1]
    assert len(re.findall(r"^ +\d+\.", derivation, re.MULTILINE)) == len(theorem.derivation) > 0


def test_an_unknown_theorem_gets_a_suggestion() -> None:
    assert "'text_diversity_lower_bound'" in told(run("theorems", "text_diversity_lowerbound"))


def test_predict_shows_each_result_and_saves_the_curves(here: Path) -> None:
    done = run("predict", "loop.toml", "--generations", "40", "--out", "predicted.nc")
    assert done.exit_code == 0, done.stderr
    expected = tk.predict(tk.read_system("loop.toml"), generations=40)
    saved = xr.load_dataset("predicted.nc", engine="h5netcdf")
    xr.testing.assert_equal(saved.predicted, expected.predicted)
    for result in expected.result.values:
        assert str(result) in done.stdout
    (row,) = (line for line in done.stdout.splitlines() if "text_diversity_lower_bound" in line)
    # The last value of the bound, 2/3 (1 - 1/50)^40.
    assert {"0.66667", f"{2 / 3 * 0.98**40:.5g}", "lower"} <= set(row.split())


def test_predict_can_be_narrowed_to_a_variable(here: Path) -> None:
    done = run("predict", "loop.toml", "--generations", "5", "--variable", "text_diversity")
    assert done.exit_code == 0, done.stderr
    assert "text_diversity_lower_bound" in done.stdout
    assert "image_" not in done.stdout
    assert "--why" in done.stdout
    why = run("predict", "loop.toml", "--generations", "5", "--why")
    assert "no new texts are injected" in why.stdout


@pytest.mark.parametrize("options", [(), ("--one-step",)])
def test_compare_agrees_with_an_honest_simulation(folder: Path, options: tuple[str, ...]) -> None:
    done = run("compare", folder / "loop.nc", "--false-alarm", "0.001", *options)
    assert done.exit_code == 0, done.output
    assert re.search(r"\b(holds|agrees)\b", done.stdout)
    assert not re.search(r"\b(violated|disagrees)\b", done.stdout)
    assert "0.001" in done.stdout


def test_compare_exits_with_3_on_a_contradiction(folder: Path, tmp_path: Path) -> None:
    simulated = tk.read_trajectory(folder / "loop.nc")
    wrong = tmp_path / "wrong.nc"
    late = simulated.generation > 0
    tk.save(
        simulated.assign(
            text_diversity=(simulated.text_diversity * xr.where(late, 0.5, 1)).assign_attrs(
                simulated.text_diversity.attrs
            )
        ),
        wrong,
    )
    done = run("compare", wrong, "--out", tmp_path / "verdicts.nc")
    assert done.exit_code == shell.EXIT_CONTRADICTION, done.output
    assert "violated" in done.stdout
    saved = xr.load_dataset(tmp_path / "verdicts.nc", engine="h5netcdf")
    assert saved.verdict.sel(result="text_diversity_lower_bound").item() == "violated"


def test_what_the_replicates_cannot_decide_shows_no_score(folder: Path, tmp_path: Path) -> None:
    few = tk.read_trajectory(folder / "loop.nc").isel(replicate=slice(2))
    tk.save(few, tmp_path / "few.nc")
    done = run("compare", tmp_path / "few.nc")
    assert done.exit_code in (0, shell.EXIT_CONTRADICTION), done.output
    rows = [line.split() for line in done.stdout.splitlines() if "undecided" in line]
    assert rows
    for row in rows:
        assert row[row.index("-") :][:3] == ["-", "-", "0"]


# --------------------------------------------------------------------------------------- mistakes


def _truncated(here: Path, folder: Path) -> None:
    whole = (folder / "loop.nc").read_bytes()
    (here / "bad.nc").write_bytes(whole[: len(whole) // 2])


def _foreign_netcdf(here: Path, folder: Path) -> None:
    xr.Dataset({"rainfall": ("day", [1.0, 2.0])}).to_netcdf(here / "bad.nc", engine="h5netcdf")


def _no_provenance(here: Path, folder: Path) -> None:
    simulated = tk.read_trajectory(folder / "loop.nc")
    tk.save(simulated.drop_attrs(deep=False), here / "bad.nc")


def _not_netcdf(here: Path, folder: Path) -> None:
    (here / "bad.nc").write_text("generation,text_diversity\n0,0.8\n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (None, "no file"),
        (_truncated, "truncated"),
        (_foreign_netcdf, "no trajectory"),
        (_no_provenance, "'system'"),
        (_not_netcdf, "another format"),
    ],
)
def test_compare_refuses_bad_files(
    here: Path, folder: Path, make: Callable[[Path, Path], None] | None, words: str
) -> None:
    if make is not None:
        make(here, folder)
    message = told(run("compare", "bad.nc"))
    assert words in message


@pytest.mark.parametrize("extra", [("simulate", *SIMULATE), ("predict", "--generations", "3")])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no system file"),
        ("num_texts: 5", "not a TOML file"),
        ("\x00\x01", "not a TOML file"),
        (SYSTEM.replace("num_texts", "num_text"), "num_texts"),
        ("[on_unit_circle]\nnum_texts = 3", "incomplete"),
        ("system = 'weather'", "unknown system 'weather'"),
        (SYSTEM + "text_probs = [0.5, 0.5, 0.5]", "must sum to 1"),
        (SYSTEM + "text_probs = [1.5, -0.5, 0.0]", "must not be negative"),
        (SYSTEM + "text_probs = [nan, 0.5, 0.5]", "NaN"),
        (SYSTEM + "text_probs = [0.5, 0.5]", "text_probs"),
        (SYSTEM.replace("= 50", "= 1"), "batch_size"),
        (SYSTEM.replace("0.01", "-1"), "variance"),
    ],
)
def test_bad_system_files(here: Path, extra: tuple[str, ...], text: str | None, words: str) -> None:
    path = here / "bad.toml"
    if text is not None:
        path.write_text(text)
    before = sorted(here.iterdir())
    out = ("--out", "out.nc")
    assert words in told(run(extra[0], path.name, *extra[1:], *out))
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--generations", "0"), "generations"),
        (("--replicates", "0"), "replicates"),
        (("--seed", "-1"), "seed"),
        (("--every", "0"), "every"),
        (("--method", "exakt"), "exact"),
        (("--dtype", "float16"), "float64"),
        (("--chunk-size", "0"), "chunk_size"),
        (("--record", "text_diversty"), "text_diversity"),
        (("--out", "out.csv"), ".nc"),
        (("--out", "loop.toml"), ".nc"),
        (("--out", "missing/out.nc"), "does not exist"),
    ],
)
def test_bad_options_of_simulate(here: Path, options: tuple[str, ...], words: str) -> None:
    before = sorted(here.iterdir())
    done = run("simulate", "loop.toml", *SIMULATE, "--out", "out.nc", *options)
    assert words in told(done)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("name", ["simulate", "predict", "compare"])
def test_an_existing_output_is_found_before_the_work(here: Path, folder: Path, name: str) -> None:
    Path("out.nc").write_text("precious")
    arguments = {
        "simulate": ("loop.toml", "--generations", "10000000", *SIMULATE[2:]),
        "predict": ("loop.toml", "--generations", "10000000"),
        "compare": ("does-not-even-exist.nc",),
    }[name]
    start = time.monotonic()
    assert "--overwrite" in told(run(name, *arguments, "--out", "out.nc"))
    assert time.monotonic() - start < 30  # the work itself would take hours, or another error
    assert Path("out.nc").read_text() == "precious"


def test_a_folder_that_cannot_be_written_to(here: Path) -> None:
    locked = here / "locked"
    locked.mkdir(mode=0o500)
    # Root may write anywhere but into the kernel's own folder.
    folder = "/proc" if os.access(locked, os.W_OK) else "locked"
    done = run("simulate", "loop.toml", *SIMULATE, "--out", f"{folder}/out.nc")
    assert "cannot be written" in told(done)


def test_a_disk_that_fills_up_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(dataset: xr.Dataset, path: Path, **options: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    done = run("simulate", "loop.toml", *SIMULATE, "--out", "out.nc")
    assert "No space left" in told(done)
    assert [path.name for path in here.iterdir()] == ["loop.toml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulat",),
        ("simulate", "loop.toml"),
        ("simulate", "loop.toml", *SIMULATE, "--out", "a.nc", "--colour", "red"),
        ("simulate", "loop.toml", "--generations", "many", *SIMULATE[2:], "--out", "a.nc"),
        ("predict", "loop.toml", "another.toml", "--generations", "3"),
        ("compare",),
    ],
)
def test_mistakes_in_the_command_line_itself(here: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Usage: coevo" in done.stderr or "Usage: root" in done.stderr
    assert "Error: " in done.stderr
    assert "Traceback" not in done.output


def test_a_false_alarm_rate_must_be_a_probability(folder: Path) -> None:
    assert "false_alarm" in told(run("compare", folder / "loop.nc", "--false-alarm", "2"))


def test_running_out_of_memory_is_told(here: Path) -> None:
    # 10^15 rows: far beyond any memory, refused when the arrays are made.
    done = run(
        "simulate", "loop.toml", "--generations", "1000000000000000", *SIMULATE[2:], "--out", "a.nc"
    )
    assert "memory" in told(done)


def test_an_error_of_another_kind_is_not_hidden(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("toolkit.systems.read_system", broken)
    done = run("predict", "loop.toml", "--generations", "3")
    assert isinstance(done.exception, RuntimeError)
    assert done.exit_code == 1


def test_traceback_shows_where_an_error_was_raised(here: Path) -> None:
    done = run("--traceback", "predict", "missing.toml", "--generations", "3")
    assert isinstance(done.exception, FileNotFoundError)


# ----------------------------------------------------------------------------- processes, signals


def test_a_mistake_in_a_process_of_its_own(here: Path) -> None:
    done = command("simulate", "missing.toml", *SIMULATE, "--out", "a.nc")
    stdout, stderr = done.communicate(timeout=180)
    assert done.returncode == shell.EXIT_MISTAKE
    assert stdout == ""
    assert stderr == "coevo: no system file at missing.toml.\n"


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [
        (signal.SIGINT, shell.EXIT_INTERRUPTED, "interrupted"),
        (signal.SIGTERM, shell.EXIT_TERMINATED, "terminated"),
    ],
)
def test_an_interrupt_leaves_nothing(here: Path, number: int, status: int, word: str) -> None:
    started = command(
        *("simulate", "loop.toml", "--generations", "5000000", "--every", "100"),
        *(*SIMULATE[2:], "--out", "a.nc"),
    )
    assert started.stderr is not None
    assert "simulate" in started.stderr.read(len("\rsimulate"))  # it has begun: progress shows
    started.send_signal(number)
    stdout, stderr = started.communicate(timeout=180)
    assert started.returncode == status
    assert stdout == ""
    assert stderr.splitlines()[-1] == f"coevo: {word}; nothing was written."
    assert "Traceback" not in stderr
    assert [path.name for path in here.iterdir()] == ["loop.toml"]


# ---------------------------------------------------------------------------------------- studies

RUNNER = """
from pathlib import Path

def names():
    return ["rain", "wind"]

def run_study(name, quick, out, overwrite):
    path = Path(out) / f"{name}.txt"
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists (--overwrite).")
    if name == "wind" and not quick:
        raise KeyboardInterrupt
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{name} {quick}")
    print(f"finding of {name}")
    return [path]
"""


@pytest.fixture
def weather(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an installed package of two small studies, found through the entry-point group."""
    package = here / "weather_studies"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_study.py").write_text(RUNNER)
    (package / "rain.py").write_text('"""Does it rain?\n\nAt length."""\nraise RuntimeError\n')
    (package / "wind.py").write_text('"""Does it blow?"""\n')
    entry = importlib.metadata.EntryPoint("weather", "weather_studies", "coevo.studies")

    def entry_points(group: str) -> list[importlib.metadata.EntryPoint]:
        return [entry] if group == "coevo.studies" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.syspath_prepend(here)
    yield here
    for name in [name for name in sys.modules if name.startswith("weather_studies")]:
        del sys.modules[name]


def test_study_lists_the_studies_without_importing_them(weather: Path) -> None:
    done = run("study")
    assert done.exit_code == 0, done.output
    assert "Does it rain?" in done.stdout
    assert "wind" in done.stdout
    assert "At length" not in done.stdout


def test_study_runs_one_or_all(weather: Path) -> None:
    one = run("study", "rain", "--quick")
    assert one.exit_code == 0, one.output
    assert Path("results/rain.txt").read_text() == "rain True"
    assert "finding of rain" in one.stdout
    assert "results/rain.txt" in one.stdout
    refused = run("study", "all", "--quick")
    assert "exists" in told(refused)
    everything = run("study", "all", "--quick", "--out", "other", "--overwrite")
    assert everything.exit_code == 0
    assert {path.name for path in Path("other").iterdir()} == {"rain.txt", "wind.txt"}


def test_an_unknown_study_gets_a_suggestion(weather: Path) -> None:
    assert "did you mean 'rain'?" in told(run("study", "rains"))
    assert "known: all, rain, wind" in told(run("study", "xyz"))


def test_an_interrupt_tells_what_was_complete(weather: Path) -> None:
    done = run("study", "all")
    assert done.exit_code == shell.EXIT_INTERRUPTED
    assert done.stderr.strip().endswith("complete: results/rain.txt.")


def test_the_studies_of_this_project_are_found() -> None:
    from studies import _study

    done = run("study")
    assert done.exit_code == 0, done.output
    assert len(_study.names()) >= 4
    assert all(name in done.stdout for name in _study.names())


# ------------------------------------------------------------------------------ compilation cache


COMPILE = """
import os
os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
from toolkit.cli.cache import use_compilation_cache
use_compilation_cache()
import jax
jax.jit(lambda x: x * x + 3)(2.0)
"""


def test_the_cache_is_kept_and_used_again(here: Path) -> None:
    def compile_something() -> set[tuple[str, int]]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(here / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", COMPILE], env=environment, capture_output=True, check=True
        )
        assert done.stderr == b""
        (folder,) = (here / "cache" / "coevo").iterdir()
        assert not (folder / "busy").exists()
        return {(file.name, file.stat().st_mtime_ns) for file in (folder / "programs").iterdir()}

    first = compile_something()
    assert first
    assert compile_something() == first


def test_a_cache_that_cannot_be_written_is_done_without(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "file").write_text("")
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "file"))
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    cache.use_compilation_cache()
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_what_a_killed_process_left_in_the_cache_is_removed(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, when in (("whole", 100), ("half", 300)):
        (programs / name).write_text(name)
        os.utime(programs / name, (when, when))
    (tmp_path / "busy").touch()
    os.utime(tmp_path / "busy", (200, 200))
    assert cache._claim(tmp_path) == programs
    assert [path.name for path in programs.iterdir()] == ["whole"]
    with pytest.raises(BlockingIOError):  # in use
        cache._claim(tmp_path)
