"""The explorer: a page that shows the latent space of any fitted transformer, and what it decodes.

Nothing slow is imported before the page is served; the model is loaded while its frame is already there.
"""

from typing import TYPE_CHECKING

from ..moved import lazy
from .loading import from_run, from_sklearn
from .page import Page, open_page
from .serving import serve, show, start, widget
from .watching import Live, live

if TYPE_CHECKING:
    from .offline.page import to_html as to_html

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
    "to_html",
    "widget",
]


__getattr__, _ = lazy(__name__, {"offline.page": ("to_html",)})  # all other names are light
