"""What comes next in a fitted loop: its continuation, and the answers drawn from it.

:func:`continue_loop` is what the rest builds on. It draws the future of every replicate under every
draw of the posterior (thinned), through the kernel that ``simulate`` runs, and lets causes be
switched off or set::

    ahead = continue_loop(fit, generations=50, variables=("text_diversity",), seed=1)
    ahead.values["text_diversity"]      # (draw, replicate, generation)
    ahead.current["text_diversity"]     # (draw, replicate): the state that it starts from
    ahead.generation, ahead.replicate   # coordinates;  ahead.chain, ahead.draw: which draws
    ahead.dims["image_diversity"]       # further axes, ("text",);  ahead.coords["text"]

    continue_loop(fit, ..., overrides={"effective_batch_size": 1e12})   # no drift
    continue_loop(fit, ..., overrides={"text_temperature": 1.0})        # no sharpening
    continue_loop(fit, ..., overrides={"injection_prob": 0.0})          # no injection
    continue_loop(fit, ..., start="first")                              # anew, from the start

The same seed gives the same random numbers whatever is overridden: subtract two continuations draw
by draw, path by path. :func:`forecast_variables` and :func:`override_names` tell what a fit can
give and be given. Changing numbers (draws, overrides) does not compile anew. What each model's
continuation assumes is in :mod:`toolkit.forecast.kernels` and :mod:`toolkit.forecast.scores`.
"""

from toolkit.forecast.continuation import (
    Continuation,
    continue_loop,
    forecast_variables,
    override_names,
    own_variable,
)
from toolkit.forecast.dosing import dose
from toolkit.forecast.forecasting import forecast
from toolkit.forecast.scoring import crps, forecast_scores
from toolkit.forecast.tables import forecast_table

__all__ = [
    "Continuation",
    "continue_loop",
    "crps",
    "dose",
    "forecast",
    "forecast_scores",
    "forecast_table",
    "forecast_variables",
    "override_names",
    "own_variable",
]
