"""The command ``coevo``: simulate, predict, compare, fit, run the studies, look up the theorems.

Exit status: 0 when done; 2 for a mistake in the command line, a file or a configuration, told in
a line or two; 3 when ``compare`` found theory and simulation to contradict each other; 4 when the
chains of ``fit`` or ``report`` did not come to agree; 5 when ``monitor`` sees a level near; 130
after Ctrl-C and 143 after SIGTERM. What takes long to import is imported by the command that needs
it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, NoReturn

import typer

from toolkit.cli import (
    calibrating,
    criticism,
    fitting,
    forecasting,
    monitoring,
    reporting,
    sweeping,
)
from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import Out, Overwrite, Resume
from toolkit.cli.output import (
    prediction_rows,
    print_omitted,
    print_table,
    print_verdicts,
    write,
)
from toolkit.cli.shell import (
    EXIT_CONTRADICTION,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    Commands,
    check_known,
    examples,
    watch,
)

_STUDIES_GROUP = "coevo.studies"

app = typer.Typer(
    name="coevo",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

SystemFile = Annotated[
    Path, typer.Argument(metavar="SYSTEM.toml", help="The system; see the README for its keys.")
]
Generations = Annotated[int, typer.Option(help="How many generations.")]
Why = Annotated[
    bool, typer.Option("--why", help="List the results that are not predicted, with the reasons.")
]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; the entry point of ``coevo``.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if left out.

    Raises
    ------
    SystemExit
        Always, with the exit status.
    """
    watch()
    try:
        app(args=None if argv is None else list(argv))
    except SystemExit as end:
        if end.code in (EXIT_INTERRUPTED, EXIT_TERMINATED):
            # The ordinary way out would wait for threads that are still computing.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(end.code))
        raise
    raise SystemExit(0)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"coevo {importlib.metadata.version('coevo-toolkit')}")
        raise typer.Exit


@app.callback(
    epilog=examples(
        "coevo simulate loop.toml --generations 600 --replicates 100 --seed 1 --out loop.nc",
        "coevo compare loop.nc",
        "coevo study all --quick",
    )
)
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where an error was raised.")
    ] = False,
) -> None:
    """Loops of generative models that train on each other: simulate, predict, compare.

    Exit status: 0 done; 2 a mistake, told in a line or two; 3 theory and simulation contradict
    each other (compare); 4 the chains did not come to agree (fit, report); 5 a level is near
    (monitor); 130 interrupted; 143 terminated.
    """


@app.command(
    epilog=examples(
        "coevo theorems",
        "coevo theorems injection --kind exact",
        "coevo theorems text_diversity_lower_bound",
        "coevo theorems --papers",
        "coevo theorems --html --out theorems.html",
        "coevo theorems --check",
        "coevo theorems image_lyapunov --mutate",
    )
)
def theorems(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Show this one in full; or a part of names, to list.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only exact, upper-bound, lower-bound, asymptotic, fixed-point, ..."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Only those of this source: paper, reconstructed or ours.")
    ] = None,
    papers: Annotated[
        bool, typer.Option("--papers", help="The paper says, we prove, they differ by.")
    ] = False,
    latex: Annotated[
        bool, typer.Option("--latex", help="LaTeX: of one theorem a fragment, else a document.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="A page of HTML with the mathematics rendered.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write LaTeX or HTML there.")
    ] = None,
    overwrite: Overwrite = False,
    check: Annotated[
        bool, typer.Option("--check", help="Re-derive them all, on all cores; 3 if one fails.")
    ] = False,
    mutate: Annotated[
        bool,
        typer.Option("--mutate", help="Plant errors in them and see that they are found; or 3."),
    ] = False,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="With --mutate: also in every place of every step."),
    ] = False,
) -> None:
    """List the theorems, or show one: what it assumes, what it says, how it is derived.

    Showing one re-derives it, holds it against its witness, and evaluates it at an example.
    """
    from toolkit.cli.theorems import show, verify

    if check or mutate or thorough:
        held = verify(
            name,
            kind=kind,
            source=source,
            check=check,
            mutate=mutate,
            thorough=thorough,
            written=latex or html or papers or out is not None,
        )
        if not held:
            raise typer.Exit(EXIT_CONTRADICTION)
        return

    written = show(
        name,
        kind=kind,
        source=source,
        papers=papers,
        latex=latex,
        html=html,
        out=out,
        overwrite=overwrite,
    )
    if written is not None:
        ctx.obj.append(written)
        typer.echo(f"saved: {written}")


