"""R peaks, HRV series and SPWVD: limbic beside NeuroKit2 and SciPy, on five minutes of MIT-BIH record 100, one thread.

    pip install neurokit2 && python tests/bench_heart.py ../shared/data/ecg

Both sides read the same samples; each figure is the best of several runs. NeuroKit2 has no SPWVD with this kernel, so
that the same formula written in NumPy and SciPy stands beside ours, and NeuroKit2's own `pwvd` for comparison.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import subprocess
import sys
import time

import neurokit2 as nk
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import hilbert

RATE = 360


def record(folder):
    """Lead MLII of record 100 in mV (format 212: two samples of twelve bits in three bytes)."""
    raw = np.fromfile(os.path.join(folder, "100.dat"), dtype=np.uint8)[: 300 * RATE * 3].reshape(-1, 3).astype(int)
    first = raw[:, 0] | (raw[:, 1] & 0x0F) << 8
    return (np.where(first >= 2048, first - 4096, first) - 1024) / 200.0


def best(work, runs=5):
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begin)
    return min(times), result


def peaks(ecg):
    return nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=RATE), sampling_rate=RATE)[1]["ECG_R_Peaks"]


def series(beats):
    stamps = beats[1:]
    grid = np.arange(np.ceil(stamps[0] * 4), np.floor(stamps[-1] * 4) + 1) / 4
    return CubicSpline(stamps, np.diff(beats))(grid)


def spwvd(x, rate=4.0, tau=61.44, nu=0.06, power=0.3, bins=1024):
    n = len(x)
    z = hilbert(x - x.mean())
    bins = max(bins, 1 << (n - 1).bit_length())
    half = (n - 1) // 2
    lags = np.arange(-half, half + 1)
    at = np.arange(n)[:, None]
    ahead, behind = at + lags, at - lags
    inside = (ahead >= 0) & (ahead < n) & (behind >= 0) & (behind < n)
    table = np.where(inside, z[ahead.clip(0, n - 1)] * z[behind.clip(0, n - 1)].conj(), 0)
    shift = np.fft.fftfreq(n, 1 / rate)[:, None]
    kernel = np.exp(-np.pi * ((2 * lags / rate / tau) ** 2 + (shift / nu) ** 2) ** (2 * power))
    table = np.fft.ifft(np.fft.fft(table, axis=0) * kernel, axis=0)
    padded = np.zeros((n, bins), complex)
    padded[:, lags % bins] = table
    return np.fft.fft(padded, axis=1).real[:, : bins // 4].T / rate


def main(folder):
    ecg = record(folder)
    command = ["cargo", "test", "--release", "--test", "heart", "--", "--ignored", "--nocapture", "speed"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    ours = {line.split()[1]: float(line.split()[2]) for line in run.stdout.splitlines() if line.startswith("TIME ")}
    theirs = {}
    theirs["r_peaks"], found = best(lambda: peaks(ecg))
    beats = np.asarray(found) / RATE
    theirs["hrv"], intervals = best(lambda: series(beats), 20)
    theirs["spwvd"], _ = best(lambda: spwvd(intervals), 3)
    pwvd, _ = best(lambda: nk.signal_timefrequency(intervals, 4, max_frequency=0.5, method="pwvd", show=False), 1)
    print(f"five minutes of ECG at {RATE} Hz, {len(beats)} beats; one thread; ms, best of several runs")
    print(f"{'':12}{'limbic':>10}{'NeuroKit2/SciPy':>18}{'times':>9}")
    for step in ("r_peaks", "hrv", "spwvd"):
        print(f"{step:12}{1e3 * ours[step]:10.2f}{1e3 * theirs[step]:18.2f}{theirs[step] / ours[step]:9.1f}")
    mine, yours = (sum(times[s] for s in ("r_peaks", "hrv", "spwvd")) for times in (ours, theirs))
    print(f"{'together':12}{1e3 * mine:10.2f}{1e3 * yours:18.2f}{yours / mine:9.1f}")
    print(f"not compared: limbic's beat correction {1e3 * ours['correction']:.1f} ms; NeuroKit2's pwvd {1e3 * pwvd:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/ecg")
