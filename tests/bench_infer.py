"""Python's onnxruntime beside limbic on the same InceptionV3 file: the same batch, the same threads, by turns, each in a
process of its own (how memory falls out in a process makes several per cent).

Usage: python3 tests/bench_infer.py limbic/binary model.onnx [turns]
Needs numpy and onnxruntime (of the version that limbic runs). Prints the median of each and their ratio.
"""

import json
import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime

EACH = 6


def python_ms(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pictures = numpy.random.default_rng(0).random((28, 3, 229, 229), dtype=numpy.float32)
    session.run(None, {name: pictures})
    each = []
    for _ in range(EACH):
        begun = time.perf_counter()
        session.run(None, {name: pictures})
        each.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(each)


def output_of(command):
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    if sys.argv[1] == "--python":
        print(python_ms(sys.argv[2]))
        return
    binary, model = sys.argv[1], sys.argv[2]
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    python, limbic = [], []
    for _ in range(turns):
        python.append(output_of([sys.executable, __file__, "--python", model]))
        told = output_of([binary, "bench", "predict", "--model", model, "--epochs", str(EACH), "--json"])
        limbic.append(told["stages_ms"]["network"])
    turns_ms = [[round(a), round(b)] for a, b in zip(python, limbic)]
    a, b = statistics.median(python), statistics.median(limbic)
    print(json.dumps({"python_ms": a, "limbic_ms": b, "ratio": b / a, "turns_ms": turns_ms,
                      "onnxruntime": onnxruntime.__version__}))


main()
