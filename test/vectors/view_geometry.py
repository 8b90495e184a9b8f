#!/usr/bin/env python3
"""Writes view-geometry.json: shape, strides and offset of views, and what is refused, from the torch that runs this.

Usage: python3 view_geometry.py view-geometry.json
"""

import json
import random
import sys

import torch

rng = random.Random(20261123)


def hand_picked():
    """(base shape, step): what is easily got wrong: no dimensions, no elements, sizes of 1, limits of arguments."""
    steps = {
        (): [
            ["view", [1, 1]], ["view", []], ["view", [2]], ["view", [-1]], ["reshape", [1]], ["flatten", 0, -1],
            ["unflatten", 0, [1, 1]], ["t"], ["transpose", 0, -1], ["transpose", 1, 0], ["permute", []], ["permute", [0]],
            ["movedim", 0, 0], ["narrow", 0, 0, 1], ["select", 0, 0], ["slice", 0, None, None, 1], ["expand", [2, 3]],
            ["expand", [1]], ["expand", []], ["expand", [-1]], ["unsqueeze", 0], ["unsqueeze", -1], ["unsqueeze", 1],
            ["squeeze"], ["squeeze", 0], ["squeeze", -1], ["squeeze", 1], ["unfold", 0, 1, 1], ["unfold", 0, 0, 2],
            ["unfold", 0, 2, 1], ["diagonal", 0, 0, 1], ["unbind", 0],
        ],
        (1,): [
            ["expand", [0]], ["expand", [5]], ["expand", [5, -1]], ["expand", [-1, 1]], ["expand", [5, -2]], ["t"], ["diagonal", 0, 0, 1],
            ["squeeze"], ["squeeze", [0]], ["unsqueeze", -2], ["unsqueeze", -3], ["unsqueeze", 2], ["view", []],
        ],
        (0,): [
            ["expand", [2, 0]], ["expand", [2, 3]], ["view", [-1]], ["view", [2, -1]], ["view", [0, -1]], ["select", 0, 0],
            ["slice", 0, -3, 3, 2], ["unfold", 0, 0, 1], ["unfold", 0, 1, 1], ["narrow", 0, 0, 0], ["unbind", 0],
        ],
        (1, 3): [
            ["expand", [1, 1, 1, 3]], ["expand", [4, 1, 2, 3]], ["expand", [3]], ["expand", [-1, -1]], ["expand", [2, 2]],
            ["view", [3, 1]], ["view", [1, 3, 1]], ["squeeze"], ["squeeze", 1], ["squeeze", [0, 0]], ["squeeze", []],
        ],
        (0, 3): [
            ["unsqueeze", 0], ["unsqueeze", 1], ["unsqueeze", 2], ["select", 1, 1], ["select", 0, 0], ["flatten", 0, -1],
            ["view", [3, 0]], ["view", [0]], ["view", [7, 0, 2]], ["view", [1]], ["transpose", 0, 1], ["t"], ["diagonal", 0, 0, 1],
            ["diagonal", 1, 0, 1], ["diagonal", -5, 0, 1], ["unbind", 0], ["unbind", 1], ["unfold", 1, 2, 1], ["expand", [2, 0, 3]],
        ],
        (2, 3): [
            ["diagonal", offset, 0, 1] for offset in range(-4, 5)
        ] + [
            ["diagonal", 0, 1, 0], ["diagonal", 1, 1, 0], ["diagonal", 0, 0, 0], ["diagonal", 0, 0, -2], ["diagonal", 0, 0, 2],
            ["unfold", 1, 0, 1], ["unfold", 1, 3, 5], ["unfold", 1, 4, 1], ["unfold", 1, 2, 0], ["unfold", 1, -1, 1],
            ["unflatten", 1, [-1]], ["unflatten", 1, []], ["unflatten", 1, [3, 1]], ["unflatten", 1, [2, -1]], ["unflatten", 2, [1]],
            ["unflatten", 0, [1, 2]], ["unflatten", 0, [-1, -1]], ["movedim", [0, 1], [1, 0]], ["movedim", [0, 0], [1, 0]],
            ["movedim", [0, 1], [0]], ["movedim", 0, 2], ["movedim", -1, 0], ["flatten", 1, 0], ["flatten", 0, 2], ["flatten", 1, 1],
            ["narrow", 0, 2, 0], ["narrow", 0, 2, 1], ["narrow", 0, 3, 0], ["narrow", 1, -1, 1], ["narrow", 1, -1, 2],
            ["narrow", 1, -4, 1], ["narrow", 1, 0, -1], ["narrow", 2, 0, 0], ["select", 1, 3], ["select", 1, -3], ["select", 1, -4],
            ["select", -3, 0], ["slice", 0, 5, 9, 1], ["slice", 1, 2, 1, 1], ["slice", 1, -9, 9, 2], ["slice", 1, None, None, 0],
            ["slice", 1, None, None, -1], ["slice", 1, -1, None, 3], ["permute", [1, 0]], ["permute", [0, 0]], ["permute", [0]],
            ["permute", [-1, 0]], ["permute", [2, 0]], ["view", [7]], ["view", [-1, -1]], ["view", [-2, 3]], ["view", [4, -1]],
            ["view", [2, 1, 3, 1]], ["view", [1, 6]], ["expand", [2, 2, 3]], ["expand", [2, 6]], ["expand", [3]], ["expand", [2, -1]],
            ["unsqueeze", -3], ["unsqueeze", -4], ["unsqueeze", 3], ["squeeze", 2], ["squeeze"], ["transpose", 0, 2], ["t"],
            ["unbind", 1], ["unbind", 2], ["unbind", -3],
        ],
        (2, 3, 4): [["t"], ["transpose", -1, -3], ["movedim", [0, 2], [-1, 0]], ["flatten", -2, -1], ["diagonal", 1, 2, 0]],
    }
    for shape, each in steps.items():
        for step in each:
            yield list(shape), [step]
    yield [2, 3], [["t"], ["view", [6]]]
    yield [2, 3], [["t"], ["view", [3, 2, 1]]]
    yield [2, 0, 3], [["permute", [2, 1, 0]], ["view", [3, 0, 2]]]
    yield [4, 1], [["expand", [4, 2]], ["view", [8]]]
    yield [4, 1], [["expand", [4, 2]], ["view", [2, 2, 2]]]
    yield [3, 2, 0], [["diagonal", 7, 0, 1]]
    yield [1] * 12, [["permute", list(range(11, -1, -1))], ["squeeze", [3, 5]], ["unsqueeze", 4]]


