"""Figures of trajectories, predictions, calibrations and forecasts, in one style.

Every function draws what a dataset holds and returns the axes.
"""

from toolkit.plotting.calibration import (
    plot_coverage,
    plot_ecdf_difference,
    plot_ecdf_differences,
    plot_ranks,
)
from toolkit.plotting.criticism import (
    plot_causes,
    plot_comparison_of_models,
    plot_predictive_check,
)
from toolkit.plotting.curves import (
    BAND,
    LINE_STYLES,
    plot_band,
    plot_comparison,
    plot_prediction,
    plot_rates,
    plot_trajectory,
    plot_z_scores,
)
from toolkit.plotting.forecast import plot_dose_response, plot_forecast
from toolkit.plotting.images import plot_images
from toolkit.plotting.style import (
    colours,
    label_ends,
    legend_below,
    log_axis,
    panels,
    save_figure,
    styled,
)

__all__ = [
    "BAND",
    "LINE_STYLES",
    "colours",
    "label_ends",
    "legend_below",
    "log_axis",
    "panels",
    "plot_band",
    "plot_causes",
    "plot_comparison",
    "plot_comparison_of_models",
    "plot_coverage",
    "plot_dose_response",
    "plot_ecdf_difference",
    "plot_ecdf_differences",
    "plot_images",
    "plot_forecast",
    "plot_prediction",
    "plot_predictive_check",
    "plot_ranks",
    "plot_rates",
    "plot_trajectory",
    "plot_z_scores",
    "save_figure",
    "styled",
]
