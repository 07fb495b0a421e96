#!/usr/bin/env python3
"""limbic's networks before onnx.checker and ONNX Runtime. Needs onnx, onnxruntime and numpy.

    LIMBIC_NETWORKS=FOLDER cargo test --release --test networks && python3 tests/check_networks.py FOLDER
"""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    for path in paths:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        shape = [d if isinstance(d, int) else -1 for d in session.get_inputs()[0].shape]
        x = np.fromfile(path.with_suffix(".x"), np.float32).reshape(shape)
        ours = np.fromfile(path.with_suffix(".logits"), np.float32).reshape(len(x), -1)
        together = session.run(None, {"input": x})[0]
        alone = np.concatenate([session.run(None, {"input": x[i:i + 1]})[0] for i in range(len(x))])
        off, off_alone = np.abs(together - ours).max(), np.abs(alone - together).max()
        operators = sorted({node.op_type for node in model.graph.node})
        print(f"{path.stem}: checker ok, {off:.1e} from limbic, {off_alone:.1e} alone; {' '.join(operators)}")
        assert off < 1e-4 and off_alone < 1e-5, path
    assert len(paths) == 6, paths


if __name__ == "__main__":
    main()
