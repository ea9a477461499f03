"""The colours that mean something here, and the colour node that maps attention to them."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.engine.attention_colors import attention_colors

Color = tuple[float, float, float]

PREDICTION: Color = (1.0, 0.69, 0.13)
GROUND_TRUTH: Color = (0.25, 0.88, 0.94)
TRUE_POSITIVE: Color = (0.20, 0.63, 0.29)
FALSE_POSITIVE: Color = (0.91, 0.16, 0.54)
FALSE_NEGATIVE: Color = (0.16, 0.53, 0.96)
#: Of a prediction's outline on slices, where its own amber would not stand out from attention, nor white from bone.
PREDICTION_OUTLINE: Color = (0.30, 0.90, 0.25)
#: Stands for the whole map in a key.
ATTENTION_KEY: Color = (0.89, 0.31, 0.22)

_SINGLETON_TAG = "UMambaXAIAttention"


def attention_color_node(scene: Any) -> Any:
    """The scene's colour table of attention (256 entries over [0, 1]); made on first use, saved with the scene.

    An own table, because a colour node that an installation does not know would be dropped without a word.
    """
    existing = scene.GetSingletonNode(_SINGLETON_TAG, "vtkMRMLColorTableNode")
    if existing is not None:
        return existing
    return add_attention_colors(scene, "Attention", _SINGLETON_TAG)


def has_attention_colors(scene: Any) -> bool:
    """Whether the scene has its colour table of attention already."""
    return scene.GetSingletonNode(_SINGLETON_TAG, "vtkMRMLColorTableNode") is not None


def add_attention_colors(scene: Any, name: str, singleton_tag: str | None = None) -> Any:
    """Add a colour table of attention (256 entries over [0, 1])."""
    node = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    node.UnRegister(None)
    node.SetName(name)
    node.SetSingletonTag(singleton_tag)
    node.SetTypeToUser()
    colors = attention_colors()
    node.SetNumberOfColors(len(colors))
    for index, (red, green, blue) in enumerate(colors):
        node.SetColor(index, f"{index / (len(colors) - 1):.3f}", red, green, blue, 1.0)
    node.GetLookupTable().SetTableRange(0, len(colors) - 1)
    return scene.AddNode(node)
