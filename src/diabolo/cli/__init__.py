"""The command line: parse, call the library, write.

Nothing slow is imported until a command needs it, so that help and a typo answer at once.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ..errors import DiaboloError
from ..runs.trainers import INTERRUPTED

__all__ = ["INTERRUPTED", "REFUSED", "main"]

REFUSED = 2
_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of ``diabolo``.

    Parameters
    ----------
    arguments : sequence of str or None
        What was typed after ``diabolo``; None takes it from the process.

    Returns
    -------
    int
        The exit code: 0, 2 for what cannot be done as it was asked, 130 after Ctrl-C.

    Examples
    --------
    >>> main(["--version"])
    diabolo ...
    0
    """
    import typer

    from .elsewhere import app

    # The parser's errors; of them Typer exports only the youngest by name, in every version.
    usage_error: Any = typer.BadParameter.__mro__[1]
    parser_error: Any = typer.BadParameter.__mro__[2]
    with warnings.catch_warnings():
        if not os.environ.get("DIABOLO_TRACEBACK"):
            warnings.showwarning = _show_warning  # type: ignore[assignment]
        try:
            code = app(
                list(sys.argv[1:] if arguments is None else arguments), "diabolo", standalone_mode=False
            )
        except typer.Abort:
            return INTERRUPTED
        except parser_error as error:
            hint = _help_hint(error) if isinstance(error, usage_error) else ""
            return _refuse(f"{' '.join(error.format_message().split()).rstrip('.')}.{hint}")
        except BrokenPipeError:
            # The reader of the output, such as `head`, has left; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _BROKEN_PIPE
        except (DiaboloError, ValueError, OSError, MemoryError) as error:
            if os.environ.get("DIABOLO_TRACEBACK"):
                raise
            return _refuse(_sentence(error))
    if code == INTERRUPTED:
        _refuse("interrupted.")
    return int(code or 0)


def _refuse(words: str) -> int:
    sys.stderr.write(f"diabolo: {words}\n")
    return REFUSED


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; use fewer rows or a smaller model."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}."
    return " ".join(str(error).split()) or type(error).__name__


def _help_hint(error: Any) -> str:
    command = error.ctx.command_path if error.ctx is not None else "diabolo"
    return f" See `{command} --help`."


def _show_warning(message: Warning | str, *place: object) -> None:
    """A warning as a person wants to read it: one line, without its place in the code."""
    del place
    sys.stderr.write(f"diabolo: {' '.join(str(message).split())}\n")
