"""``slicer.parameterNodeWrapper``: typed parameters in a real script node, bound to widgets by the documented pairs."""

from __future__ import annotations

import collections.abc
import enum
import typing
import weakref
from dataclasses import dataclass

import qt
import slicer
import vtk

_NAME = "SlicerParameterName"


@dataclass
class WithinRange:
    """A number's bounds."""

    minimum: float
    maximum: float


def parameterNodeWrapper(kind: type) -> type:
    """Class decorator."""
    hints = typing.get_type_hints(kind, include_extras=True)
    defaults = {name: getattr(kind, name) for name in hints if hasattr(kind, name)}
    for name, hint in hints.items():
        _check_storable(name, _plain(hint))
    methods = {**_Wrapper.__dict__, "_hints": hints, "_defaults": defaults}
    methods = {name: value for name, value in methods.items() if name not in ("__dict__", "__weakref__")}
    properties = {name: property(_getter(name), _setter(name)) for name in hints}
    return type(kind.__name__, (), {"__doc__": kind.__doc__, **methods, **properties})


class _ObservedList(collections.abc.Sequence):
    """What reading a list gives: no list, and nothing can be added to it."""

    def __init__(self, items: tuple) -> None:
        self._items = items

    def __getitem__(self, index):
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __add__(self, other):
        raise NotImplementedError("the original cannot be added to either")


