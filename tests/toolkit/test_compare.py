"""Verdicts: right for true and for false predictions, at the stated false-alarm rate."""

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from symbolic import Kind
from tests.statistics import level
from toolkit import labels
from toolkit.compare import compare, has_alarm, verdict_table

REPLICATES, GENERATIONS, TEXTS = 80, 30, 3


def simulated(seed: int = 0) -> xr.Dataset:
    """A trajectory of made-up numbers with known means."""
    rng = np.random.default_rng(seed)
    time = np.arange(GENERATIONS + 1)
    diversity = 0.8 - 0.01 * time + 0.02 * rng.standard_normal((REPLICATES, 1, 1)) * (time > 0)
    steps = rng.standard_normal((REPLICATES, GENERATIONS, TEXTS)) * 0.3 - 0.045
    logs = np.concatenate([np.zeros((REPLICATES, 1, TEXTS)), np.cumsum(steps, axis=1)], axis=1)
    return xr.Dataset(
        {
            "text_diversity": (labels.dims("text_diversity"), diversity[:, 0]),
            "image_diversity": (labels.dims("image_diversity"), np.exp(logs)),
        },
        coords={
            "replicate": np.arange(REPLICATES),
            "generation": time,
            "text": np.arange(TEXTS),
        },
    )


def prediction(
    values: object, *, variable: str, kind: str = "exact", scale: str = "linear", start: int = 0
) -> xr.Dataset:
    """A table of one result."""
    values = np.asarray(values, dtype=float)
    dims = ("result", "generation", "text")[: values.ndim + 1]
    return xr.Dataset(
        {"predicted": (dims, values[None])},
        coords={
            "result": ["made_up"],
            "kind": ("result", [kind]),
            "variable": ("result", [variable]),
            "scale": ("result", [scale]),
            "valid_from": ("result", [start]),
            "generation": np.arange(GENERATIONS + 1),
            **({"text": np.arange(values.shape[1])} if values.ndim == 2 else {}),
        },
    )


TRUE = 0.8 - 0.01 * np.arange(GENERATIONS + 1)


@pytest.mark.parametrize(
    ("kind", "shift", "verdict"),
    [
        ("exact", 0.0, "agrees"),
        ("exact", 0.02, "disagrees"),
        ("exact", -0.02, "disagrees"),
        ("fixed point", 0.02, "disagrees"),
        ("lower bound", -0.02, "holds"),
        ("lower bound", 0.0, "holds"),
        ("lower bound", 0.02, "violated"),
        ("upper bound", 0.02, "holds"),
        ("upper bound", -0.02, "violated"),
        ("approximation", 0.0, "agrees"),
        ("approximation", 0.02, "departs"),
        ("asymptotic", 0.02, "departs"),
    ],
)
def test_a_verdict_follows_kind_and_truth(kind: str, shift: float, verdict: str) -> None:
    predicted = prediction(TRUE + shift, variable="text_diversity", kind=kind)
    comparison = compare(simulated(), predicted)
    assert comparison.verdict.item() == verdict
    assert has_alarm(comparison) == (verdict in ("disagrees", "violated"))
    bound = kind.endswith("bound")
    crossed = -shift if kind == "upper bound" else shift
    expected = comparison.residual * (-1 if kind == "lower bound" else 1)
    np.testing.assert_allclose(comparison.violation, np.maximum(expected, 0) if bound else 0)
    assert (comparison.violation.max() > 0.01) == (bound and crossed > 0.01)


def test_fields_are_what_they_say() -> None:
    data = simulated()
    comparison = compare(data, prediction(TRUE, variable="text_diversity"))
    assert comparison.predicted.dims == ("result", "generation")
    mean = data.text_diversity.mean("replicate")
    error = data.text_diversity.std("replicate", ddof=1) / np.sqrt(REPLICATES)
    np.testing.assert_allclose(comparison.simulated[0], mean)
    np.testing.assert_allclose(comparison.standard_error[0], error, atol=1e-15)
    np.testing.assert_allclose(comparison.residual[0], mean - TRUE, atol=1e-13)
    np.testing.assert_allclose(comparison.z_score[0, 1:], ((mean - TRUE) / error)[1:], rtol=1e-6)


