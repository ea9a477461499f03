"""The labels of a dataset.json, checked before anything is computed with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError

_IGNORE = "ignore"


@dataclass(frozen=True)
class Label:
    """One thing that a model segments.

    Args:
        name: as in dataset.json.
        values: in segmentations; several for a region.
    """

    name: str
    values: tuple[int, ...]


def foreground_labels(dataset_json: Mapping[str, Any], path: Path) -> tuple[Label, ...]:
    """What a model segments, in the order of dataset.json.

    Args:
        dataset_json: content of dataset.json.
        path: of that file, for messages.

    Raises:
        ModelError: nnU-Net could not work with these labels.
    """
    try:
        return _foreground(dataset_json["labels"], dataset_json.get("regions_class_order"))
    except (TypeError, ValueError) as error:
        raise ModelError(f"The labels of {path} cannot be used: {error}.") from error


def ignored_value(dataset_json: Mapping[str, Any]) -> int | None:
    """The value that says that nobody knows what is there; None where the labels have none."""
    return dataset_json["labels"].get(_IGNORE)


def has_regions(dataset_json: Mapping[str, Any]) -> bool:
    """Whether labels may overlap, so that each has a sigmoid of its own."""
    return any(isinstance(value, list | tuple) and len(value) > 1 for value in dataset_json["labels"].values())


def _foreground(labels: Any, class_order: Any) -> tuple[Label, ...]:
    if not isinstance(labels, Mapping):
        raise ValueError(f"they are {labels!r} and not names with values")
    found = {name: _values(value) for name, value in labels.items() if name != _IGNORE}
    if isinstance(labels.get("background"), list | tuple) or found.get("background") != (0,):
        raise ValueError("there is no label 'background' of value 0")
    foreground = tuple(Label(name, values) for name, values in found.items() if set(values) != {0})
    if not any(value for label in foreground for value in label.values):
        raise ValueError("there is no foreground label")
    ignored = labels.get(_IGNORE)
    highest = max(value for values in found.values() for value in values)
    if ignored is not None and ignored != highest + 1:
        raise ValueError(f"the label 'ignore' is {ignored!r} and not one more than the highest, {highest}")
    if any(len(label.values) > 1 for label in foreground) and (
        not isinstance(class_order, list) or len(class_order) != len(foreground)
    ):
        raise ValueError(f"regions_class_order is {class_order!r} for {len(foreground)} regions")
    return foreground


def _values(value: Any) -> tuple[int, ...]:
    values = tuple(int(one) for one in (value if isinstance(value, list | tuple) else [value]))
    if not values:
        raise ValueError("a region is made of no value")
    return values
