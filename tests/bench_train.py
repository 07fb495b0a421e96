#!/usr/bin/env python3
"""PyTorch beside `limbic bench train`: seed A's CNN, the same batch, optimiser and number of samples, back to back.

Needs torch and numpy. Wall time on a busy machine says little; CPU seconds a sample are printed too.

    python3 tests/bench_train.py target/release/limbic --batch 64 --samples 512 --rounds 3 --threads 1 2
"""
import argparse
import json
import os
import resource
import subprocess
import time

import torch
from torch import nn


def network():
    return nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(),
                         nn.Dropout(0.2), nn.Linear(64 * 484, 512), nn.ReLU(), nn.Linear(512, 9))


def train(model, optimiser, x, y, batch):
    for start in range(0, len(x), batch):
        optimiser.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x[start:start + batch]), y[start:start + batch]).backward()
        optimiser.step()


def theirs(batch, samples):
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    x, y = torch.randn(samples, 1, 22, 22), torch.randint(0, 9, (samples,))
    train(model, optimiser, x[:2 * batch], y[:2 * batch], batch)
    wall, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    train(model, optimiser, x, y, batch)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - wall, after.ru_utime - used.ru_utime + after.ru_stime - used.ru_stime


def ours(limbic, batch, samples, threads):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
    command = [limbic, "bench", "train", "--network", "seed-a-cnn", "--batch", str(batch), "--samples", str(samples), "--json"]
    cost = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)[0]
    return cost["wall_s"], cost["cpu_s"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("limbic")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    args.samples -= args.samples % args.batch
    print(f"torch {torch.__version__}; load {os.getloadavg()[0]:.1f}")
    for threads in args.threads:
        torch.set_num_threads(threads)
        for _ in range(args.rounds):
            for name, (wall, cpu) in [("limbic", ours(args.limbic, args.batch, args.samples, threads)),
                                      ("torch", theirs(args.batch, args.samples))]:
                print(f"{name:6} {threads} threads, batch {args.batch}: {args.samples / wall:6.0f} samples/s, "
                      f"{args.samples / cpu:6.0f} a CPU second", flush=True)


if __name__ == "__main__":
    main()
