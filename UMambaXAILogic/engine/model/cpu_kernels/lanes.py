"""Sixteen numbers that a compiled kernel holds in vector registers and computes with at once.

Numba leaves vectorising to LLVM's heuristics, which give up on loops like the scan's. A value of type ``Lanes`` is
an LLVM vector: + - * / between lanes, or lanes and a number, are one vector operation on any CPU (AVX-512: one
instruction, AVX: two, SSE and NEON: four).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.extending import models, overload, register_model

LANES = 16

_INT32 = ir.IntType(32)

intrinsic: Any = extending.intrinsic  # callers leave out the first argument, which type checkers cannot know


class LanesType(types.Type):
    """Sixteen floats of one kind, as numba sees them."""

    def __init__(self, element: types.Float) -> None:
        self.element = element
        super().__init__(name=f"Lanes({element})")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: LanesType) -> None:
        element = manager.lookup(kind.element).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, LANES))


# --- memory ---


def _address(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, target: Any) -> Any:
    """Pointer to element ``offset`` of a contiguous array, counted from its first element."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), target.as_pointer())


@intrinsic
def load(_typing, array, offset):
    """Read sixteen elements of a contiguous array from flat position ``offset``; no bounds are checked."""

    def codegen(context, builder, signature, args):
        stored = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        address = _address(context, builder, signature.args[0], args[0], args[1], stored)
        value = builder.load(address, align=context.get_abi_sizeof(stored.element))
        return _widen(builder, value) if _is_bfloat16(signature.args[0]) else value

    return LanesType(_element(array))(array, types.intp), codegen


@intrinsic
def store(_typing, array, offset, lanes):
    """Write sixteen elements of a contiguous array from flat position ``offset``; no bounds are checked."""

    def codegen(context, builder, signature, args):
        value = _narrow(builder, args[2]) if _is_bfloat16(signature.args[0]) else args[2]
        address = _address(context, builder, signature.args[0], args[0], args[1], value.type)
        builder.store(value, address, align=context.get_abi_sizeof(value.type.element))
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), codegen


@intrinsic
def load_one(_typing, array, offset):
    """Read the element at flat position ``offset`` of a contiguous array; no bounds are checked."""

    def codegen(context, builder, signature, args):
        stored = context.get_value_type(signature.args[0].dtype)
        value = builder.load(_address(context, builder, signature.args[0], args[0], args[1], stored))
        return _widen(builder, value) if _is_bfloat16(signature.args[0]) else value

    return _element(array)(array, types.intp), codegen


@intrinsic
def store_one(_typing, array, offset, number):
    """Write the element at flat position ``offset`` of a contiguous array; no bounds are checked."""

    def codegen(context, builder, signature, args):
        value = _narrow(builder, args[2]) if _is_bfloat16(signature.args[0]) else args[2]
        builder.store(value, _address(context, builder, signature.args[0], args[0], args[1], value.type))
        return context.get_dummy_value()

    return types.void(array, types.intp, _element(array)), codegen


def _is_bfloat16(array_type: Any) -> bool:
    """Neither numpy nor numba knows bfloat16: such arrays come as their bits."""
    return array_type.dtype == types.uint16


def _element(array_type: Any) -> Any:
    """What an element of the array is computed as."""
    return types.float32 if _is_bfloat16(array_type) else array_type.dtype


def _like(kind: Any, value: float) -> Any:
    """A constant of a scalar or vector type."""
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


def _with_element(kind: Any, element: Any) -> Any:
    """The scalar or vector type with another element."""
    return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element


def _widen(builder: Any, bits: Any) -> Any:
    """float32 from the bits of bfloat16, which are its upper half."""
    integers = _with_element(bits.type, _INT32)
    wide = builder.shl(builder.zext(bits, integers), _like(integers, 16))
    return builder.bitcast(wide, _with_element(bits.type, ir.FloatType()))


def _narrow(builder: Any, value: Any) -> Any:
    """The bits of the nearest bfloat16 to float32, the even one of two; every NaN becomes the same."""
    integers = _with_element(value.type, _INT32)
    bits = builder.bitcast(value, integers)
    odd = builder.and_(builder.lshr(bits, _like(integers, 16)), _like(integers, 1))
    rounded = builder.lshr(builder.add(bits, builder.add(odd, _like(integers, 0x7FFF))), _like(integers, 16))
    is_nan = builder.fcmp_unordered("uno", value, value)
    return builder.trunc(
        builder.select(is_nan, _like(integers, 0x7FC0), rounded), _with_element(value.type, ir.IntType(16))
    )


