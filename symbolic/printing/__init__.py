"""How the library's symbols and inert functions are written: LaTeX, and plain text.

`LATEX_NAMES` gives the LaTeX of every name that is not simply a letter with an index; all other
names are taken apart (``H_u``, ``lambda_j``, ``D'``) by `latex_name`.
"""

from symbolic.printing.names import LATEX_NAMES, LatexName, latex_name
from symbolic.printing.tex import latex, latex_lines
from symbolic.printing.text import plain

__all__ = ["LATEX_NAMES", "LatexName", "latex", "latex_lines", "latex_name", "plain"]