def test_log_scale_decides_where_the_linear_one_cannot() -> None:
    time = np.arange(GENERATIONS + 1)[:, None] * np.ones(TEXTS)
    log = prediction(-0.045 * time, variable="image_diversity", scale="log")
    assert compare(simulated(), log).verdict.item() == "agrees"
    wrong = prediction(-0.09 * time, variable="image_diversity", scale="log")
    assert compare(simulated(), wrong).verdict.item() == "disagrees"
    # E exp(sum of normals) = exp(-.045 t + .09 t / 2) = 1: true, but not to be seen from means.
    late = prediction(np.ones_like(time), variable="image_diversity", start=25)
    comparison = compare(simulated(), late)
    assert comparison.verdict.item() == "undecided"
    assert comparison.effective_replicates.isel(generation=-1).max() < REPLICATES / 5


def test_results_of_both_shapes_share_a_table() -> None:
    time = np.arange(GENERATIONS + 1)[:, None] * np.ones(TEXTS)
    whole = prediction(TRUE[:, None] * np.ones(TEXTS), variable="text_diversity")
    log = prediction(-0.045 * time, variable="image_diversity", scale="log")
    both = xr.concat([whole, log.assign_coords(result=["per_text"])], "result", join="exact")
    comparison = compare(simulated(), both)
    assert comparison.z_score.dims == ("result", "generation", "text")
    of_whole = comparison.z_score.sel(result="made_up")
    assert (of_whole == of_whole.isel(text=0)).all()
    shown = verdict_table(comparison)
    assert list(shown.index) == ["made_up", "per_text"]
    # 20 checkpoints for the whole system, 20 for each of the texts.
    assert list(shown.checkpoints) == [20, 20 * TEXTS]
    assert comparison.attrs["tests"] == 20 + 20 * TEXTS


def test_valid_from_is_respected() -> None:
    shifted = TRUE + np.where(np.arange(GENERATIONS + 1) < 10, 0.5, 0.0)
    early = prediction(shifted, variable="text_diversity")
    assert compare(simulated(), early).verdict.item() == "disagrees"
    late = prediction(shifted, variable="text_diversity", start=10)
    assert compare(simulated(), late).verdict.item() == "agrees"
    beyond = prediction(TRUE, variable="text_diversity", start=1000)
    assert compare(simulated(), beyond).verdict.item() == "undecided"


def test_false_alarms_are_as_rare_as_stated() -> None:
    predicted = prediction(TRUE, variable="text_diversity")
    alarms = 0
    for seed in range(200):
        # Fresh noise at every generation, so that the checkpoints are as many tests.
        noise = np.random.default_rng(seed).standard_normal((REPLICATES, GENERATIONS + 1))
        data = simulated().assign(text_diversity=(("replicate", "generation"), TRUE + 0.02 * noise))
        alarms += has_alarm(compare(data, predicted, false_alarm=0.2))
    # Binomial(200, .2) leaves [17, 66] with a probability of 5e-6; Bonferroni gives up a tenth.
    assert 17 <= alarms <= 66