class _Wrapper:
    def __init__(self, parameterNode) -> None:
        self.parameterNode = parameterNode
        self._guis: dict[int, list[tuple]] = {}
        self._observers: dict[int, int] = {}
        self._updating = False
        self._cache_tag = 0
        for name, hint in self._hints.items():
            if not self._has(name):
                self._store(name, self._defaults.get(name, _default(_plain(hint))))
        self._remember()
        # A weak reference: an observer that held this object would keep it, and itself, for ever.
        this = weakref.ref(self)
        self._cache_tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: this()._remember())

    def __del__(self) -> None:
        self.parameterNode.RemoveObserver(self._cache_tag)

    def _remember(self) -> None:
        self._cache = {name: self._read(name) for name in self._hints}

    def _has(self, name: str) -> bool:
        stored = _length(name) if _is_list(_plain(self._hints[name])) else name
        return bool(self.parameterNode.HasParameter(stored))

    def _read(self, name: str):
        kind = _plain(self._hints[name])
        if not self._has(name):  # closing a scene empties a singleton node
            return self._defaults.get(name, _default(kind))
        if _is_list(kind):
            count = int(self.parameterNode.GetParameter(_length(name)))
            read = self.parameterNode.GetNodeReference if _is_node(_item(kind)) else self.parameterNode.GetParameter
            return _ObservedList(tuple(read(f"{name}_{index}") for index in range(count)))
        if _is_node(kind):
            return self.parameterNode.GetNodeReference(name)
        text = self.parameterNode.GetParameter(name)
        if kind is bool:
            return text == "True"
        if issubclass(kind, enum.Enum) and text not in kind.__members__:
            raise ValueError(f"{text!r} is no {kind.__name__}")
        return kind[text] if issubclass(kind, enum.Enum) else kind(text)

    def _write(self, name: str, value) -> None:
        was = self.parameterNode.StartModify()
        self._store(name, value)
        self._cache[name] = self._read(name)
        self.parameterNode.EndModify(was)

    def _store(self, name: str, value) -> None:
        kind = _plain(self._hints[name])
        _check_value(name, self._hints[name], kind, value)
        was = self.parameterNode.StartModify()
        if _is_node(kind):
            self.parameterNode.SetParameter(name, "")
            self.parameterNode.SetNodeReferenceID(name, None if value is None else value.GetID())
        elif _is_list(kind):
            self.parameterNode.SetParameter(_length(name), str(len(value)))
            for index, item in enumerate(value):
                is_node = _is_node(_item(kind))
                self.parameterNode.SetParameter(f"{name}_{index}", "" if is_node else item)
                if is_node:
                    self.parameterNode.SetNodeReferenceID(f"{name}_{index}", item.GetID())
        else:
            self.parameterNode.SetParameter(name, value.name if isinstance(value, enum.Enum) else str(value))
        self.parameterNode.EndModify(was)

    def connectGui(self, gui) -> int:
        tag = len(self._guis)
        bound = self._guis[tag] = []
        for widget in vars(gui).values():
            name = widget.property(_NAME)
            if name:
                if name not in self._hints:
                    raise ValueError(f"{widget.name} names the parameter {name!r}, which does not exist")
                bound.append(_bind(self, name, widget, self._hints[name]))
        self._observers[tag] = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._update_gui())
        return tag

    def disconnectGui(self, tag: int) -> None:
        self.RemoveObserver(self._observers.pop(tag))
        for _name, _write, disconnect in self._guis.pop(tag):
            disconnect()

    def _update_gui(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for bound in self._guis.values():
                for name, write, _disconnect in bound:
                    write(self._cache[name])
        finally:
            self._updating = False

    def AddObserver(self, event, callback, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)


def _getter(name: str):
    return lambda self: self._cache[name]


def _setter(name: str):
    return lambda self, value: self._write(name, value)


def _plain(hint):
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def _node_classes(kind) -> list[type]:
    kinds = typing.get_args(kind) if typing.get_origin(kind) is typing.Union else (kind,)
    return [one for one in kinds if isinstance(one, type) and issubclass(one, slicer.vtkMRMLNode)]


def _is_node(kind) -> bool:
    return bool(_node_classes(kind))


def _is_list(kind) -> bool:
    return typing.get_origin(kind) is list


def _item(kind):
    return typing.get_args(kind)[0]


def _length(name: str) -> str:
    return f"{name}_len"


def _check_storable(name: str, kind) -> None:
    if _is_list(kind):
        if _item(kind) is not str and not _is_node(_item(kind)):
            raise TypeError(f"the stand-in stores lists of texts and of nodes only ({name})")
        return
    if typing.get_origin(kind) is typing.Union and type(None) not in typing.get_args(kind):
        raise TypeError(f"a union of nodes has to name None too, or none can be chosen ({name})")
    if not (_is_node(kind) or kind in (bool, int, float, str) or issubclass(kind, enum.Enum)):
        raise TypeError(f"the stand-in stores no {kind} ({name})")


def _check_value(name: str, hint, kind, value) -> None:
    if _is_node(kind):
        if value is not None and not isinstance(value, tuple(_node_classes(kind))):
            raise TypeError(f"{name} takes {kind}, not {value.GetClassName()}")
        return
    if _is_list(kind):
        if not all(isinstance(item, _item(kind)) for item in value):
            raise TypeError(f"{name} takes {_item(kind).__name__}, not {value!r}")
        return
    if not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError(f"{name} takes {kind.__name__}, not {value!r}")
    for extra in typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ():
        if isinstance(extra, WithinRange) and not extra.minimum <= value <= extra.maximum:
            raise ValueError(f"{name} = {value} is not within {extra}")


def _default(kind):
    if _is_node(kind):
        return None
    if _is_list(kind):
        return []
    return next(iter(kind)) if issubclass(kind, enum.Enum) else kind()


def _bind(wrapper, name: str, widget, hint) -> tuple:
    kind, extras = _plain(hint), typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
    shown = widget.className()
    if _is_node(kind) and shown == "qMRMLNodeComboBox":
        widget.nodeTypes = [one.__name__ for one in _node_classes(kind)]
        signal, read, write = widget.currentNodeChanged, widget.currentNode, widget.setCurrentNode
    elif kind is bool and shown == "QCheckBox":
        signal, read, write = widget.stateChanged, lambda: widget.checked, widget.setChecked
    elif kind is bool and shown == "QPushButton":
        if not widget.checkable:
            raise RuntimeError(f"{widget.name!r} is a button that cannot be checked")
        signal, read, write = widget.toggled, lambda: widget.checked, widget.setChecked
    elif (kind is float and shown in ("ctkSliderWidget", "QDoubleSpinBox")) or (kind is int and shown == "QSpinBox"):
        _limit(widget, extras)
        signal, read = widget.valueChanged, lambda: widget.value
        write = lambda value: setattr(widget, "value", value)  # noqa: E731
    elif kind is str and shown == "QLineEdit":
        signal, read, write = widget.textChanged, lambda: widget.text, widget.setText
    elif isinstance(kind, type) and issubclass(kind, enum.Enum) and shown == "QComboBox":
        choices = list(kind)
        widget.clear()
        for choice in choices:
            widget.addItem(choice.label() if hasattr(kind, "label") else choice.name)
        signal, read = widget.currentIndexChanged, lambda: choices[widget.currentIndex]
        write = lambda value: widget.setCurrentIndex(choices.index(value))  # noqa: E731
    else:
        raise RuntimeError(f"{kind} cannot be bound to {shown} {widget.name!r}")

    def take() -> None:
        if not wrapper._updating:
            wrapper._write(name, read())

    write(wrapper._cache[name])
    signal.connect(take)
    return name, write, lambda: signal.disconnect(take)


def _limit(widget, extras) -> None:
    bounds = [extra for extra in extras if isinstance(extra, WithinRange)]
    if not bounds:
        raise RuntimeError(f"{widget.name!r} is a slider and its number has no range")
    widget.minimum, widget.maximum = bounds[0].minimum, bounds[0].maximum


assert qt.QObject  # the widgets above are those of the stand-in
