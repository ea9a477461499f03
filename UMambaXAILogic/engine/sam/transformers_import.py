"""``transformers``, imported only when a SAM is used, and past a torchvision that cannot be imported.

A torchvision of another build than torch (one from the package index beside a CPU torch, as other packages pull it in)
fails with "operator torchvision::nms does not exist". transformers imports it wherever it finds it, and a SAM needs
nothing of it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from ..errors import NotInstalledError

_REMEDY = (
    "In Slicer update the packages, in the panel under Packages. Elsewhere run: python -m pip install transformers"
)


def import_sam_module() -> ModuleType:
    """``transformers``, with ``SamConfig`` and ``SamModel``.

    Raises:
        NotInstalledError: it is not installed, or does not import.
    """
    hidden = _hide_broken_torchvision()
    try:
        module = importlib.import_module("transformers")
        module.SamModel  # noqa: B018 - loaded on first use
        return module
    except ModuleNotFoundError as error:
        if error.name == "transformers":
            raise NotInstalledError("A SAM needs the package transformers, which is not installed.", _REMEDY) from error
        raise _broken(error) from error
    except (ImportError, AttributeError, RuntimeError) as error:
        raise _broken(error) from error
    finally:
        if hidden:
            del sys.modules["torchvision"]


def _hide_broken_torchvision() -> bool:
    """Make torchvision look as if it were not installed where it cannot be imported; True if that was done."""
    try:
        importlib.import_module("torchvision")
    except ImportError:  # not installed, which transformers can do with
        return False
    except Exception:  # another build than torch fails in many ways
        sys.modules["torchvision"] = None  # type: ignore[assignment]
        _forget_what_was_found()
        return True
    return False


def _forget_what_was_found() -> None:
    """Let a transformers that was imported before look anew for what is installed; it remembers its answers."""
    finder = sys.modules.get("transformers.utils.import_utils")
    for function in vars(finder).values() if finder is not None else ():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def _broken(error: Exception) -> NotInstalledError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return NotInstalledError(
        f"The package transformers is installed and does not import: {reason}.",
        "In Slicer repair the packages, in the panel under Packages. Elsewhere reinstall it, in version 5.",
    )
