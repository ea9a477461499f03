"""Which of several things are checked, as the scene keeps it.

The usual choice is kept as an empty list, so that it follows what there is to choose from: the layers of another model,
the segments of another ground truth. A list that names something that is not there any more was made for something
else, and gives way to the usual choice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

#: Kept where nothing at all is checked.
NOTHING = ("(nothing)",)


def kept(keys: Sequence[str], checked: Collection[str], usual: Collection[str]) -> tuple[str, ...]:
    """What the scene keeps.

    Args:
        keys: of all things, in order.
        checked: keys of those that are checked.
        usual: keys of those that are checked where nobody chose.
    """
    if set(checked) == set(usual):
        return ()
    return tuple(key for key in keys if key in checked) or NOTHING


def checked(keys: Sequence[str], kept_keys: Sequence[str], usual: Collection[str]) -> tuple[str, ...]:
    """Keys of what is checked, in the order of ``keys``."""
    if tuple(kept_keys) == NOTHING:
        return ()
    chosen = kept_keys if kept_keys and set(kept_keys) <= set(keys) else usual
    return tuple(key for key in keys if key in chosen)
