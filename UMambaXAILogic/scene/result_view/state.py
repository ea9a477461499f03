"""What of a result is shown, and how."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD

OVERLAY, CONTOURS, SURFACE, CLOUD, PROJECTION = "overlay", "contours", "surface", "cloud", "projection"
#: On slices: filled above the threshold, and lines; in 3-D: on the predicted surface, a translucent cloud, and a
#: maximum intensity projection in a view of its own.
ATTENTION_MODES = (OVERLAY, CONTOURS, SURFACE, CLOUD, PROJECTION)

OFF, OUTLINE, FILL = "off", "outline", "fill"
MASK_MODES = (OFF, OUTLINE, FILL)

#: In place of a layer: the mean over all of them.
MEAN = "mean"

DEFAULT_OPACITY = 0.55


@dataclass(frozen=True)
class ViewState:
    """What is shown.

    Args:
        attention: any of ``ATTENTION_MODES``, each at most once.
        prediction: ``off``, ``outline`` or ``fill``.
        truth: the same of the ground truth.
        errors: true positive, false positive and false negative.
        layer: whose map; ``mean`` or a layer's alias.
        opacity: of the attention, 0-1.
        threshold: attention below it is not shown, 0-1.
    """

    attention: tuple[str, ...] = (OVERLAY, SURFACE)
    prediction: str = OFF
    truth: str = OUTLINE
    errors: bool = False
    layer: str = MEAN
    opacity: float = DEFAULT_OPACITY
    threshold: float = REPORTING_THRESHOLD

    def __post_init__(self) -> None:
        for name in self.attention:
            _check(name, ATTENTION_MODES, "way to show attention")
        _check(self.prediction, MASK_MODES, "way to show the prediction")
        _check(self.truth, MASK_MODES, "way to show the ground truth")
        for name in ("opacity", "threshold"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"The {name} is {value}, which does not lie in 0-1.", "Give a number from 0 to 1.")

    def changed(self, **changes: Any) -> ViewState:
        """This state with other values; those that are None stay.

        ``attention`` may be one mode or several; an empty sequence shows none.

        Raises:
            UsageError: no such mode, or a number outside 0-1.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        if "attention" in given:
            modes = (given["attention"],) if isinstance(given["attention"], str) else tuple(given["attention"])
            unknown = [name for name in modes if name not in ATTENTION_MODES]
            given["attention"] = (*(name for name in ATTENTION_MODES if name in modes), *unknown)
        return replace(self, **given)

    def to_text(self) -> str:
        """JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> ViewState:
        """The state of ``to_text``."""
        fields = json.loads(text)
        return cls(**{**fields, "attention": tuple(fields["attention"])})


def _check(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise UsageError(f"There is no {what} called {value!r}.", f"Choose among {', '.join(allowed)}.")
