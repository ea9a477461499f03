"""Packages that nnU-Net's modules import at their head and that few cases need: loaded when first used, if ever.

nnU-Net's plans, label and resampling modules import pandas, a compressed file format, readers of pictures, and through
these a client for HTTP: a third of the time that importing a whole case takes. Whoever owns the process asks for this
before anything of nnU-Net is imported; nothing changes but the moment of loading.

The standard library's ``LazyLoader`` does not serve: in Python 3.11 the second ``import`` of a module loads it.
"""

from __future__ import annotations

import importlib.util
import sys
from threading import RLock
from types import ModuleType

#: Import names.
RARELY_USED = ("pandas", "httpx", "requests", "skimage.io", "tifffile")

_lock = RLock()


class DeferredModule(ModuleType):
    """A package that loads itself when anything in it, a module below it included, is asked for."""

    def __getattr__(self, name: str) -> object:
        with _lock:
            if isinstance(self, DeferredModule):
                specification = self.__spec__
                assert specification is not None and specification.loader is not None
                self.__class__ = ModuleType  # type: ignore[assignment]
                if specification.submodule_search_locations is not None:
                    self.__path__ = specification.submodule_search_locations
                specification.loader.exec_module(self)
        return getattr(self, name)


def defer_rarely_used() -> None:
    """Let ``import`` of these give modules that load themselves later.

    What is imported already, or not installed, stays as it is.
    """
    for name in RARELY_USED:
        specification = None if name in sys.modules else importlib.util.find_spec(name)
        if specification is None or specification.loader is None:
            continue
        module = DeferredModule(name)
        module.__spec__, module.__loader__ = specification, specification.loader
        module.__file__, module.__package__ = specification.origin, specification.parent
        sys.modules[name] = module