@app.command(
    epilog=examples(
        "coevo simulate loop.toml --generations 600 --replicates 100 --seed 1 --out loop.nc",
        "coevo simulate loop.toml --generations 5000 --every 10 --replicates 1000 --seed 2 \\",
        "  --record text_diversity --record image_diversity --out loop.zarr --resume",
        "",
        "A system file is, for instance:",
        "  [on_unit_circle]",
        "  num_texts = 5",
        "  variance = 1.0",
        "  batch_size = 1000",
    )
)
def simulate(
    ctx: typer.Context,
    system_file: SystemFile,
    generations: Generations,
    replicates: Annotated[int, typer.Option(help="How many independent runs.")],
    seed: Annotated[int, typer.Option(help="Fixes the result, bit for bit.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Ends in .nc or .zarr.")],
    method: Annotated[
        str,
        typer.Option(
            help='"exact" sufficient statistics; "literal": every image drawn; approximations: '
            '"diffusion", "one_hot" for large batches, "sparse" for many texts.'
        ),
    ] = "exact",
    every: Annotated[int, typer.Option(help="Record every so many generations.")] = 1,
    record: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIABLE", help="What to record; may be given again."),
    ] = None,
    dtype: Annotated[str, typer.Option(help='"float64" or "float32".')] = "float64",
    chunk_size: Annotated[
        int | None, typer.Option(help="Most replicates computed at once; bounds memory.")
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Simulate a system and save the trajectory, with all that is needed to run it again.

    A .zarr is written as it comes, with checkpoints: it may be larger than memory, and what is
    stopped or killed goes on with --resume, to the same bits.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output, save
    from toolkit.stores import check_store
    from toolkit.systems import read_system

    system = read_system(system_file)
    stored = out.suffix == ".zarr"
    if stored:
        check_store(out, resume=resume, overwrite=overwrite)
    else:
        check_output(out, overwrite=overwrite)
        if resume:
            raise ValueError(f"{out} has no checkpoints; --resume needs an --out that is a .zarr.")

    from toolkit.simulate import simulate as run  # heavy: a mistake is told before
    from toolkit.simulation.methods import method_note

    with sweeping.kept(out):
        simulated = run(
            system,
            generations=generations,
            replicates=replicates,
            seed=seed,
            method=method,  # type: ignore[arg-type]  # checked there
            every=every,
            record=record or None,
            dtype=dtype,  # type: ignore[arg-type]
            chunk_size=chunk_size,
            out=out if stored else None,
            resume=resume,
            overwrite=stored and overwrite,
        )
    ctx.obj.append(out if stored else save(simulated, out, overwrite=overwrite))
    recorded = f"{simulated.sizes['replicate']} replicates, {simulated.sizes['generation']} rows"
    typer.echo(f"saved: {out} ({recorded} of {', '.join(map(str, simulated.data_vars))})")
    note = method_note(simulated)
    if note is not None:
        typer.echo(note)


app.command(
    epilog=examples(
        "coevo sweep sweep.toml --out sweep.zarr",
        "coevo sweep sweep.toml --out sweep.zarr --workers 3 --resume",
        "coevo sweep sweep.toml --out /shared/sweep.zarr --scheduler tcp://host:8786",
        "",
        "A sweep file is, for instance:",
        '  system = "loop.toml"    # or a table [system]',
        "  seed = 1",
        "  [over]                  # fields of the system, or tables of what moves together",
        "  batch_size = [100, 1000]",
        "  corpus.prob = [0.0, 0.05, 0.1]",
        "  [simulate]",
        "  generations = 500",
        "  replicates = 100",
        "  [fit]                   # optional: fit what is simulated, cell by cell",
        '  model = "text_drift"',
    )
)(sweeping.sweep)


@app.command(
    epilog=examples(
        "coevo predict loop.toml --generations 600",
        "coevo predict loop.toml --generations 600 --variable text_diversity --out predicted.nc",
    )
)
def predict(
    ctx: typer.Context,
    system_file: SystemFile,
    generations: Generations,
    variable: Annotated[
        list[str] | None,
        typer.Option(help="Only results about this variable; may be given again."),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
    why: Why = False,
) -> None:
    """Say what is known of a system in advance: bounds, exact laws, asymptotes, fixed points.

    A result about every text shows the least and the greatest value. "log" marks a prediction
    of the mean logarithm.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output
    from toolkit.systems import read_system

    system = read_system(system_file)
    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.theory import predict as run

    # A system that predict knows nothing of is refused there.
    predicted = run(system, generations=generations, variables=variable or None)
    columns = ("result", "variable", "kind", "scale", "from", "first", "last", "source")
    print_table(columns, prediction_rows(predicted))
    print_omitted(predicted, why)
    write(ctx, predicted, out, overwrite=overwrite)


@app.command(
    epilog=examples(
        "coevo compare loop.nc",
        "coevo compare loop.nc --false-alarm 0.001 --out verdicts.nc",
        "coevo compare loop.nc || echo 'theory and simulation contradict each other'",
    )
)
def compare(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A simulated trajectory, .nc or .zarr.")],
    false_alarm: Annotated[
        float, typer.Option(help="Chance that any verdict of the table is a false alarm.")
    ] = 0.01,
    one_step: Annotated[
        bool,
        typer.Option("--one-step", help="Predict each generation from the one before it."),
    ] = False,
    out: Out = None,
    overwrite: Overwrite = False,
    why: Why = False,
) -> None:
    """Lay the theory beside a simulated trajectory and give a verdict on each result.

    Verdicts: agrees or disagrees (exact results, fixed points), holds or violated (bounds),
    agrees or departs (asymptotes and approximations, which claim no more than closeness),
    undecided (too few replicates to tell).
    Exit status: 0 when nothing disagrees or is violated, 3 when something is.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output, read_simulated, system_of

    if out is not None:
        check_output(out, overwrite=overwrite)
    simulated = read_simulated(file)
    system = system_of(simulated)

    from toolkit.compare import compare as run
    from toolkit.compare import has_alarm, verdict_table
    from toolkit.theory import predict as predict_from

    if one_step:
        predicted = predict_from(simulated)
    else:
        generations = int(simulated.generation.max())
        predicted = predict_from(system, generations=generations)
    comparison = run(simulated, predicted, false_alarm=false_alarm)
    print_verdicts(verdict_table(comparison))
    typer.echo(f"chance of any false alarm in this table: {false_alarm:g}")
    if comparison.attrs.get("not_recorded"):
        typer.echo(f"predicted but not recorded: {comparison.attrs['not_recorded']}")
    print_omitted(predicted, why)
    write(ctx, comparison, out, overwrite=overwrite)
    if has_alarm(comparison):
        raise typer.Exit(EXIT_CONTRADICTION)


app.command(
    epilog=examples(
        "coevo fit loop.csv --model text_drift --seed 1 --out fit.nc",
        "coevo fit scores.csv --score recall --model diversity_decay --seed 1 --out fit.nc",
        "coevo fit loop.nc --model text_drift --seed 1 --out fit.nc \\",
        "  --set injection_prob=0 --set 'effective_batch_size=LogNormal(7, 1)'",
    )
)(fitting.fit)


app.command(
    epilog=examples(
        "coevo forecast fit.nc --generations 100 --below 0.5",
        "coevo forecast fit.nc --generations 50 --variable image_diversity --seed 2 --out ahead.nc",
    )
)(forecasting.forecast)


app.command(
    epilog=examples(
        "coevo dose fit.nc --target 0.5 --horizon 100",
        "coevo dose fit.nc --target 0.5 --horizon 100 --set injection_prob=1 --throughout",
        "coevo dose fit.nc --variable image_diversity --target 1 --horizon 50 "
        "--vary num_user_images",
    )
)(forecasting.dose)


app.command(
    epilog=examples(
        "coevo monitor running.csv --model text_drift --below 0.3",
        "coevo monitor scores.csv --score recall --model diversity_decay --below 0.5 --horizon 5 "
        "--patience 3600",
    )
)(monitoring.monitor)


app.command(
    epilog=examples(
        "coevo report fit.nc --out report.html",
        "coevo report loop.csv --model text_drift --below 0.3 --out report.html",
        "coevo report scores.csv --score recall --model diversity_decay --out report.html",
    )
)(reporting.report)


app.command(
    epilog=examples(
        "coevo summary fit.nc",
        "coevo summary fit.nc --horizon 100 --start last",
    )
)(criticism.summary)
app.command(epilog=examples("coevo check fit.nc"))(criticism.check)
app.command(
    epilog=examples(
        "coevo compare-models loop.csv --model text_drift --seed 1",
        "coevo compare-models scores.csv --score recall --model diversity_decay --seed 1",
    )
)(criticism.compare_models)


app.command(
    epilog=examples(
        "coevo calibrate diversity_decay --num-datasets 100 --seed 1",
        "coevo calibrate text_drift --num-datasets 500 --seed 1 --scenario small_batch --out c.nc",
        "coevo calibrate retraining --num-datasets 200 --seed 1 --mistake wrong_noise",
    )
)(calibrating.calibrate)


@app.command(
    epilog=examples("coevo study", "coevo study text_collapse --quick", "coevo study all --out .")
)
def study(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|all]", help="Without it, list the studies.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: seconds, not minutes.")] = (
        False
    ),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write; made if missing.")] = (
        Path("results")
    ),
    overwrite: Overwrite = False,
) -> None:
    """Run a study: a netCDF file, figures and a one-paragraph finding."""
    use_compilation_cache()
    runners = {known: runner for runner in _study_runners() for known in runner.names()}
    if name is None:
        print_table(("study", "question"), ((s, _summary(r, s)) for s, r in runners.items()))
        return
    if name != "all":
        check_known(name, (*runners, "all"), "study")
    for chosen in runners if name == "all" else (name,):
        paths = runners[chosen].run_study(chosen, quick, out, overwrite)
        ctx.obj.extend(paths)
        typer.echo("\n".join(("", *map(str, paths), "")))


def _study_runners() -> Iterator[ModuleType]:
    """The runners of all installed packages of studies, which toolkit does not import itself."""
    for entry in importlib.metadata.entry_points(group=_STUDIES_GROUP):
        yield importlib.import_module(f"{entry.value}._study")


def _summary(runner: ModuleType, study: str) -> str:
    """First line of a study's docstring, read without importing the study."""
    spec = importlib.util.find_spec(f"{runner.__package__}.{study}")
    if spec is None or spec.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (docstring or "").partition("\n")[0]
