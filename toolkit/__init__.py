"""Simulate, predict and compare loops of generative models that train on each other's outputs.

``import toolkit as tk`` is all a user needs. Each name is loaded when it is first used, so
that the import itself is quick.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

_HOME = {
    "CoevolvingSystem": "toolkit.systems",
    "CorpusInjection": "toolkit.systems",
    "FeatureMap": "toolkit.systems",
    "UserContent": "toolkit.systems",
    "Accumulate": "toolkit.systems",
    "Budget": "toolkit.systems",
    "Categorical": "toolkit.systems",
    "Curated": "toolkit.systems",
    "ExponentialFamily": "toolkit.systems",
    "Fresh": "toolkit.systems",
    "Gaussian": "toolkit.systems",
    "GaussianMixture": "toolkit.systems",
    "InContextRegression": "toolkit.systems",
    "Injected": "toolkit.systems",
    "KernelDensity": "toolkit.systems",
    "LinearRegression": "toolkit.systems",
    "Mix": "toolkit.systems",
    "Network": "toolkit.systems",
    "Replace": "toolkit.systems",
    "RetrainingSystem": "toolkit.systems",
    "read_system": "toolkit.systems",
    "ConvergenceWarning": "toolkit.inference",
    "calibrate": "toolkit.calibration",
    "calibration_table": "toolkit.calibration",
    "check_fit": "toolkit.criticism",
    "check_table": "toolkit.criticism",
    "compare": "toolkit.compare",
    "compare_models": "toolkit.criticism",
    "comparison_table": "toolkit.criticism",
    "continue_loop": "toolkit.forecast",
    "dose": "toolkit.forecast",
    "fit": "toolkit.inference",
    "fit_table": "toolkit.inference",
    "forecast": "toolkit.forecast",
    "forecast_scores": "toolkit.forecast",
    "forecast_table": "toolkit.forecast",
    "generalization_bound": "toolkit.stability",
    "loop_of": "toolkit.loops",
    "monitor": "toolkit.forecast.monitoring",
    "paired_distance": "toolkit.stability",
    "posterior_confusion": "toolkit.confusion",
    "predict": "toolkit.theory",
    "read_fit": "toolkit.inference",
    "read_sweep": "toolkit.sweeping",
    "read_trajectory": "toolkit.trajectories",
    "recursive_stability": "toolkit.stability",
    "report": "toolkit.report",
    "save": "toolkit.datasets",
    "simulate": "toolkit.simulate",
    "simulate_again": "toolkit.simulate",
    "simulate_numpyro": "toolkit.simulate_numpyro",
    "summary": "toolkit.forecast.summary",
    "summary_table": "toolkit.forecast.summary",
    "sweep": "toolkit.sweeping",
    "sweep_again": "toolkit.sweeping",
    "sweep_calibrate": "toolkit.sweeping",
    "sweep_fit": "toolkit.sweeping",
    "tilted_image_diversity": "toolkit.tilting",
    "to_table": "toolkit.trajectories",
    "verdict_table": "toolkit.compare",
}
_MODULES = ("confusion", "labels", "measures", "metrics", "models", "plotting", "theory")

if TYPE_CHECKING:
    from toolkit import confusion as confusion
    from toolkit import labels as labels
    from toolkit import measures as measures
    from toolkit import metrics as metrics
    from toolkit import models as models
    from toolkit import plotting as plotting
    from toolkit import theory as theory
    from toolkit.calibration import calibrate as calibrate
    from toolkit.calibration import calibration_table as calibration_table
    from toolkit.compare import compare as compare
    from toolkit.compare import verdict_table as verdict_table
    from toolkit.confusion import posterior_confusion as posterior_confusion
    from toolkit.criticism import check_fit as check_fit
    from toolkit.criticism import check_table as check_table
    from toolkit.criticism import compare_models as compare_models
    from toolkit.criticism import comparison_table as comparison_table
    from toolkit.datasets import save as save
    from toolkit.forecast import continue_loop as continue_loop
    from toolkit.forecast import dose as dose
    from toolkit.forecast import forecast as forecast
    from toolkit.forecast import forecast_scores as forecast_scores
    from toolkit.forecast import forecast_table as forecast_table
    from toolkit.forecast.monitoring import monitor as monitor
    from toolkit.forecast.summary import summary as summary
    from toolkit.forecast.summary import summary_table as summary_table
    from toolkit.inference import ConvergenceWarning as ConvergenceWarning
    from toolkit.inference import fit as fit
    from toolkit.inference import fit_table as fit_table
    from toolkit.inference import read_fit as read_fit
    from toolkit.loops import loop_of as loop_of
    from toolkit.report import report as report
    from toolkit.simulate import simulate as simulate
    from toolkit.simulate import simulate_again as simulate_again
    from toolkit.simulate_numpyro import simulate_numpyro as simulate_numpyro
    from toolkit.stability import generalization_bound as generalization_bound
    from toolkit.stability import paired_distance as paired_distance
    from toolkit.stability import recursive_stability as recursive_stability
    from toolkit.sweeping import read_sweep as read_sweep
    from toolkit.sweeping import sweep as sweep
    from toolkit.sweeping import sweep_again as sweep_again
    from toolkit.sweeping import sweep_calibrate as sweep_calibrate
    from toolkit.sweeping import sweep_fit as sweep_fit
    from toolkit.systems import Accumulate as Accumulate
    from toolkit.systems import Budget as Budget
    from toolkit.systems import Categorical as Categorical
    from toolkit.systems import CoevolvingSystem as CoevolvingSystem
    from toolkit.systems import CorpusInjection as CorpusInjection
    from toolkit.systems import Curated as Curated
    from toolkit.systems import ExponentialFamily as ExponentialFamily
    from toolkit.systems import FeatureMap as FeatureMap
    from toolkit.systems import Fresh as Fresh
    from toolkit.systems import Gaussian as Gaussian
    from toolkit.systems import GaussianMixture as GaussianMixture
    from toolkit.systems import InContextRegression as InContextRegression
    from toolkit.systems import Injected as Injected
    from toolkit.systems import KernelDensity as KernelDensity
    from toolkit.systems import LinearRegression as LinearRegression
    from toolkit.systems import Mix as Mix
    from toolkit.systems import Network as Network
    from toolkit.systems import Replace as Replace
    from toolkit.systems import RetrainingSystem as RetrainingSystem
    from toolkit.systems import UserContent as UserContent
    from toolkit.systems import read_system as read_system
    from toolkit.theory import predict as predict
    from toolkit.tilting import tilted_image_diversity as tilted_image_diversity
    from toolkit.trajectories import read_trajectory as read_trajectory
    from toolkit.trajectories import to_table as to_table


class _Package(ModuleType):
    """The package, in which ``simulate`` and ``compare`` are the functions of that name.

    Importing a submodule would bind its name in the package; where a public function has the
    same name, the function wins.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in _HOME:
            value = getattr(importlib.import_module(_HOME[name]), name)
        elif name in _MODULES:
            value = importlib.import_module(f"toolkit.{name}")
        else:
            raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_HOME, *_MODULES})


sys.modules[__name__].__class__ = _Package
