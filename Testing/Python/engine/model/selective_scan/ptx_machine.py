"""A GPU made of numpy, for the PTX that Triton compiles: what a GPU would compute, on a machine without one.

Only what these kernels use is understood (NVIDIA, "Parallel Thread Execution ISA", version 8): float32, one-dimensional
grids, barriers of the whole block. Threads of a warp go together; where they part, the ones that are behind go first.
Warps go one after another from barrier to barrier, in an order that differs from block to block, so that a missing
barrier shows. Memory outside the given arrays, misaligned access and registers never written (they hold NaN) show too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

WARP = 32
NAN = 0x7FC00000
KINDS = {"f32": "f4", "s32": "i4", "u32": "u4", "b32": "u4", "s64": "i8", "u64": "u8", "b64": "u8", "pred": "?"}
COMPARE = {"lt": np.less, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal}
ELEMENTWISE = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "neg": np.negative,
    "abs": np.abs,
    "min": np.fmin,
    "max": np.fmax,
    "shl": np.left_shift,
    "shr": np.right_shift,
    "mad": lambda a, b, c: a * b + c,
    "fma": lambda a, b, c: (a.astype("f8") * b + c).astype("f4"),
    "ex2": lambda a: np.exp2(a.astype("f8")).astype("f4"),
    "bfe": lambda a, start, count: (a >> start) & ((np.uint32(1) << count) - np.uint32(1)),
}


@dataclass(frozen=True)
class Instruction:
    """``guard``: predicate register, with ! where it must be false; ``words``: the operation's parts."""

    guard: str | None
    words: tuple[str, ...]
    operands: tuple[str, ...]


class Program:
    """One kernel's instructions, the places of its labels, its parameters and registers."""

    def __init__(self, ptx: str) -> None:
        head, _, body = ptx[ptx.index(".entry") :].partition(".reqntid")
        self.parameters = re.findall(r"\.param [^,)]*?(\w+_param_\d+)", head)
        self.threads = int(re.match(r" (\d+)", body)[1])
        body = body[body.index("{") + 1 : body.index("$L__func_end")]
        self.labels: dict[str, int] = {}
        self.instructions: list[Instruction] = []
        for statement in re.sub(r"//.*", "", body).replace("\n", ";").split(";"):
            label, colon, rest = statement.strip().rpartition(":") if "$" in statement else ("", "", statement.strip())
            if colon:
                self.labels[label] = len(self.instructions)
            found = re.match(r"(?:@(!?%p\d+)\s+)?([a-z][\w.]*)\s*(.*)$", rest.strip())
            if found:
                operands = re.findall(r"\{[^}]*\}|\[[^]]*\]|[^,\s]+", found[3])
                self.instructions.append(Instruction(found[1], tuple(found[2].split(".")), tuple(operands)))
        self.registers = set(re.findall(r"%(?:rd|r|p)\d+", body))


