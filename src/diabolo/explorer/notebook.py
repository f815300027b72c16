"""The explorer as a notebook's widget: the same module and the same messages, over the notebook's own channel."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, DiaboloError, MissingExtraError, in_words
from .protocol import MAX_BYTES, join_arrays, split_arrays
from .requests import answer

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise MissingExtraError("the explorer in a notebook", "notebook") from error

if TYPE_CHECKING:
    from .model import ExplorerModel

_STATIC = Path(__file__).with_name("static")
_LOG = logging.getLogger(__name__)


class Explorer(anywidget.AnyWidget):
    """The explorer of models in a notebook.

    Parameters
    ----------
    subjects : sequence of ExplorerModel
        One model, or two of the same rows.

    Attributes
    ----------
    selection : list of int
        The chosen rows, by their place in the data, sorted; what is chosen on the page appears here, and what
        is set here is shown on the page.

    Raises
    ------
    DataError
        If rows that do not exist are put into ``selection``.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from diabolo import datasets
    >>> from diabolo.explorer.model import make_subjects
    >>> X, y = datasets.load_digits()
    >>> widget = Explorer(make_subjects(PCA(2).fit(X), X, y))
    >>> widget.selection = [7, 3]
    >>> widget.selection
    [3, 7]
    """

    _esm = _STATIC / "explorer.js"
    _css = _STATIC / "explorer.css"
    selection = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, subjects: Sequence[ExplorerModel]) -> None:
        self._subjects = list(subjects)
        super().__init__()
        self.on_msg(self._respond)

    @traitlets.validate("selection")
    def _check_selection(self, proposal: Any) -> list[int]:
        n = len(self._subjects[0].data.X)
        rows = sorted(set(proposal["value"]))
        if rows and not 0 <= rows[0] <= rows[-1] < n:
            raise DataError(f"selection must hold rows from 0 to {n - 1}, got {rows[0]} to {rows[-1]}.")
        return rows

    def _respond(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        """Answer one question of the page; whatever is wrong with it becomes an error."""
        answer: dict[str, Any] = {"id": None}
        body = b""
        try:
            answer, body = self._answer(content, buffers)
        except Exception as error:
            # The border: whatever went wrong, the page gets one line; the notebook's log gets the rest.
            if not isinstance(error, DiaboloError | ValueError):
                _LOG.exception("the explorer could not answer a message of its page")
            answer = {"error": in_words(error, 500), "kind": type(error).__name__}
        asked = content.get("id") if isinstance(content, dict) else None
        self.send({**answer, "id": asked if isinstance(asked, int) else None}, [body])

    def _answer(self, content: Any, buffers: Sequence[Any]) -> tuple[dict[str, Any], bytes]:
        if not isinstance(content, dict):
            raise DataError(f"a request must be a JSON object, got {type(content).__name__}.")
        given = bytes(buffers[0]) if buffers else b""
        if len(given) > MAX_BYTES:
            raise DataError(f"a message of {len(given)} bytes; at most {MAX_BYTES} are read.")
        header = dict(content)
        arrays = split_arrays(header.pop("arrays", []), given)
        steps = answer(self._subjects, header, arrays)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                made, sent = stop.value
                break
        if content.get("do") == "hello":
            # A kernel answers nothing while a cell runs, and the page says so.
            made = {**made, "kernel": True}
        listed, body = join_arrays(sent)
        return {**made, "arrays": listed}, body
