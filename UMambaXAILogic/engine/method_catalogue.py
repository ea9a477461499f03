"""The attribution methods there are, for doors that only name them: the standard library alone is imported here.

What a method computes is in ``engine.attribution``, one file a method, which takes its facts from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MethodSettings:
    """Settings of a method.

    Args:
        pool: gradient pooling window, voxels per axis; 1 means none.
        pool_mode: ``max`` or ``mean``.
        per_window: normalise every window by itself, as the published tool does; for comparison only.
    """

    pool: int = 1
    pool_mode: str = "max"
    per_window: bool = False


@dataclass(frozen=True)
class MethodFacts:
    """What the doors show about a method.

    Args:
        name: as it is asked for.
        title: as it is written in texts.
        summary: what its map says, in a sentence or two.
        pools: it has a gradient pooling window.
        defaults: the settings it has where nothing else is asked.
    """

    name: str
    title: str
    summary: str
    pools: bool = False
    defaults: MethodSettings = field(default_factory=MethodSettings)


#: By name, the default first.
METHOD_FACTS: dict[str, MethodFacts] = {
    facts.name: facts
    for facts in (
        MethodFacts(
            "seg-xres-cam",
            "Seg-XRes-CAM",
            "Activation times gradient, pooled in blocks: where in the image each layer supports the target.",
            pools=True,
        ),
        MethodFacts(
            "seg-grad-cam",
            "Seg-Grad-CAM",
            "Activation weighted by the mean gradient of each channel: smoother, and blind to where in the image a "
            "channel matters.",
        ),
    )
}
