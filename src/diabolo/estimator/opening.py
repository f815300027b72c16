"""What an estimator opens of the rooms that stand above it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from ..storage.model import save
from .parameters import PartParameters
from .state import FittedState

if TYPE_CHECKING:
    from ..report import Report


class Opening(PartParameters, FittedState):
    """Base of the conveniences: the report, the explorer and the file of a fitted estimator."""

    def report(self, X: Any, y: Any = None, **options: Any) -> Report:
        """Judge the model on rows, beside PCA, the mean and itself before training.

        Parameters
        ----------
        X, y, **options
            As in :func:`diabolo.report.health_report`: give ``X_train`` to compare with training rows.

        Returns
        -------
        Report
            Prints as text, shows in a notebook, and has ``to_dict`` and ``to_html``.
        """
        from ..report import health_report

        return health_report(
            self, X, y, **{"untrained": self.untrained(), "verbose": self.verbose, **options}
        )

    def save(self, path: str | Path) -> Path:
        """Write the model as a folder of ``model.json`` and ``model.safetensors``; see :func:`diabolo.load`."""
        return save(self.fitted(), self.get_params(deep=False), path)

    def explore(self, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Any:
        """Open the explorer of the latent space: a widget in a notebook, else a page in the browser.

        Parameters
        ----------
        X, y, compare, port
            As in :func:`diabolo.explorer.start`.

        Returns
        -------
        diabolo.explorer.notebook.Explorer or diabolo.explorer.Page
            The widget's ``selection`` holds the chosen rows. A page has its ``url``; ``stop()`` ends it. A notebook
            gets the widget where the extra ``notebook`` is installed and no port is asked for.
        """
        from ..explorer import show

        check_is_fitted(self)
        return show(self, X, y, compare=compare, port=port)
