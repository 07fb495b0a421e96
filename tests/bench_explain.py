#!/usr/bin/env python3
"""captum and PyTorch beside `limbic bench explain`: the same network, windows and deletion orders, back to back.

Needs torch, captum, onnx and numpy. The whole Quality Test takes PyTorch minutes; --share does a part of the windows of
each class on both sides and says so.

    python3 tests/bench_explain.py target/release/limbic --windows 1000 --share 0.1
"""
import argparse
import json
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import nn

CELLS = [(0, 3), (0, 5), (1, 3), (1, 5), (2, 0), (2, 2), (2, 4), (2, 6), (2, 8), (3, 1), (3, 3), (3, 5), (3, 7), (4, 0),
         (4, 2), (4, 4), (4, 6), (4, 8), (5, 1), (5, 3), (5, 5), (5, 7), (6, 0), (6, 2), (6, 4), (6, 6), (6, 8), (7, 3),
         (7, 5), (8, 3), (8, 4), (8, 5)]


class SeedA(nn.Module):
    """The paper's network; modules are used once each, as captum wants them."""

    def __init__(self, classes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(),
            nn.Dropout(0.2), nn.Linear(64 * 484, 512), nn.ReLU(), nn.Linear(512, classes))

    def forward(self, x):
        return self.layers(x)


class Cost:
    """Wall and CPU seconds of a block."""

    def __enter__(self):
        self.wall, self.used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        return self

    def __exit__(self, *_):
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.wall = time.perf_counter() - self.wall
        self.cpu = used.ru_utime - self.used.ru_utime + used.ru_stime - self.used.ru_stime


def curve(network, x, label, order, insert):
    """Recall after every step, by whole passes of all windows of the class."""
    image = torch.zeros_like(x) if insert else x.clone()
    flat, source, scores = image.view(len(x), -1), x.view(len(x), -1), []
    for step in range(len(order) + 1):
        if step:
            pixel = order[step - 1]
            flat[:, pixel] = source[:, pixel] if insert else 0.0
        # The first of equal logits, as everywhere in limbic.
        scores.append(float((network(image).argmax(1) == label).float().mean()))
    return np.trapezoid(scores, np.linspace(0, 1, len(scores)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("limbic")
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--share", type=float, default=1.0, help="share of the windows whose curves are measured")
    parser.add_argument("--classes", type=int, default=9)
    parser.add_argument("--orders", type=int, default=4)
    parser.add_argument("--attributed", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    network = SeedA(args.classes).eval()
    pixels = np.array([(11 * (b // 2) + 1 + r) * 22 + 11 * (b % 2) + 1 + c for r, c in CELLS for b in range(4)])
    n = max(args.classes, int(args.windows * args.share))
    x = np.zeros((n, 484), np.float32)
    x[:, pixels] = rng.standard_normal((n, len(pixels)))
    with torch.no_grad():
        logits = network(torch.from_numpy(x.reshape(n, 1, 22, 22))).numpy()
    # Windows count for the class that an untrained network leans to beside its mean, so that recall is not constant.
    y = (logits - logits.mean(0)).argmax(1)
    orders = np.stack([[rng.permutation(pixels) for _ in range(args.classes)] for _ in range(args.orders)])
    with tempfile.TemporaryDirectory() as folder:
        model, data = pathlib.Path(folder, "model.onnx"), pathlib.Path(folder, "data.npz")
        torch.onnx.export(network, (torch.zeros(1, 1, 22, 22),), str(model), input_names=["input"], dynamo=False,
                          dynamic_axes={"input": {0: "batch"}})
        np.savez(data, x=x, y=y, pixels=pixels, orders=orders)
        said = subprocess.run([args.limbic, "bench", "explain", "--json", "--onnx", model, "--data", data, "--attributed",
                               str(args.attributed)], check=True, capture_output=True, text=True, env={
                                   **__import__("os").environ, "RAYON_NUM_THREADS": str(args.threads)})
    ours = json.loads(said.stdout)
    windows = torch.from_numpy(x.reshape(n, 1, 22, 22))
    explainer = IntegratedGradients(network)
    explainer.attribute(windows[:1], target=1, n_steps=8)
    with Cost() as ig:
        explainer.attribute(windows[:args.attributed], target=1, n_steps=64, method="riemann_middle", internal_batch_size=256)
    theirs = {"audc": [], "auic": []}
    with Cost() as qt, torch.no_grad():
        for name, insert in (("audc", False), ("auic", True)):
            for order in orders:
                theirs[name].append([curve(network, windows[y == c], c, order[c], insert) for c in range(args.classes)])
    cost = {c["what"].split(",")[0].split(" ")[0]: c for c in ours["costs"]}
    mine = {k: sum(cost[m][k] for m in ("Deletion", "Insertion")) for k in ("wall_s", "cpu_s")}
    # A class without windows has no curve.
    worst = max(np.abs(np.nan_to_num(theirs[k]) - np.array(ours[k])).max() for k in theirs)
    print(f"{n} windows ({args.share:.0%} of {args.windows}), {args.orders} orders x {args.classes} classes, {args.threads} threads")
    print(f"IG, 64 steps, {args.attributed} windows: captum {ig.wall:.2f} s ({ig.cpu:.2f} s CPU), "
          f"limbic {cost['IG']['wall_s']:.2f} s ({cost['IG']['cpu_s']:.2f} s CPU): "
          f"{ig.wall / cost['IG']['wall_s']:.2f} times (CPU {ig.cpu / cost['IG']['cpu_s']:.2f})")
    print(f"deletion and insertion: PyTorch {qt.wall:.1f} s ({qt.cpu:.1f} s CPU), limbic {mine['wall_s']:.1f} s "
          f"({mine['cpu_s']:.1f} s CPU): {qt.wall / mine['wall_s']:.1f} times (CPU {qt.cpu / mine['cpu_s']:.1f})")
    print(f"largest difference between areas: {worst:.1e}")


if __name__ == "__main__":
    main()