@pytest.mark.parametrize(("replicates", "prob"), [(2, 0.2), (3, 0.2), (100, 1e-5)])
def test_replicates_that_happen_to_be_alike_raise_no_alarm(replicates: int, prob: float) -> None:
    rare = level("comparison", 2 * 3 * 20)
    # Counts of a few images take few values, and a rare text is hardly ever drawn.
    rng = np.random.default_rng(1)
    for _ in range(20):
        shape = (replicates, GENERATIONS + 1)
        drawn = rng.binomial(50, prob, size=shape) / 50
        data = simulated().isel(replicate=slice(replicates), text=[0])
        data = data.assign_coords(replicate=np.arange(data.sizes["replicate"]))
        drawn = drawn[: data.sizes["replicate"]]
        data["text_probs"] = (("replicate", "generation", "text"), drawn[:, :, None])
        predicted = prediction(np.full(GENERATIONS + 1, prob)[:, None], variable="text_probs")
        assert not has_alarm(compare(data, predicted, false_alarm=rare))
    # Something deterministic and wrong is still found out.
    data["text_probs"][:] = 0.9
    if replicates > 10:
        assert has_alarm(compare(data, predicted))


def test_bad_input_is_refused() -> None:
    predicted = prediction(TRUE, variable="text_diversity")
    with pytest.raises(ValueError, match="at least 2 replicates"):
        compare(simulated().isel(replicate=[0]), predicted)
    with pytest.raises(ValueError, match="predict 30 generations"):
        compare(simulated(), predicted.isel(generation=slice(0, 20)))
    with pytest.raises(ValueError, match="false_alarm"):
        compare(simulated(), predicted, false_alarm=0)
    with pytest.raises(ValueError, match="record one of: text_entropy"):
        compare(simulated(), prediction(TRUE, variable="text_entropy"))
    time = np.zeros((GENERATIONS + 1, TEXTS))
    per_text = prediction(time, variable="image_diversity").assign_coords(text=[1, 2, 3])
    with pytest.raises(ValueError, match="text differs"):
        compare(simulated(), per_text)


def test_system_end_to_end() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=40)
    closed = system.replace(text_updates=0)
    data = tk.simulate(closed, generations=40, replicates=400, seed=3)
    rare = level("comparison", 2)
    comparison = compare(data, tk.predict(closed, generations=40), false_alarm=rare)
    assert not has_alarm(comparison)
    # The same runs against a system of larger batches: found out.
    other = tk.predict(closed.replace(batch_size=60), generations=40)
    assert has_alarm(compare(data, other, other_system=True))
    with pytest.raises(ValueError, match="another system: batch_size differ"):
        compare(data, other)


def test_texts_that_come_in_change_nothing_about_the_whole() -> None:
    corpus = tk.CorpusInjection(prob=0.5, fraction=0.1, reading="new_text")
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3, variance=0.1, batch_size=30, image_updates=0, corpus=corpus
    )
    data = tk.simulate(system, generations=10, replicates=20, seed=2)
    comparison = compare(data, tk.predict(system, generations=10))
    assert "text" not in comparison.dims
    assert set(comparison.verdict.values) <= {"holds", "undecided"}
    assert "holds" in comparison.verdict


def test_the_kinds_of_results_are_those_of_the_theory() -> None:
    ours = {
        labels.EXACT,
        labels.UPPER_BOUND,
        labels.LOWER_BOUND,
        labels.ASYMPTOTIC,
        labels.FIXED_POINT,
        labels.APPROXIMATION,
    }
    assert ours == {str(kind) for kind in Kind}


def test_an_asymptotic_rate_claims_no_offset() -> None:
    time = np.arange(GENERATIONS + 1)[:, None] * np.ones(TEXTS)
    parts = {"variable": "image_diversity", "kind": "asymptotic", "scale": "log", "start": 10}
    assert compare(simulated(), prediction(5 - 0.045 * time, **parts)).verdict == "agrees"
    assert compare(simulated(), prediction(5 - 0.2 * time, **parts)).verdict == "departs"


def test_an_injection_that_never_happens_is_the_closed_system() -> None:
    corpus = tk.CorpusInjection(prob=0.0, fraction=0.1, reading="new_text", capacity=6)
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3, variance=0.1, batch_size=30, image_updates=0, corpus=corpus
    )
    data = tk.simulate(system, generations=5, replicates=4, seed=2)
    assert data.sizes["text"] == 3
    compare(data, tk.predict(system, generations=5))
