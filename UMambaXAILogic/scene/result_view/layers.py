"""One attention map a layer: read from its file, and added to the scene, when it is first looked at."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import UsageError

from ..grid import local_grid
from ..heat_map import add_attention_volume
from ..result_files import map_in_pieces
from ..stepwise import do_all
from .nodes import VOLUME, ResultNodes
from .state import MEAN

_FILES = "layer_files"
_PREFIX = "UMambaXAI.layer."


def layer_files(result_folder: Path) -> dict[str, Path]:
    """The layers' maps in a folder that ``explain`` wrote with ``--save-layer-maps``, by layer, in network order."""
    found = {}
    for path in (result_folder / "layers").glob("attention.*"):
        for ending in (".nii.gz", ".nrrd"):
            if path.name.endswith(ending):
                found[path.name.removeprefix("attention.").removesuffix(ending)] = path
    return {layer: found[layer] for layer in sorted(found, key=_network_order)}


def keep_layer_files(files: Mapping[str, Path]) -> dict[str, Path]:
    """Move files out of the folder that a job works in, to where they stay until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="umamba-xai-layers-"))
    atexit.register(partial(shutil.rmtree, folder, ignore_errors=True))
    kept = {}
    for layer, path in files.items():
        kept[layer] = folder / path.name
        shutil.move(path, kept[layer])
    return kept


def set_layer_files(nodes: ResultNodes, files: Mapping[str, Path]) -> Any:
    """Remember where the layers' maps lie; not in a saved scene, where only those that were looked at are found.

    Returns:
        The node that remembers them.
    """
    node = nodes.scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    node.UnRegister(None)
    node.SetName(nodes.name("layer maps"))
    node.SetSaveWithScene(False)
    for layer, path in files.items():
        node.SetAttribute(_PREFIX + layer, str(path))
    nodes.scene.AddNode(node)
    nodes.own(node)
    nodes.set(_FILES, node)
    return node


def available_layers(nodes: ResultNodes) -> tuple[str, ...]:
    """``mean`` and the layers whose map is in the scene or in a file that is there."""
    prefix = nodes.map_role("")
    loaded = {role.removeprefix(prefix) for role in nodes.roles() if role.startswith(prefix) and nodes.get(role)}
    return (MEAN, *sorted(loaded | set(_files(nodes)), key=_network_order))


def layer_map(nodes: ResultNodes, layer: str) -> Any:
    """The attention volume of a layer, or of the mean; read from its file where it is not in the scene yet.

    Raises:
        UsageError: there is no map of that layer.
        InputError: nothing was predicted, or the file is unreadable or on another grid.
    """
    do_all(prepare_map(nodes, layer))
    return nodes.needed(nodes.map_role(layer))


def prepare_map(nodes: ResultNodes, layer: str) -> Iterator[None]:
    """Read a layer's map, in pieces, where it is not in the scene yet. Raises as ``layer_map`` does."""
    role = nodes.map_role(layer)
    if layer == MEAN or nodes.get(role) is not None:
        return
    check_layer(nodes, layer)
    grid = local_grid(nodes.needed(VOLUME))
    image = yield from map_in_pieces(_files(nodes)[layer], grid)
    nodes.made(role, lambda name: add_attention_volume(nodes.scene, name, image, grid, 0.0), f"attention of {layer}")
    yield


def check_layer(nodes: ResultNodes, layer: str) -> None:
    """Raise ``UsageError`` where there is no map of that layer."""
    if layer not in available_layers(nodes):
        raise UsageError(
            f"There is no map of the layer {layer!r}; there are: {', '.join(available_layers(nodes))}.",
            "Run again with saveLayerMaps=True (on the command line --save-layer-maps) to have one of every layer.",
        )


def _files(nodes: ResultNodes) -> dict[str, Path]:
    node = nodes.get(_FILES)
    if node is None:
        return {}
    names = [name for name in node.GetAttributeNames() if name.startswith(_PREFIX)]
    files = {name.removeprefix(_PREFIX): Path(node.GetAttribute(name)) for name in names}
    return {layer: path for layer, path in files.items() if path.is_file()}


def _network_order(layer: str) -> tuple[bool, list[tuple[int, str]]]:
    """Encoder before decoder, and 2 before 10."""
    parts = layer.split(".")
    return parts[0] != "encoder", [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
