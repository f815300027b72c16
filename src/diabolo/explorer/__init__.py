"""The explorer: a page that shows the latent space of any fitted transformer, and what it decodes.

Nothing slow is imported before the page is served; the model is loaded while its frame is already there.
"""

from .loading import from_run, from_sklearn
from .page import Page, open_page
from .serving import serve, show, start, widget
from .watching import Live, live

__all__ = [
    "Live",
    "Page",
    "from_run",
    "from_sklearn",
    "live",
    "open_page",
    "serve",
    "show",
    "start",
    "widget",
]
