"""Docstrings of functions that have parameters in common, each described in one place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

_HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


def complete(function: Callable[..., Any], shared: Mapping[str, str], returns: str = "") -> str:
    """The docstring of a function, with the parameters that it leaves to others to describe.

    Parameters
    ----------
    function : callable
        Its own entries come before those that are shared.
    shared : mapping of str to str
        The entry of each parameter by its name, as ``"name : type\\n    What it is."``
    returns : str
        What the section Returns holds where there is none; empty: it gets none.

    Examples
    --------
    >>> def double(x, y):
    ...     '''Twice.
    ...
    ...     Parameters
    ...     ----------
    ...     y : int
    ...         Its own.
    ...     '''
    >>> print(complete(double, {"x": "x : float\\n    A number."}, "float"))
    Twice.
    <BLANKLINE>
    Parameters
    ----------
    x : float
        A number.
    y : int
        Its own.
    <BLANKLINE>
    Returns
    -------
    float
    """
    summary, *parts = _HEADING.split(inspect.cleandoc(function.__doc__ or ""))
    sections = {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}
    entries = re.split(r"\n(?=\S)", sections.pop("Parameters", ""))
    heads = [entry.partition("\n")[0].partition(":")[0] for entry in entries]
    own = {
        name.strip(" *"): entry
        for head, entry in zip(heads, entries, strict=True)
        for name in head.split(",")
    }
    names = inspect.signature(function).parameters
    # An entry may describe several parameters.
    found = dict.fromkeys(own.get(name) or shared.get(name) for name in names)
    listed = {"Parameters": "\n".join(filter(None, found))}
    if returns and "Returns" not in sections:
        listed["Returns"] = returns
    whole = {title: body for title, body in (listed | sections).items() if body}
    return "\n\n".join(
        [summary.strip(), *(f"{title}\n{'-' * len(title)}\n{body}" for title, body in whole.items())]
    )
