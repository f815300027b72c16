"""Tables as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], words: int = 1) -> list[str]:
    """Rows of cells as lines of plain text, two spaces between columns, as wide as their cells need.

    Parameters
    ----------
    rows : iterable of sequence of str
        Of one length; the head, where there is one, comes first.
    words : int, default 1
        How many columns, from the first, hold words and are aligned to the left; the others are to the right.

    Returns
    -------
    list of str
        A line a row, without spaces at its end.

    Examples
    --------
    >>> aligned([("", "error"), ("PCA", "3.2"), ("mean", "12.5")])
    ['      error', 'PCA     3.2', 'mean   12.5']
    """
    from rich.align import Align
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(
            *(Align(Text(c, no_wrap=True), "left" if i < words else "right") for i, c in enumerate(row))
        )
    if not table.row_count:
        return []
    # Neither a terminal nor a notebook, whatever the text is printed in later, and wide enough for any row.
    plain = Console(width=1_000_000, color_system=None, force_terminal=False, force_jupyter=False)
    with plain.capture() as captured:
        plain.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]
