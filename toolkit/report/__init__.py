"""Reports: all that a fitted loop has to say, on one page that can be handed to somebody else.

:func:`report` is the way in. Everything is computed once, in :mod:`toolkit.report.gathering`; the
other modules only say it: in sentences (``words``), tables and figures (``sections``,
``figures``), and by the theorems behind the numbers (``grounds``).
"""

from toolkit.report.gathering import Findings, Request, gather
from toolkit.report.page import page
from toolkit.report.writing import report, write_report

__all__ = ["Findings", "Request", "gather", "page", "report", "write_report"]
