#!/usr/bin/env python3
"""PyTorch networks of other shapes as ONNX, with captum's attributions, for tests/explain_onnx.rs.

Needs torch, captum, onnx and numpy.

    python3 tests/export_networks.py FOLDER     # then: LIMBIC_CAPTUM=FOLDER cargo test --release --test explain_onnx
"""
import pathlib
import sys

import numpy as np
import torch
from captum.attr import DeepLift, IntegratedGradients
from torch import nn


def pooled():
    """14 channels x 40 samples as an image, 5 classes: a wide kernel, a tall kernel, a max-pool."""
    return nn.Sequential(
        nn.Conv2d(1, 6, (1, 7), padding=(0, 3)), nn.ReLU(), nn.Conv2d(6, 8, (14, 1)), nn.ReLU(),
        nn.MaxPool2d((1, 4), stride=(1, 3)), nn.Flatten(), nn.Dropout(0.3), nn.Linear(8 * 13, 24), nn.ReLU(), nn.Linear(24, 5))


def plain():
    """The first without its pool."""
    return nn.Sequential(
        nn.Conv2d(1, 6, (1, 7), padding=(0, 3), stride=(1, 2)), nn.ReLU(), nn.Conv2d(6, 8, (14, 1)), nn.ReLU(), nn.Flatten(),
        nn.Linear(8 * 20, 24), nn.ReLU(), nn.Linear(24, 5))


def normed():
    """14 input channels: batch norm before and behind convolutions, ELU, average pools, no hidden dense layer."""
    return nn.Sequential(
        nn.BatchNorm2d(14), nn.Conv2d(14, 10, 3, stride=2, padding=1), nn.BatchNorm2d(10), nn.ELU(), nn.AvgPool2d(2),
        nn.Conv2d(10, 12, (2, 2), dilation=(1, 2)), nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5))


def export(network, x, folder, name):
    network.eval()
    # The batch norms have seen something.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
    baseline = x.mean(0, keepdim=True) * 0.5
    target = torch.arange(len(x)) % 5
    ig = IntegratedGradients(network).attribute(x, target=target, n_steps=64, method="riemann_middle")
    lift, gap = DeepLift(network).attribute(x, baselines=baseline, target=target, return_convergence_delta=True)
    torch.onnx.export(network, (x[:1],), str(folder / f"{name}.onnx"), input_names=["input"], dynamo=False,
                      dynamic_axes={"input": {0: "batch"}})
    flat = lambda t: t.detach().numpy().astype(np.float32).reshape(len(t), -1)
    # captum 0.9.0's attributions do not add up behind a max-pool that stands with ReLUs, as its own convergence delta says.
    sound = {"deep_lift": flat(lift)} if gap.abs().max() < 1e-5 else {}
    print(name, "captum's DeepLIFT misses the change of the logits by", float(gap.abs().max()))
    np.savez(folder / f"{name}.npz", x=flat(x), y=target.numpy(), baseline=flat(baseline), logits=flat(network(x)), ig=flat(ig),
             **sound)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(14)
    export(pooled(), torch.randn(4, 1, 14, 40), folder, "pooled")
    export(plain(), torch.randn(4, 1, 14, 40), folder, "plain")
    export(normed(), torch.randn(4, 14, 10, 11), folder, "normed")
    # An operator that limbic does not run.
    torch.onnx.export(nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.Hardswish(), nn.Linear(4, 2)).eval(),
                      (torch.zeros(1, 1, 2, 3),), str(folder / "unsupported.onnx"), dynamo=False)


if __name__ == "__main__":
    main()
