"""The theorems for readers: on a terminal, in LaTeX, and as a page of HTML.

All three show the same values of ``symbolic.THEOREMS``; nothing is typed a second time.
"""

from toolkit.theory.documents.html import html_article, html_document, html_style
from toolkit.theory.documents.latex import latex_document, latex_fragment
from toolkit.theory.documents.parts import select, status
from toolkit.theory.documents.terminal import overview, papers, theorem_page

__all__ = [
    "html_article",
    "html_document",
    "html_style",
    "latex_document",
    "latex_fragment",
    "overview",
    "papers",
    "select",
    "status",
    "theorem_page",
]
