"""The module ``qt`` as PythonQt shows it, on PySide6: stricter where PythonQt is silent.

Qt properties are attributes and calling them raises; signals are connected by full signature and checked against the
metaobject; unknown attributes raise; enums are ints; an exception in a slot goes to ``sys.excepthook``.
"""

from __future__ import annotations

import enum
import inspect
import sys
import types
import weakref
from xml.etree import ElementTree

import shiboken6
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

_known: weakref.WeakValueDictionary[int, QObject] = weakref.WeakValueDictionary()
_classes: dict[str, type] = {}


def _meta(qt_object: QtCore.QObject) -> QtCore.QMetaObject:
    """What Qt knows of the object's class; the object's own ``metaObject()`` may be the wrapper of one long gone."""
    return type(qt_object).staticMetaObject


class ByteArray:
    """A QByteArray: ``data()`` and nothing else."""

    def __init__(self, array: QtCore.QByteArray) -> None:
        self._array = array

    def data(self) -> bytes:
        return self._array.data()


class Enum(int):
    """An enum's value as PythonQt shows it: an int."""

    def __new__(cls, member: enum.Enum) -> Enum:
        value = super().__new__(cls, member.value)
        value.member = member
        return value


class _Class(type):
    def __getattr__(cls, name: str):
        value = getattr(cls.qt_class, name)
        if callable(value) and not isinstance(value, enum.Enum):
            return lambda *arguments: wrap(value(*map(unwrap, arguments)))
        return wrap(value)


