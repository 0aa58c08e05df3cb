"""A program that ended with an exception, as sentences: what was said, and the line of the program that said it."""

from __future__ import annotations

import re
import traceback

from inventory.problems import Problem, Refused
from stacks.engine.goals import unsupported

_REFUSED_BY_SDK = re.compile(r"The (?:installed version of the )?(?:Pulumi )?CLI does not support (?:the )?(.+?)\.")
_ENDING = "Resource monitor has terminated"


def ending(error: BaseException) -> bool:
    """Whether the SDK only passes on that the run is ending, of which the reason is known already."""
    return _ENDING in str(error)


def problems(error: BaseException, folder: str) -> tuple[Problem, ...]:
    """One problem, or all that a refusal carries."""
    if isinstance(error, Refused):
        return error.problems
    text = str(error) or type(error).__name__
    feature = _REFUSED_BY_SDK.search(text)
    if feature:
        return (unsupported("", feature[1]),)
    file, line = _place(error, folder)
    what = f"{type(error).__name__}: {text}" if str(error) else text
    zh = f"程序出错并中止:{what}"
    return (Problem("program.failed", zh, f"the program failed: {what}", "", file, line, 1 if line else 0),)


def _place(error: BaseException, folder: str) -> tuple[str, int]:
    """The innermost line of the program's own folder."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(folder):
            return frame.filename, frame.lineno or 0
    return "", 0
