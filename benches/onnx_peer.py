"""Times onnxruntime on the same weights, the way a team would set it up for speed, and prints JSON for `neuvo bench embed --peer FILE`.

The graph is written in onnxruntime's fused operators (Attention, SkipLayerNormalization, BiasGelu), which is what its BERT optimiser makes
of an exported model, and then quantised to int8 dynamically, per channel. One thread.

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install onnx onnxruntime numpy sympy
    neuvo models export /tmp/e5
    /tmp/peer/bin/python benches/onnx_peer.py /tmp/e5 > peer.json
"""

import json
import struct
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

LENGTHS = [12, 38, 120]
ROUNDS = 60


def read_safetensors(path):
    data = path.read_bytes()
    (header_len,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_len])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        numbers = np.frombuffer(data[8 + header_len + start : 8 + header_len + end], dtype=np.float32)
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def build(folder):
    config = json.loads((folder / "config.json").read_text())
    weights = read_safetensors(folder / "model.safetensors")
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    nodes, constants = [], []

    def constant(name, numbers):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def node(kind, inputs, output, domain="com.microsoft", **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def norm(name, x, skip, bias, output):
        scale, shift = (constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return node("SkipLayerNormalization", [x, skip, scale, shift, bias], output, epsilon=epsilon)

    hidden = config["hidden_size"]
    words = constant("words", weights["embeddings.word_embeddings.weight"])
    rows = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    x = node("Gather", [words, "ids"], "word", domain="")
    p = node("Gather", [constant("rows", rows), "positions"], "position", domain="")
    x = norm("embeddings.LayerNorm", x, p, constant("no_bias", np.zeros(hidden, np.float32)), "x")
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}"
        parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        qkv = constant(f"{layer}.qkv", np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1))
        bias = constant(f"{layer}.qkv.bias", np.concatenate([weights[f"{part}.bias"] for part in parts]))

        def matmul(part, x):
            matrix = constant(f"{layer}.{part}.weight", weights[f"{layer}.{part}.weight"].T)
            product = node("MatMul", [x, matrix], f"{layer}.{part}", domain="")
            return product, constant(f"{layer}.{part}.bias", weights[f"{layer}.{part}.bias"])

        mixed = node("Attention", [x, qkv, bias], f"{layer}.mixed", num_heads=heads)
        product, bias = matmul("attention.output.dense", mixed)
        x = norm(f"{layer}.attention.output.LayerNorm", product, x, bias, f"{layer}.x1")
        product, bias = matmul("intermediate.dense", x)
        wide = node("BiasGelu", [product, bias], f"{layer}.wide")
        product, bias = matmul("output.dense", wide)
        x = norm(f"{layer}.output.LayerNorm", product, x, bias, f"{layer}.x2")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in ("ids", "positions")]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, "n", hidden])
    graph = helper.make_graph(nodes, "bert", inputs, [output], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def embed(model, ids):
    inputs = {"ids": ids[None], "positions": np.arange(len(ids), dtype=np.int64)[None]}
    mean = model.run(None, inputs)[0][0].mean(axis=0)
    return mean / np.linalg.norm(mean)


def main():
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        plain, quantised = Path(scratch) / "f32.onnx", Path(scratch) / "int8.onnx"
        onnx.save(build(folder), str(plain))
        quantize_dynamic(plain, quantised, op_types_to_quantize=["MatMul", "Attention"], per_channel=True, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": TensorProto.FLOAT})
        exact, model = session(plain), session(quantised)
        texts = [np.array([0] + [1_000 + 37 * k for k in range(n - 2)] + [2], dtype=np.int64) for n in LENGTHS]
        cosine = min(float(embed(exact, ids) @ embed(model, ids)) for ids in texts)
        times = [[] for _ in texts]
        for _ in range(ROUNDS):
            for ids, of in zip(texts, times):
                start = time.perf_counter()
                embed(model, ids)
                of.append((time.perf_counter() - start) * 1e3)
    least = [min(of) for of in times]
    median = [sorted(of)[len(of) // 2] for of in times]
    figures = {
        "engine": f"onnxruntime {ort.__version__} int8, fused",
        "least_ms": least,
        "median_ms": median,
        "passages_1": 1e3 / least[2],
        "passages_all": None,
        "cosine": cosine,
    }
    json.dump(figures, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