@intrinsic
def prefetch(_typing, array, offset):
    """Ask for the cache line of flat position ``offset`` of a contiguous array, which will be needed soon."""

    def codegen(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], args[1], ir.IntType(8))
        function_type = ir.FunctionType(ir.VoidType(), [address.type, _INT32, _INT32, _INT32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        read, keep, data = _INT32(0), _INT32(3), _INT32(1)
        builder.call(function, [address, read, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@intrinsic
def transpose(_typing, source, source_offset, source_stride, target, target_offset, target_stride):
    """Write the columns of a 16 x 16 block as rows; strides are the elements from one row to the next."""

    def codegen(context, builder, signature, args):
        source, source_offset, source_stride, target, target_offset, target_stride = args
        vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        align = context.get_abi_sizeof(vector.element)

        def address(kind, array, offset, stride, row):
            offset = builder.add(offset, builder.mul(stride, stride.type(row)))
            return _address(context, builder, kind, array, offset, vector)

        rows = [
            builder.load(address(signature.args[0], source, source_offset, source_stride, row), align=align)
            for row in range(LANES)
        ]
        size = LANES // 2
        while size:  # swap the off-diagonal squares of this size within every square of twice the size
            for row in range(LANES):
                if not row & size:
                    rows[row], rows[row | size] = _exchange(builder, rows[row], rows[row | size], size)
            size //= 2
        for row, value in enumerate(rows):
            builder.store(value, address(signature.args[3], target, target_offset, target_stride, row), align=align)
        return context.get_dummy_value()

    arguments = (source, types.intp, types.intp, target, types.intp, types.intp)
    return types.void(*arguments), codegen


# --- between lanes and numbers ---


@intrinsic
def broadcast(_typing, value, like):
    """The number ``value`` in every lane, in the precision of the lanes ``like``."""

    def codegen(context, builder, signature, args):
        number = context.cast(builder, args[0], signature.args[0], signature.return_type.element)
        vector = context.get_value_type(signature.return_type)
        single = builder.insert_element(ir.Constant(vector, ir.Undefined), number, _INT32(0))
        return _shuffle(builder, single, single, [0] * LANES)

    return like(value, like), codegen


@intrinsic
def total(_typing, lanes):
    """The sum of all lanes, added pairwise in a fixed order."""

    def codegen(context, builder, signature, args):
        (value,) = args
        count = LANES
        while count > 1:
            count //= 2
            first = _shuffle(builder, value, value, range(count))
            second = _shuffle(builder, value, value, range(count, 2 * count))
            value = builder.fadd(first, second)
        return builder.extract_element(value, _INT32(0))

    return lanes.element(lanes), codegen


@intrinsic
def add_sums(_typing, array, offset, a, b, c, d):
    """Add the sums of the lanes of a, b, c and d to the four elements from flat position ``offset`` on.

    Four sums at once take a third of the operations that four times ``total`` takes. The order within a sum is fixed,
    and the same for all four.
    """

    def codegen(context, builder, signature, args):
        array, offset, a, b, c, d = args
        half = LANES // 2
        first = builder.fadd(*_exchange(builder, a, c, half))
        second = builder.fadd(*_exchange(builder, b, d, half))
        value = builder.fadd(*_exchange(builder, first, second, half // 2))  # four parts each of a, b, c and d
        for distance in (2, 1):
            value = builder.fadd(value, _shuffle(builder, value, value, [lane ^ distance for lane in range(LANES)]))
        four = _shuffle(builder, value, value, range(0, LANES, 4))
        address = _address(context, builder, signature.args[0], array, offset, four.type)
        align = context.get_abi_sizeof(four.type.element)
        builder.store(builder.fadd(builder.load(address, align=align), four), address, align=align)
        return context.get_dummy_value()

    return types.void(array, types.intp, a, a, a, a), codegen


def _load_every(distance: int) -> Callable:
    """Read sixteen elements ``distance`` apart from flat position ``offset`` of an array on; no bounds are checked."""

    @intrinsic
    def load_apart(_typing, array, offset):
        def codegen(context, builder, signature, args):
            array, offset = args
            vector = context.get_value_type(signature.return_type)
            align = context.get_abi_sizeof(vector.element)
            parts = []
            for number in range(distance):
                at = builder.add(offset, offset.type(number * LANES))
                address = _address(context, builder, signature.args[0], array, at, vector)
                parts.append(builder.load(address, align=align))
            while len(parts) > 1:  # every second element of every two, until one is left
                width = parts[0].type.count
                parts = [
                    _shuffle(builder, first, second, range(0, 2 * width, 2))
                    for first, second in zip(parts[::2], parts[1::2], strict=True)
                ]
            return parts[0]

        return LanesType(array.dtype)(array, types.intp), codegen

    return load_apart


load_every_second, load_every_fourth = _load_every(2), _load_every(4)


@intrinsic
def largest(_typing, lanes):
    """The largest magnitude of all lanes; NaN counts as nothing."""

    def codegen(context, builder, signature, args):
        value = _call(context, builder, "llvm.fabs", *args)
        count = LANES
        while count > 1:
            count //= 2
            first = _shuffle(builder, value, value, range(count))
            second = _shuffle(builder, value, value, range(count, 2 * count))
            value = _call(context, builder, "llvm.maxnum", first, second)
        return builder.extract_element(value, _INT32(0))

    return lanes.element(lanes), codegen


@intrinsic
def extract(_typing, lanes, lane):
    """One lane as a number."""

    def codegen(context, builder, signature, args):
        return builder.extract_element(*args)

    return lanes.element(lanes, types.intp), codegen


@intrinsic
def insert(_typing, lanes, lane, value):
    """The lanes with one of them replaced."""

    def codegen(context, builder, signature, args):
        return builder.insert_element(args[0], args[2], args[1])

    return lanes(lanes, types.intp, lanes.element), codegen


def _shuffle(builder: Any, first: Any, second: Any, order: Any) -> Any:
    order = list(order)
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_INT32, len(order)), order))


def _exchange(builder: Any, above: Any, below: Any, size: int) -> tuple[Any, Any]:
    """Swap the lanes of ``above`` that have bit ``size`` with those of ``below`` that have not."""
    first = [lane if not lane & size else LANES + (lane ^ size) for lane in range(LANES)]
    second = [lane | size if not lane & size else LANES + lane for lane in range(LANES)]
    return _shuffle(builder, above, below, first), _shuffle(builder, above, below, second)


def _call(context: Any, builder: Any, name: str, *args: Any) -> Any:
    """Call an LLVM intrinsic on vectors of one type."""
    vector = args[0].type
    bits = 8 * context.get_abi_sizeof(vector.element)
    function_type = ir.FunctionType(vector, [vector] * len(args))
    function = cgutils.get_or_insert_function(builder.module, function_type, f"{name}.v{vector.count}f{bits}")
    return builder.call(function, args)


# --- arithmetic ---


@intrinsic
def multiply_add(_typing, a, b, c):
    """a b + c, fused where the CPU can."""

    def codegen(context, builder, signature, args):
        return _call(context, builder, "llvm.fmuladd", *args)

    return a(a, a, a), codegen


@intrinsic
def at_least(_typing, lanes, bound):
    """The larger of each lane and the number ``bound``; NaN stays NaN."""
    return lanes(lanes, lanes), _clip("<")


@intrinsic
def at_most(_typing, lanes, bound):
    """The smaller of each lane and the number ``bound``; NaN stays NaN."""
    return lanes(lanes, lanes), _clip(">")


def _clip(beyond: str) -> Callable:
    def codegen(context, builder, signature, args):
        value, bound = args
        return builder.select(builder.fcmp_ordered(beyond, value, bound), bound, value)

    return codegen


@intrinsic
def where_negative(_typing, lanes, if_negative, otherwise):
    """Choose lane by lane by sign."""

    def codegen(context, builder, signature, args):
        value, if_negative, otherwise = args
        zero = ir.Constant(value.type, [0.0] * LANES)
        return builder.select(builder.fcmp_ordered("<", value, zero), if_negative, otherwise)

    return lanes(lanes, lanes, lanes), codegen


@intrinsic
def power_of_two(_typing, shifted):
    """2^k for float32 lanes that hold k + 1.5 * 2^23, where k sits in the low mantissa bits; -127 < k <= 128."""

    def codegen(context, builder, signature, args):
        (value,) = args
        integers = ir.VectorType(_INT32, LANES)
        exponent = builder.shl(builder.bitcast(value, integers), ir.Constant(integers, [23] * LANES))
        one = ir.Constant(integers, [127 << 23] * LANES)
        return builder.bitcast(builder.add(exponent, one), value.type)

    return shifted(shifted), codegen


def _define_operator(symbol: Callable, instruction: str) -> None:
    @intrinsic
    def apply(_typing, a, b):
        def codegen(context, builder, signature, args):
            return getattr(builder, instruction)(*args)

        return a(a, b), codegen

    @overload(symbol)
    def choose(a, b):
        if isinstance(a, LanesType) and isinstance(b, LanesType):
            return lambda a, b: apply(a, b)
        if isinstance(a, LanesType) and isinstance(b, types.Number):
            return lambda a, b: apply(a, broadcast(b, a))
        if isinstance(b, LanesType) and isinstance(a, types.Number):
            return lambda a, b: apply(broadcast(a, b), b)
        return None


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define_operator(_symbol, _instruction)
