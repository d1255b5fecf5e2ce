"""Continuations of scores and of retrained states: against dense Gaussian algebra."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests.toolkit.forecast.made import DRAWS, fit_of
from toolkit.forecast import continue_loop

_RHO, _FLOOR, _START, _NOISE, _DRIFT = 0.9, 0.2, 0.8, 0.02, 0.03
_VALUES = {
    "contraction_factor": _RHO,
    "floor": _FLOOR,
    "start": _START,
    "noise_sd": _NOISE,
    "drift_sd": _DRIFT,
    "start_sd": 0.1,
}
_SEEN, _AHEAD = 12, 15


def _scores() -> np.ndarray:
    generation = np.arange(_SEEN)
    rng = np.random.default_rng(11)
    score = _FLOOR + (_START - _FLOOR) * _RHO**generation + 0.05 * rng.normal(size=(2, _SEEN))
    score[0, 4:6] = np.nan
    score[0, -3:] = np.nan
    return score


def _expected(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the latent score from the last generation on, given what was seen."""
    generation = np.arange(_SEEN + _AHEAD)
    size = generation.size
    # u = A e, e the start's deviation and the drifts.
    reach = np.tril(_RHO ** np.maximum(np.subtract.outer(generation, generation), 0).astype(float))
    variance = np.array([0.1**2] + [_DRIFT**2] * (size - 1))
    cov = reach @ np.diag(variance) @ reach.T
    curve = _FLOOR + (_START - _FLOOR) * _RHO**generation
    seen = np.flatnonzero(np.isfinite(score))
    gain = cov[:, seen] @ np.linalg.inv(cov[np.ix_(seen, seen)] + _NOISE**2 * np.eye(seen.size))
    mean = curve + gain @ (score[seen] - curve[seen])
    cov = cov - gain @ cov[seen]
    return mean[_SEEN - 1 :], cov[_SEEN - 1 :, _SEEN - 1 :]


def test_a_score_goes_on_from_the_filtered_state() -> None:
    score = _scores()
    fit = fit_of("diversity_decay", tk.read_trajectory(score=score), _VALUES)
    ahead = continue_loop(fit, generations=_AHEAD, variables=("score", "measured"), num_draws=DRAWS)
    assert ahead.generation.tolist() == list(range(_SEEN, _SEEN + _AHEAD))
    for replicate in (0, 1):
        mean, cov = _expected(score[replicate])
        now = ahead.current["score"][:, replicate, None]
        paths = np.concatenate([now, ahead.values["score"][:, replicate]], axis=1)
        error = np.sqrt(np.diag(cov) / DRAWS)
        assert (np.abs(paths.mean(axis=0) - mean) < 4.5 * error).all()
        np.testing.assert_allclose(paths.std(axis=0), np.sqrt(np.diag(cov)), rtol=0.08)
        # The path as a whole: generations of one path belong together.
        correlation = np.corrcoef(paths[:, 0], paths[:, 5])[0, 1]
        exact = cov[0, 5] / np.sqrt(cov[0, 0] * cov[5, 5])
        assert abs(correlation - exact) < 0.08
        noise = ahead.values["measured"][:, replicate] - ahead.values["score"][:, replicate]
        np.testing.assert_allclose(noise.std(axis=0), _NOISE, rtol=0.1)
        # A filtered state that was taken for the last score would be surer of it.
        assert (replicate == 1) or paths[:, 0].std() > 1.3 * _NOISE


def test_a_log_score_without_noise_decays_by_its_factor() -> None:
    score = 0.8 * 0.9 ** np.arange(10.0)[None]
    values = {"contraction_factor": 0.9, "floor": 0.0, "start": 0.8, "noise_sd": 1e-6}
    data = tk.read_trajectory(score=score)
    fit = fit_of("diversity_decay", data, values, scale="log", form="deterministic")
    ahead = continue_loop(fit, generations=3, variables="score", num_draws=2)
    np.testing.assert_allclose(
        ahead.values["score"][:, 0], np.tile(0.8 * 0.9 ** np.arange(10, 13), (2, 1)), rtol=1e-5
    )
    still = {"contraction_factor": 1.0}
    ahead = continue_loop(fit, generations=3, variables="score", num_draws=2, overrides=still)
    np.testing.assert_allclose(ahead.values["score"], 0.8, rtol=1e-5)


def test_a_retrained_state_goes_on_from_where_it_was_last_seen() -> None:
    mean = np.zeros((2, 6, 1, 2))
    mean[...] = np.array([1.0, -0.5]) * 0.8 ** np.arange(6.0)[None, :, None, None]
    mean[0, 4:] = np.nan
    data = xr.Dataset({"image_mean": (tk.labels.dims("image_mean"), mean)})
    data = data.assign_coords(generation=np.arange(6), text=[0], feature=[0, 1])
    values = {
        "contraction_factor": 0.8,
        "fixed_point": [0.1, 0.0],
        "component_noise_sd": [0.05, 0.1],
    }
    fit = fit_of("retraining", data, values)
    ahead = continue_loop(
        fit, generations=4, variables=("image_mean", "fixed_point_distance"), num_draws=DRAWS
    )
    fixed, sd = np.array([0.1, 0.0]), np.array([0.05, 0.1])
    for replicate, (last, lag) in enumerate([(3, 2), (5, 0)]):
        steps = lag + np.arange(1, 5)[:, None]
        expected = fixed + 0.8**steps * (mean[replicate, last, 0] - fixed)
        spread = sd * np.sqrt((1 - 0.8 ** (2 * steps)) / (1 - 0.8**2))
        states = ahead.values["image_mean"][:, replicate]
        assert (np.abs(states.mean(axis=0) - expected) < 4.5 * spread / np.sqrt(DRAWS)).all()
        np.testing.assert_allclose(states.std(axis=0), spread, rtol=0.08)
        left = np.linalg.norm(states - fixed, axis=-1)
        np.testing.assert_allclose(
            ahead.values["fixed_point_distance"][:, replicate], left, rtol=1e-9
        )
    assert ahead.dims["image_mean"] == ("component",)
    assert ahead.coords["component"].tolist() == ["text 0, feature 0", "text 0, feature 1"]


def test_scores_say_nothing_of_texts() -> None:
    fit = fit_of("diversity_decay", tk.read_trajectory(score=_scores()), _VALUES)
    with pytest.raises(ValueError, match="choose variable from: score, measured"):
        tk.forecast(fit, generations=2)
    with pytest.raises(ValueError, match="a fit of diversity_decay knows no dose"):
        tk.dose(fit, variable="score", target=0.5, horizon=3)