def size():
    return rng.choice([0, 1, 1, 2, 2, 3, 4, 5])


def random_step(x):
    n = x.dim()
    dim = lambda: rng.randrange(-n - 1, n + 1) if rng.random() < 0.05 else rng.randrange(max(n, 1))
    return rng.choice([
        lambda: ["view", divided(x.numel())],
        lambda: ["flatten", dim(), rng.choice([-1, dim()])],
        lambda: ["unflatten", dim(), rng.choice([[-1, 1], [2, -1], [1, -1], [-1]])],
        lambda: ["transpose", dim(), dim()],
        lambda: ["permute", rng.sample(range(n), n)],
        lambda: ["movedim", dim(), dim()],
        lambda: ["narrow", dim(), rng.randrange(-2, 3), rng.randrange(3)],
        lambda: ["select", dim(), rng.randrange(-2, 3)],
        lambda: ["slice", dim(), rng.choice([None, rng.randrange(-4, 5)]), rng.choice([None, rng.randrange(-4, 5)]), rng.randrange(1, 4)],
        lambda: ["expand", [rng.randrange(1, 3)] * rng.randrange(2) + [rng.choice([-1, s]) if s != 1 else rng.randrange(4) for s in x.shape]],
        lambda: ["unsqueeze", rng.randrange(-n - 1, n + 1)],
        lambda: ["squeeze"] + rng.choice([[], [dim()]]),
        lambda: ["unfold", dim(), rng.randrange(4), rng.randrange(1, 3)],
        lambda: ["diagonal", rng.randrange(-2, 3), dim(), dim()],
    ])()


def divided(numel):
    if numel == 0:
        return rng.choice([[0], [3, 0], [0, 2], [-1], [2, 0, 1]])
    shape = []
    while numel > 1 and len(shape) < 3:
        divisor = rng.choice([d for d in range(1, numel + 1) if numel % d == 0])
        shape.append(divisor)
        numel //= divisor
    shape.append(numel)
    if rng.random() < 0.3:
        shape[rng.randrange(len(shape))] = -1
    return shape


def apply(x, step):
    name, *args = step
    if name == "slice":
        dim, start, end, stride = args
        return torch.ops.aten.slice(x, dim, start, end, stride)
    if name == "unbind":
        return list(x.unbind(*args))
    if name == "squeeze":
        return x.squeeze(*(tuple(dim) if isinstance(dim, list) else dim for dim in args))
    return getattr(x, name)(*args)


def geometry(x):
    return {"shape": list(x.shape), "strides": list(x.stride()), "offset": x.storage_offset(), "contiguous": x.is_contiguous()}


def case(shape, steps):
    x = torch.empty(shape)
    try:
        for step in steps:
            x = apply(x, step)
    except (RuntimeError, IndexError, ValueError, TypeError):
        return {"shape": shape, "steps": steps, "refused": True}
    result = [geometry(each) for each in x] if isinstance(x, list) else geometry(x)
    return {"shape": shape, "steps": steps, "result": result}


def random_cases(count):
    for _ in range(count):
        shape = [size() for _ in range(rng.randrange(5))]
        x, steps = torch.empty(shape), []
        for _ in range(rng.randrange(1, 6)):
            steps.append(random_step(x))
            try:
                x = apply(x, steps[-1])
            except (RuntimeError, IndexError):
                break
        yield shape, steps


def main():
    cases = [case(shape, steps) for shape, steps in [*hand_picked(), *random_cases(700)]]
    note = "torch.empty(shape), then the steps; refused: the last of them is"
    with open(sys.argv[1], "w") as file:
        meta = json.dumps({"torch": torch.__version__, "note": note})
        rows = ",\n".join(json.dumps(each) for each in cases)
        file.write(f'{{\n"meta": {meta},\n"cases": [\n{rows}\n]}}\n')


main()
