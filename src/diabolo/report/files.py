"""The figures of a report as they lie in a run folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import FileError
from ..storage.text import read_text

#: The file of a run folder that holds :meth:`Report.to_dict <diabolo.report.Report.to_dict>`.
METRICS = "metrics.json"


def read_figures(run: Path) -> dict[str, Any]:
    """What the report of a run came to.

    Parameters
    ----------
    run : Path
        A folder that holds ``metrics.json``.

    Returns
    -------
    dict
        With "figures" and "findings", as :meth:`Report.to_dict <diabolo.report.Report.to_dict>` gave it.

    Raises
    ------
    FileError
        If the file is missing, damaged, or holds no figures.
    """
    path = run / METRICS
    text = read_text(path, "the figures of a run")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path} cannot be read: {error}.") from error
    if not isinstance(found, dict) or not isinstance(found.get("figures"), dict):
        raise FileError(f"{path} holds no report of a run; give the folder that `diabolo fit` wrote.")
    return found
