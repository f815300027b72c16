"""The explorer: a page that shows the latent space of any fitted transformer, and what it decodes.

Nothing slow is imported before the page is served; the model is loaded while its frame is already there.
"""

from .serving import Page, open_run, open_sklearn, serve, show, start, widget

__all__ = ["Page", "open_run", "open_sklearn", "serve", "show", "start", "widget"]
