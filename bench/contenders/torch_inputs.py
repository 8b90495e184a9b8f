"""The input of a case in torch, as dtypes.mjs and cases.mjs tell it."""

import math

import torch

PERIOD = 65_536


def values(dtype, count):
    """As valueAt() of dtypes.mjs."""
    key = torch.arange(PERIOD).mul(40_503).bitwise_right_shift(6).bitwise_and(1023)
    if dtype == torch.bool:
        head = key.bitwise_and(1)
    elif dtype.is_floating_point:
        head = (1 + key.bitwise_and(127) / 128) * torch.exp2(key.bitwise_right_shift(7).double() - 4)
    else:
        head = 1 + key.remainder(100)
    return head.to(dtype).repeat(math.ceil(count / PERIOD))[:count].clone()


def memory(dtype, size):
    if dtype.is_complex:
        return torch.view_as_complex(values(dtype.to_real(), 2 * size).view(-1, 2))
    return values(dtype, size)


def input_of(case, dtype, device="cpu"):
    """As viewOf() of cases.mjs. The view is made on the device: to() would write some out."""
    size, layout = case["size"], case["layout"]
    side = math.isqrt(size)
    if layout == "transposed":
        return memory(dtype, size).to(device).view(side, side).t()
    if layout == "broadcast":
        return memory(dtype, side).to(device).expand(side, side)
    if layout == "columns":
        rows = 2 ** math.ceil(math.log2(size) / 2)
        return memory(dtype, 2 * size).to(device).view(rows, -1)[:, ::2]
    return memory(dtype, size).to(device)