class QObject(metaclass=_Class):
    """What Python sees of a QObject."""

    qt_class = QtCore.QObject

    def __init__(self, *arguments) -> None:
        self._adopt(self.qt_class(*map(unwrap, arguments)))

    def _adopt(self, qt_object: QtCore.QObject) -> None:
        object.__setattr__(self, "_object", qt_object)
        object.__setattr__(self, "_connections", [])
        _known[shiboken6.getCppPointer(qt_object)[0]] = self

    def __bool__(self) -> bool:
        return shiboken6.isValid(self._object)

    def __eq__(self, other) -> bool:
        if other is None:
            return not self
        return isinstance(other, QObject) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)

    def __getattr__(self, name: str):
        qt_object = object.__getattribute__(self, "_object")
        if not shiboken6.isValid(qt_object):
            raise ValueError(f"trying to read {name!r} of a destroyed {type(self).__name__}")
        if name == "name":
            return qt_object.objectName()
        if name == "exec_":
            return lambda *arguments: wrap(qt_object.exec(*map(unwrap, arguments)))
        if _meta(qt_object).indexOfProperty(name) >= 0:
            return wrap(qt_object.property(name))
        if name.startswith("_") or not hasattr(qt_object, name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        value = getattr(qt_object, name)
        if isinstance(value, QtCore.SignalInstance):
            return _Signal(self, name)
        return lambda *arguments: wrap(value(*map(unwrap, arguments)))

    def __setattr__(self, name: str, value) -> None:
        name = "objectName" if name == "name" else name
        if _meta(self._object).indexOfProperty(name) < 0:
            raise AttributeError(f"{type(self).__name__} has no property {name!r}")
        self._object.setProperty(name, unwrap(value))

    def className(self) -> str:
        return _meta(self._object).className()

    def property(self, name: str):
        return wrap(self._object.property(name))

    def connect(self, signature: str, slot) -> bool:
        normalized = QtCore.QMetaObject.normalizedSignature(signature).data().decode()
        name, _, listed = normalized.rstrip(")").partition("(")
        own = getattr(self._object, "mrml_signals", ())
        if normalized not in own and _meta(self._object).indexOfSignal(normalized) < 0:
            print(f"QObject::connect: {self.className()} has no signal {signature}")
            return False
        count = len([kind for kind in listed.split(",") if kind])

        def call(*arguments) -> None:
            try:
                slot(*map(wrap, arguments[: _passed(slot, count)]))
            except Exception:
                sys.excepthook(*sys.exc_info())

        getattr(self._object, name).connect(call)
        self._connections.append((name, slot, call))
        return True

    def disconnect(self, signature: str, slot) -> bool:
        name = signature.partition("(")[0]
        for connection in list(self._connections):
            if connection[:2] == (name, slot):
                getattr(self._object, name).disconnect(connection[2])
                self._connections.remove(connection)
                return True
        return False

    def findChildren(self, kind=None) -> tuple:
        return wrap(self._object.findChildren(QtCore.QObject if kind is None else kind.qt_class))


class _Signal:
    """``sender.signal.connect(slot)``."""

    def __init__(self, sender: QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def _signature(self) -> str:
        own = [text for text in getattr(self._sender._object, "mrml_signals", ()) if text.startswith(self._name + "(")]
        if own:
            return own[0]
        meta = _meta(self._sender._object)
        methods = [meta.method(index) for index in range(meta.methodCount())]
        return next(
            bytes(method.methodSignature().data()).decode()
            for method in methods
            if method.methodType() == QtCore.QMetaMethod.MethodType.Signal
            and method.name().data().decode() == self._name
        )

    def connect(self, slot) -> None:
        assert self._sender.connect(self._signature(), slot)

    def disconnect(self, slot) -> None:
        assert self._sender.disconnect(self._signature(), slot)


class QUiLoader(QObject):
    """Loads .ui files; a property that a widget does not have is an error here, not silence."""

    qt_class = QtUiTools.QUiLoader
    custom_widgets: list[type] = []

    def load(self, file: QObject):
        root = ElementTree.fromstring(file._object.readAll().data())
        scene_receivers = _take_scene_connections(root)
        for kind in self.custom_widgets:
            self._object.registerCustomWidget(kind)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        widget = self._object.load(buffer)
        for element in root.iter("widget"):
            _check_properties(element, _named(widget, element.get("name")))
        for sender, receiver in scene_receivers:
            _named(widget, sender).mrmlSceneChanged.connect(_named(widget, receiver).setMRMLScene)
        return wrap(widget)


def wrap(value):
    """A value of PySide6 as PythonQt would hand it out."""
    if isinstance(value, enum.Enum):
        return Enum(value)
    if isinstance(value, QtCore.QByteArray):
        return ByteArray(value)
    if isinstance(value, list | tuple):
        return tuple(map(wrap, value))
    if isinstance(value, QtCore.QObject):
        pointer = shiboken6.getCppPointer(value)[0]
        known = _known.get(pointer)
        if known is not None and known._object is value:
            return known
        wrapper = object.__new__(_class_of(type(value)))
        wrapper._adopt(value)
        return wrapper
    return value


def unwrap(value):
    """What PySide6 takes for a value from Python."""
    if isinstance(value, QObject):
        return value._object
    if isinstance(value, Enum):
        return value.member
    if isinstance(value, list | tuple):
        return [unwrap(item) for item in value]
    return value


def register(qt_class: type) -> type:
    """Make a widget class known to Python and to .ui files."""
    QUiLoader.custom_widgets.append(qt_class)
    return _class_of(qt_class)


def _class_of(qt_class: type) -> type:
    name = qt_class.__name__
    if name not in _classes:
        bases = [base for base in qt_class.__mro__[1:] if issubclass(base, QtCore.QObject)]
        base = _class_of(bases[0]) if bases and bases[0] is not QtCore.QObject else QObject
        _classes[name] = _Class(name, (base,), {"qt_class": qt_class})
    return _classes[name]


def _passed(slot, count: int) -> int:
    """How many of a signal's arguments a slot gets: as many as a plain function or method names.

    Anything else, such as ``functools.partial`` or a method of a C++ object, gets all of them, wanted or not.
    """
    function = slot.__func__ if isinstance(slot, types.MethodType) else slot
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & inspect.CO_VARARGS:
        return count
    return min(count, function.__code__.co_argcount - isinstance(slot, types.MethodType))


def _named(widget: QtWidgets.QWidget, name: str) -> QtWidgets.QWidget:
    return widget if widget.objectName() == name else widget.findChild(QtWidgets.QWidget, name)


def _check_properties(element: ElementTree.Element, widget: QtWidgets.QWidget) -> None:
    for entry in element.findall("property"):
        name = entry.get("name")
        if entry.get("stdset") != "0" and _meta(widget).indexOfProperty(name) < 0:
            raise AttributeError(f"{element.get('class')} {element.get('name')!r} has no property {name!r}")


def _take_scene_connections(root: ElementTree.Element) -> list[tuple[str, str]]:
    taken = []
    for connections in root.findall("connections"):
        for connection in connections.findall("connection"):
            signal, slot = connection.findtext("signal"), connection.findtext("slot")
            if (signal, slot) != ("mrmlSceneChanged(vtkMRMLScene*)", "setMRMLScene(vtkMRMLScene*)"):
                raise ValueError(f"the stand-in knows no connection {signal} -> {slot}")
            taken.append((connection.findtext("sender"), connection.findtext("receiver")))
        root.remove(connections)
    return taken


def __getattr__(name: str):
    if name in _classes:
        return _classes[name]
    for module in (QtCore, QtWidgets, QtGui):
        if hasattr(module, name):
            found = getattr(module, name)
            is_object = isinstance(found, type) and issubclass(found, QtCore.QObject)
            return _class_of(found) if is_object else found
    raise AttributeError(f"qt has no {name!r}")