class Memory:
    """Arrays in one address space of 32-bit words, apart from one another."""

    GAP = 1024

    def __init__(self, arrays: list[np.ndarray]) -> None:
        sizes = [-(-array.nbytes // 256) * 256 + self.GAP for array in arrays]
        self.addresses = [int(start) for start in np.cumsum([self.GAP, *sizes[:-1]])]
        self.words = np.zeros((self.GAP + sum(sizes)) // 4, np.uint32)
        self.given = np.zeros(len(self.words), bool)
        for address, array in zip(self.addresses, arrays, strict=True):
            place = slice(address // 4, address // 4 + array.size)
            self.words[place] = array.ravel().view(np.uint32)
            self.given[place] = True

    def read(self, index: int, array: np.ndarray) -> None:
        """Bring the array that was given as the ``index``-th up to date."""
        start = self.addresses[index] // 4
        array[...] = self.words[start : start + array.size].view(array.dtype).reshape(array.shape)


def launch(ptx: str, blocks: int, shared_bytes: int, arguments: list[int | np.ndarray]) -> None:
    """Run a kernel over a grid; contiguous float32 arrays among the arguments are changed in place."""
    program = Program(ptx)
    arrays = [argument for argument in arguments if isinstance(argument, np.ndarray)]
    memory = Memory(arrays)
    addresses = iter(memory.addresses)
    values = [next(addresses) if isinstance(argument, np.ndarray) else argument for argument in arguments]
    values += [0] * (len(program.parameters) - len(values))  # Triton's own scratch memory, which is not used
    random = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for block in range(blocks):
            _Block(program, memory, dict(zip(program.parameters, values, strict=True)), block, shared_bytes).run(random)
    for index, array in enumerate(arrays):
        memory.read(index, array)


class _Block:
    def __init__(self, program: Program, memory: Memory, parameters: dict[str, int], block: int, shared: int) -> None:
        self.program, self.memory, self.parameters = program, memory, parameters
        threads = program.threads
        self.shared = np.full(-(-shared // 4), NAN, np.uint32)
        self.registers: dict[str, np.ndarray] = {
            "%tid.x": np.arange(threads, dtype=np.uint32),
            "%ctaid.x": np.full(threads, block, np.uint32),
        }
        for name in program.registers:
            dtype, value = (bool, False) if name[1] == "p" else ("u8", NAN) if name[2] == "d" else ("u4", NAN)
            self.registers[name] = np.full(threads, value, dtype)
        self.next = np.zeros(threads, int)
        self.lanes = np.arange(threads)

    def run(self, random: np.random.Generator) -> None:
        warps = np.arange(self.program.threads).reshape(-1, WARP)
        end = len(self.program.instructions)
        while True:
            for warp in random.permutation(warps):
                self._run_to_barrier(warp, end)
            assert len(set(self.next)) == 1, "warps wait at different barriers"
            if self.next[0] == end:
                return
            self.next += 1

    def _run_to_barrier(self, warp: np.ndarray, end: int) -> None:
        while (place := self.next[warp].min()) < end:
            here = warp[self.next[warp] == place]
            instruction = self.program.instructions[place]
            if instruction.words[0] == "bar":
                assert len(here) == WARP, "threads of a warp part at a barrier"
                return
            self.next[here] = end if instruction.words[0] == "ret" else place + 1
            if instruction.guard:
                holds = self.registers[instruction.guard.lstrip("!")][here]
                here = here[~holds if instruction.guard[0] == "!" else holds]
            if instruction.words[0] == "bra":
                self.next[here] = self.program.labels[instruction.operands[0]]
            elif instruction.words[0] != "ret" and len(here):
                self.lanes = here
                self._execute(instruction.words, instruction.operands)

    def _value(self, operand: str, kind: str) -> np.ndarray:
        """Of the threads that go now, as ``kind`` has it."""
        if operand in self.registers:
            values = self.registers[operand][self.lanes]
            return values if kind == "?" else values.view(kind)
        if operand.startswith("global_smem"):
            number = int(operand.removeprefix("global_smem") or 0)
        else:
            number = int(operand[2:], 16) if operand.startswith("0f") else int(operand, 0)
        if kind == "?":
            return np.full(len(self.lanes), number != 0)
        unsigned = np.uint64 if kind[1] == "8" else np.uint32
        return np.full(len(self.lanes), number % 2 ** (8 * int(kind[1])), unsigned).view(kind)

    def _write(self, register: str, values: np.ndarray) -> None:
        held = self.registers[register]
        held[self.lanes] = values if held.dtype == bool else np.ascontiguousarray(values).view(held.dtype)

    def _addresses(self, operand: str) -> np.ndarray:
        base, _, offset = operand.strip("[]").replace(" ", "").partition("+")
        return self._value(base, "u8" if base.startswith("%rd") else "u4").astype(int) + int(offset or 0)

    def _words(self, words: tuple[str, ...], addresses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory, and the places in it."""
        places = addresses // 4
        if "shared" in words:
            assert places.max() < len(self.shared), "outside of shared memory"
            return self.shared, places
        assert self.memory.given[places].all(), "outside of the arrays"
        return self.memory.words, places

    def _execute(self, words: tuple[str, ...], operands: tuple[str, ...]) -> None:
        name, kind = words[0], KINDS.get(words[-1], "")
        if name in ("ld", "st") and words[1] == "param":
            number = self.parameters[operands[1].strip("[]")]
            bits = 64 if operands[0].startswith("%rd") else 32
            self._write(operands[0], np.full(len(self.lanes), number % 2**bits, f"u{bits // 8}"))
        elif name in ("ld", "st"):
            place, registers = (operands[1], operands[0]) if name == "ld" else (operands[0], operands[1])
            self._load_or_store(name, words, place, registers.strip("{} ").replace(" ", "").split(","))
        elif name in ("ldmatrix", "stmatrix"):
            self._matrix(name, operands)
        elif name == "shfl":
            lane, by = self.lanes % WARP, self._value(operands[2], "u4").astype(int)
            assert len(lane) == WARP
            source = {"up": np.where(lane >= by, lane - by, lane), "bfly": lane ^ by, "idx": by}[words[2]]
            self._write(operands[0], self.registers[operands[1]][self.lanes[source]])
        elif name == "setp":
            self._write(operands[0], COMPARE[words[1]](self._value(operands[1], kind), self._value(operands[2], kind)))
        elif name == "selp":
            kind = kind.replace("f", "u")
            values = (self._value(operand, kind) for operand in operands[1:3])
            self._write(operands[0], np.where(self._value(operands[3], "?"), *values))
        elif name == "mov":
            self._write(operands[0], self._value(operands[1], kind))
        elif name == "cvt":
            self._write(operands[0], self._value(operands[1], kind).astype(KINDS[words[-2]]))
        elif words[1:2] == ("wide",):
            wide = kind.replace("4", "8")
            product = self._value(operands[1], kind).astype(wide) * self._value(operands[2], kind).astype(wide)
            self._write(operands[0], product + self._value(operands[3], wide) if name == "mad" else product)
        elif name == "div":
            a, b = self._value(operands[1], kind), self._value(operands[2], kind)
            self._write(operands[0], a / b if kind == "f4" else np.trunc(a.astype("f8") / b).astype(kind))
        else:
            values = [self._value(operand, kind) for operand in operands[1:]]
            if name in ("shl", "shr"):
                values[1] = self._value(operands[2], "u4").astype(kind)
            self._write(operands[0], ELEMENTWISE[name](*values))

    def _load_or_store(self, name: str, words: tuple[str, ...], place: str, registers: list[str]) -> None:
        addresses = self._addresses(place)
        assert not (addresses % (4 * len(registers))).any(), "misaligned access"
        for index, register in enumerate(registers):
            memory, places = self._words(words, addresses + 4 * index)
            if name == "ld":
                self._write(register, memory[places])
            else:
                memory[places] = self._value(register, "u4")

    def _matrix(self, name: str, operands: tuple[str, ...]) -> None:
        """Eight rows of 16 bytes, whose addresses the first eight threads hold; each thread has a quarter of one."""
        register, place = operands if name == "ldmatrix" else operands[::-1]
        lane = self.lanes % WARP
        assert len(lane) == WARP
        memory, places = self._words(("shared",), self._addresses(place)[lane // 4] + 4 * (lane % 4))
        if name == "ldmatrix":
            self._write(register.strip("{} "), memory[places])
        else:
            memory[places] = self._value(register.strip("{} "), "u4")
