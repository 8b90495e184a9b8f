#!/usr/bin/env python3
"""Generate joining.json from a real torch:

    python3 joining.py DEST      # torch 2.13.0+cpu was used

Each case is [operation, tensors, dim, out, result]. A tensor is [dtype, shape, strides, offset] on storage of its own, whose
element k is (7 k + 13 i) % 100 for the tensor at index i, as its dtype. out is null or [dtype, shape, strides]. The result is
[dtype, shape, strides, elements as integers], or null where torch refuses.
"""
import json
import random
import sys
import warnings

import torch

DTYPES = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int8", "uint8", "int16", "int32", "int64",
          "bool"]
OPS = {"cat": torch.cat, "stack": torch.stack}


def storage(dtype, index):
    return torch.tensor([(7 * k + 13 * index) % 100 for k in range(4000)]).to(getattr(torch, dtype))


def tensor(index, dtype, shape, strides, offset):
    return storage(dtype, index).as_strided(shape, strides, offset)


def case(op, tensors, dim, out=None):
    inputs = [tensor(i, *each) for i, each in enumerate(tensors)]
    try:
        target = None if out is None else torch.zeros(4000, dtype=getattr(torch, out[0])).as_strided(out[1], out[2])
        result = OPS[op](inputs, dim) if out is None else OPS[op](inputs, dim, out=target)
    except (RuntimeError, IndexError, TypeError, ValueError):
        return [op, tensors, dim, out, None]
    elements = [int(each) for each in result.to(torch.complex128).real.flatten().tolist()]
    return [op, tensors, dim, out, [str(result.dtype)[6:], list(result.shape), list(result.stride()), elements]]


def contiguous(shape):
    return list(torch.empty(shape).stride())


def layout(rng, shape):
    """Strides of a kind that occurs: contiguous, permuted, channels-last, with gaps, expanded."""
    kind = rng.choice(["contiguous", "contiguous", "permuted", "last", "gaps", "expanded"])
    if kind == "permuted":
        order = list(range(len(shape)))
        rng.shuffle(order)
        strides = [0] * len(shape)
        for dim, stride in zip(order, contiguous([shape[dim] for dim in order])):
            strides[dim] = stride
        return strides
    if kind == "last" and len(shape) in (4, 5):
        form = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
        return list(torch.empty(shape).to(memory_format=form).stride())
    if kind == "gaps":
        return [2 * stride for stride in contiguous(shape)]
    if kind == "expanded" and shape:
        strides = contiguous(shape)
        strides[rng.randrange(len(shape))] = 0
        return strides
    return contiguous(shape)


def cases(rng):
    plain = lambda *shape, dtype="float32": [dtype, list(shape), contiguous(list(shape)), 0]
    last = lambda *shape: ["float32", list(shape), list(torch.empty(shape).to(
        memory_format=torch.channels_last if len(shape) == 4 else torch.channels_last_3d).stride()), 0]
    for a in DTYPES:
        for b in DTYPES:
            yield case("cat", [plain(3, dtype=a), plain(2, dtype=b)], 0)
            yield case("stack", [plain(dtype=a), plain(dtype=b)], 0, [b, [2], [1]])
    for dim in range(-5, 5):
        yield case("cat", [plain(2, 3, 2), plain(2, 3, 2)], dim)
        yield case("stack", [plain(2, 3, 2), plain(2, 3, 2)], dim)
        yield case("stack", [plain(), plain(), plain()], dim)
        yield case("cat", [plain(0), plain(2, 3)], dim)
        yield case("cat", [plain(0), plain(0, dtype="float64")], dim)
        yield case("cat", [last(2, 3, 4, 2), last(2, 3, 4, 2)], dim)
        yield case("stack", [last(2, 3, 4, 2), last(2, 3, 4, 2)], dim)
        yield case("cat", [last(2, 3, 2, 2, 2), last(2, 3, 2, 2, 2)], dim)
    for shapes in ([[0], [0, 3]], [[1, 0], [2, 3]], [[2, 0], [2, 3]], [[2, 3], [0], [1, 3]], [[2, 3], [3]], [[], [2]], [[2], []],
                   [[0], []], [[0, 3], [0, 3]], [[2, 3], [2, 4]], [[2, 0], [2, 0]], [[0], [0]], [[0], [2]], [[1], [1]]):
        for dim in (0, 1, -1):
            for op in OPS:
                yield case(op, [plain(*shape) for shape in shapes], dim)
                yield case(op, [plain(*shape) for shape in shapes], dim, ["float64", [3], [1]])
    for strides in ([30, 30, 5, 1], [10, 1, 10, 10], [30, 10, 5, 1], [1, 1, 1, 1], [0, 1, 0, 0], [20, 1, 5, 1], [6, 1, 6, 6]):
        for shape in ([2, 1, 2, 5], [1, 3, 2, 5], [2, 3, 1, 1], [2, 1, 1, 1], [1, 3, 2, 2]):
            yield case("cat", [["float32", shape, strides, 0]] * 2, 1)
            yield case("stack", [["float32", shape[:3], strides[:3], 0]] * 2, -1)
    for _ in range(500):
        ndim = rng.randint(0, 5)
        shape = [rng.choice([0, 1, 2, 2, 3]) if rng.random() < 0.2 else rng.choice([1, 2, 3]) for _ in range(ndim)]
        dim = rng.randint(-ndim - 1, ndim)
        op = rng.choice(["cat", "stack"])
        dtypes = rng.choices(DTYPES, k=2) if rng.random() < 0.5 else [rng.choice(DTYPES)]
        tensors = []
        for _ in range(rng.randint(1, 4)):
            own = list(shape)
            if own and (op == "cat" or rng.random() < 0.1):
                own[rng.randrange(ndim) if rng.random() < 0.1 else dim % ndim] = rng.randint(0, 3)
            if rng.random() < 0.1:
                own = [0]
            tensors.append([rng.choice(dtypes), own, layout(rng, own), rng.randint(0, 3)])
        made = case(op, tensors, dim)
        yield made
        if made[4] is not None and rng.random() < 0.5:
            size = made[4][1] if rng.random() < 0.6 else rng.choice([[0], [3], [2, 5]])
            strides = layout(rng, size)
            if 0 in strides:
                strides = contiguous(size)
            yield case(op, tensors, dim, [rng.choice([made[4][0], rng.choice(DTYPES)]), size, strides])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with open(sys.argv[1], "w") as file:
        lines = [json.dumps(each, separators=(",", ":")) for each in cases(random.Random(14))]
        file.write("[\n" + ",\n".join(lines) + "\n]\n")
