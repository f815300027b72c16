"""Open the explorer for a fitted transformer: as a page, or as a notebook's widget."""

from __future__ import annotations

import warnings
from typing import Any

from ..errors import MissingExtraError
from .page import Page, open_page


def start(model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Page:
    """Open the explorer for a fitted transformer and return at once.

    Parameters
    ----------
    model : object
        Fitted, with ``transform``; with ``inverse_transform`` codes are decoded too. An autoencoder, PCA, NMF, a
        pipeline.
    X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), data frame or Dataset
        The rows to show. A data frame gives names to features and rows.
    y : array of shape (n,) or None
        Labels, for colours.
    compare : object or None
        A second fitted transformer of the same rows, shown beside the first.
    port : int, default 0
        0 takes any free one.

    Returns
    -------
    Page
        With its ``url``; it can be used in a ``with`` statement.

    Raises
    ------
    DataError
        If the model has no ``transform``, or the rows are no numbers.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from diabolo import datasets, explorer
    >>> X, y = datasets.load_digits()
    >>> with explorer.start(PCA(2).fit(X), X, y) as page:
    ...     page.url
    'http://127.0.0.1:...'
    """
    from .model import make_subjects

    subjects = make_subjects(model, X, y, compare)
    return Page(lambda: subjects, port)


def widget(model: Any, X: Any, y: Any = None, *, compare: Any = None) -> Any:
    """The explorer for a fitted transformer as a notebook's widget.

    Parameters
    ----------
    model, X, y, compare
        As in :func:`start`.

    Returns
    -------
    diabolo.explorer.notebook.Explorer
        A widget, with its ``selection``: the chosen rows, to be read and to be set.

    Raises
    ------
    MissingExtraError
        If anywidget is not installed.
    """
    from .model import make_subjects
    from .notebook import Explorer

    return Explorer(make_subjects(model, X, y, compare))


def show(model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Any:
    """Open the explorer where one is: as a widget in a notebook, else as a page in the browser.

    A notebook without the extra ``notebook`` gets a page, too.

    Parameters
    ----------
    model, X, y, compare, port
        As in :func:`start`; a widget needs no port.

    Returns
    -------
    diabolo.explorer.notebook.Explorer or Page
    """
    if _in_notebook() and port == 0:
        try:
            return widget(model, X, y, compare=compare)
        except MissingExtraError as error:
            warnings.warn(f"{error} The explorer opens in the browser instead.", stacklevel=3)
    import webbrowser

    page = start(model, X, y, compare=compare, port=port)
    webbrowser.open(page.url)
    return page


def _in_notebook() -> bool:
    """Whether Python is the kernel of a notebook; IPython is not imported for that."""
    import sys

    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


def serve(
    model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0, open_browser: bool = True
) -> None:
    """Open the explorer for a fitted transformer, and serve it until Ctrl-C.

    Parameters
    ----------
    model, X, y, compare, port
        As in :func:`start`.
    open_browser : bool, default True
        Whether to open the page; its address is printed in any case.
    """
    from .model import make_subjects

    subjects = make_subjects(model, X, y, compare)
    open_page(lambda: subjects, port=port, open_browser=open_browser)
