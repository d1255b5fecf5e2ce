"""Criticism: which causes the data need, and whether a fitted model describes them at all.

:func:`compare_models` judges fits by how well they predict what they have not seen;
:func:`check_fit` holds the data against data drawn from the fit.
"""

from toolkit.criticism.comparison import compare_models
from toolkit.criticism.judging import comparison_table
from toolkit.criticism.predictive import check_fit, check_table
from toolkit.criticism.variants import VARIANTS

__all__ = ["VARIANTS", "check_fit", "check_table", "compare_models", "comparison_table"]
