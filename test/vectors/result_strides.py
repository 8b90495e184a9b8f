#!/usr/bin/env python3
"""Writes result-strides.json: the strides that torch gives results and copies of tensors of many layouts.

Usage: python3 result_strides.py result-strides.json

Each row: shape, strides, then the strides of
  an operation that keeps the dtype (rsqrt of float32),
  an operation that converts first (rsqrt of int32, square of bool),
  a copy (clone, to, zeros_like, ...; an operation that makes complex numbers real, too).
The script checks that everything that should be in one of these groups is.
"""

import json
import random
import sys

import torch

ELEMENTS = 4096
ones = {dtype: torch.ones(ELEMENTS, dtype=dtype) for dtype in (torch.float32, torch.int32, torch.bool, torch.complex64)}

FIXED = [
    ([], []), ([1], [1]), ([1], [7]), ([1], [0]), ([0], [1]), ([0], [9]), ([5], [1]), ([5], [3]), ([5], [0]),
    # A size of 1 with a stride that row-major order would not give.
    ([1, 4], [9, 1]), ([4, 1], [1, 9]), ([4, 1], [1, 1]), ([1, 4], [1, 1]), ([1, 1], [5, 7]), ([3, 1, 2], [2, 100, 1]),
    ([3, 1, 2], [1, 50, 3]), ([1, 4, 1], [3, 2, 8]), ([2, 1, 3], [3, 0, 1]), ([1, 4, 3, 1], [3, 1, 2, 12]),
    # No elements.
    ([0, 3], [3, 1]), ([3, 0], [1, 3]), ([3, 0], [7, 2]), ([2, 0, 4], [1, 8, 2]), ([0, 1], [0, 0]), ([1, 0, 5], [9, 0, 1]),
    # Channels last, with sizes of 1, and what only looks like it.
    ([2, 3, 4, 5], [60, 1, 15, 3]), ([2, 3, 1, 4], [12, 1, 99, 3]), ([1, 3, 2, 4], [7, 1, 12, 3]), ([2, 3, 4, 1], [12, 1, 3, 50]),
    ([2, 1, 4, 5], [20, 1, 5, 1]), ([2, 3, 1, 1], [3, 1, 3, 3]), ([2, 3, 1, 1], [3, 1, 1, 1]), ([1, 3, 1, 1], [3, 1, 3, 3]),
    ([2, 3, 4, 5, 6], [360, 1, 90, 18, 3]), ([2, 3, 1, 5, 6], [90, 1, 77, 18, 3]), ([3, 4, 5], [1, 15, 3]),
    # Expanded, sliced, overlapping.
    ([4, 3], [0, 1]), ([3, 4], [1, 0]), ([4, 3], [6, 2]), ([3, 4], [2, 6]), ([3, 3], [1, 1]), ([2, 3, 4], [0, 0, 0]),
    ([4, 1, 3], [0, 5, 1]), ([2, 2, 3], [3, 6, 1]), ([6, 4], [1, 6]),
]


def random_layouts(rng, count):
    made = 0
    while made < count:
        ndim = rng.randint(1, 6)
        shape = [rng.choice([1, 1, 2, 3, 4] + [0] * (rng.random() < 0.15)) for _ in range(ndim)]
        if rng.random() < 0.6:  # dense in some order, strides of 1 and of nothing at random
            strides, stride = [0] * ndim, 1
            for dim in rng.sample(range(ndim), ndim):
                strides[dim] = stride
                stride *= max(shape[dim], 1)
            apart = rng.choice([1, 1, 1, 2])
            free = [size < 2 or 0 in shape for size in shape]
            strides = [rng.choice([s, s, 0, 1, 7, 99]) if f else s * apart for s, f in zip(strides, free)]
        else:
            strides = [rng.choice([0, 1, 2, 3, 4, 6, 8, 12, 24]) for _ in range(ndim)]
        if sum((size - 1) * stride for size, stride in zip(shape, strides)) < ELEMENTS:
            made += 1
            yield shape, strides


def the_same(*tensors):
    strides = {each.stride() for each in tensors}
    assert len(strides) == 1, strides
    return list(strides.pop())


OPERATIONS = [torch.rsqrt, torch.sqrt, torch.reciprocal, torch.neg, torch.abs, torch.square]
REFUSED = [(torch.neg, torch.bool), (torch.abs, torch.bool)]


def row(shape, strides):
    inputs = [ones[dtype].as_strided(shape, strides) for dtype in ones]
    x, whole, _, _ = inputs
    kept, converted, made_real = [], [], []
    for op in OPERATIONS:
        for each in inputs:
            if (op, each.dtype) in REFUSED:
                continue
            y = op(each)
            group = kept if y.dtype == each.dtype else made_real if each.dtype.is_complex else converted
            group.append(y)
    result = the_same(*kept, torch.rsqrt(x, out=torch.empty(0)))
    promoted = the_same(*converted, torch.rsqrt(whole, out=torch.empty(0)))
    copy = the_same(
        x.clone(), x.to(torch.float64), x.to(torch.float32, copy=True), torch.empty_like(x), torch.zeros_like(x),
        torch.ones_like(x), torch.full_like(x, 7), torch.rand_like(x), torch.randn_like(x),
        torch.zeros_like(x, dtype=torch.int8), *made_real)
    return [shape, strides, result, promoted, copy]


def main():
    rng = random.Random(20261128)
    rows = [row(*layout) for layout in [*FIXED, *random_layouts(rng, 250)]]
    with open(sys.argv[1], "w") as file:
        meta = json.dumps({"torch": torch.__version__})
        lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in rows)
        file.write(f'{{\n"meta": {meta},\n"rows": [\n{lines}\n]}}\n')


main()
