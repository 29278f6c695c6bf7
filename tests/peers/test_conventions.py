"""Every convention whose library exists, against the library itself (tests/peers/requirements.txt).

Each tensor is float32: random ones, ones with many ties and even or odd zero points, ones of one
sign, of all zeros and of very small numbers.
"""

from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.ao.quantization import FakeQuantize, MinMaxObserver
from torch.ao.quantization.fx import _decomposed  # noqa: F401  (registers quantized_decomposed)

from refnn.quantization import conventions_rules as rules
from refnn.quantization.conventions import CONVENTIONS

pytestmark = pytest.mark.filterwarnings("ignore")
BY_NAME = {c.name: c for c in CONVENTIONS}


def tensors(rng):
    for n in (2, 3, 17, 64, 1000):
        for scale in (1e-3, 1.0, 1e4):
            yield rng.normal(0, scale, n)
            yield np.abs(rng.normal(0, scale, n))
            yield -np.abs(rng.normal(0, scale, n))
    for zero_point in (0, 1, 2, 7, 100, 101, 127, 128, 254, 255):  # scale 1 or 1/4, ties everywhere
        for step in (1, 0.25):
            inner = np.arange(-zero_point, 255 - zero_point) + 0.5
            yield step * np.array([-zero_point, 255 - zero_point, *inner])
            yield step * (np.array([-zero_point - 0.5, 254.5 - zero_point, *inner[:9]]))
            yield step * (np.array([-zero_point / 2 - 0.25, 63.5 - zero_point / 2, *inner[:5] / 2]))
    yield np.zeros(3)
    yield np.array([1e-9, -1e-10])
    yield np.array([5.0, 5.0])


@pytest.fixture
def xs(rng):
    return [np.float32(x) for x in tensors(rng)]


def observed(x, dtype, scheme, reduced, **options):
    observer = MinMaxObserver(dtype=dtype, qscheme=scheme, reduce_range=reduced, **options)
    observer(torch.from_numpy(x))
    scale, zero_point = observer.calculate_qparams()
    return scale.item(), zero_point.item(), observer.quant_min, observer.quant_max


def per_tensor(x, dtype, scheme, reduced):
    scale, zero_point, *_ = observed(x, dtype, scheme, reduced)
    q = torch.quantize_per_tensor(torch.from_numpy(x), scale, zero_point, dtype)
    return scale, zero_point, q.int_repr().numpy(), q.dequantize().numpy()


def fake(x, dtype, scheme, reduced):
    scale, zero_point, low, high = observed(x, dtype, scheme, reduced)
    kind = torch.uint8 if low == 0 else torch.int8
    quantize = torch.ops.quantized_decomposed.quantize_per_tensor  # PT2E
    q = quantize(torch.from_numpy(x), scale, zero_point, low, high, kind).numpy()
    ends = (0, 255) if low == 0 else (-128, 127)
    module = FakeQuantize(MinMaxObserver, *ends, dtype=dtype, qscheme=scheme, reduce_range=reduced)
    decoded = module(torch.from_numpy(x)).numpy()
    assert module.scale.item() == scale and module.zero_point.item() == zero_point
    return scale, zero_point, q, decoded


AFFINE, SYMMETRIC = torch.per_tensor_affine, torch.per_tensor_symmetric
TORCH = {
    "quantize_per_tensor, quint8": (per_tensor, torch.quint8, AFFINE, False),
    "quantize_per_tensor, qint8": (per_tensor, torch.qint8, AFFINE, False),
    "symmetric, qint8": (per_tensor, torch.qint8, SYMMETRIC, False),
    "symmetric, quint8": (per_tensor, torch.quint8, SYMMETRIC, False),
    "reduce_range, quint8": (per_tensor, torch.quint8, AFFINE, True),
    "reduce_range, qint8": (per_tensor, torch.qint8, AFFINE, True),
    "symmetric reduce_range, qint8": (per_tensor, torch.qint8, SYMMETRIC, True),
    "fake quantization, uint8": (fake, torch.quint8, AFFINE, False),
    "fake quantization, int8": (fake, torch.qint8, AFFINE, False),
    "fake quantization, reduce_range, uint8": (fake, torch.quint8, AFFINE, True),
    "fake quantization, reduce_range, int8": (fake, torch.qint8, AFFINE, True),
    "fake quantization, symmetric reduce_range, int8": (fake, torch.qint8, SYMMETRIC, True),
}


def test_every_convention_of_pytorch_is_here():
    assert {f"PyTorch {name}" for name in TORCH} == {n for n in BY_NAME if n.startswith("PyTorch")}


@pytest.mark.parametrize("name", TORCH)
def test_pytorch(name, xs):
    theirs, *options = TORCH[name]
    for x in xs:
        scale, zero_point, codes, decoded = theirs(x, *options)
        grid = BY_NAME[f"PyTorch {name}"].encode(x, 8)
        assert (float(grid.scale), grid.zero_point) == (scale, zero_point)
        np.testing.assert_array_equal(grid.codes, codes)
        np.testing.assert_array_equal(grid.decoded, decoded)


def test_pytorch_with_four_bits_of_its_own_range(xs):
    """Below 8 bits the middle of an unsigned range is rounded down."""
    for x in xs:
        observer = MinMaxObserver(dtype=torch.quint8, qscheme=SYMMETRIC, quant_min=0, quant_max=15)
        observer(torch.from_numpy(x))
        scale, zero_point = observer.calculate_qparams()
        grid = BY_NAME["PyTorch symmetric, quint8"].encode(x, 4)
        assert (float(grid.scale), grid.zero_point) == (scale.item(), zero_point.item())


def kernels():
    """Each way in which torch quantizes on a given grid: (name, function, the code function)."""

    def int_repr(x, scale, zero_point, make):
        return make(torch.from_numpy(x), scale, zero_point).int_repr().numpy()

    def channels(x, scale, zero_point):
        ones = torch.ones(len(x), dtype=torch.float64)
        made = torch.quantize_per_channel(
            x[:, None], ones * scale, (ones * zero_point).long(), 0, torch.quint8
        )
        return made[:, 0]

    def nibbles(x, scale, zero_point):
        q = torch.quantize_per_tensor(torch.from_numpy(x), scale, zero_point, torch.quint4x2)
        packed = q.int_repr().numpy()
        return np.stack([packed & 15, packed >> 4], 1).ravel()[: len(x)]

    def fake_codes(x, scale, zero_point):
        decoded = torch.fake_quantize_per_tensor_affine(
            torch.from_numpy(x), scale, zero_point, 0, 255
        )
        return np.rint(decoded.numpy().astype(float) / np.float32(scale)) + zero_point

    one = partial(torch.quantize_per_tensor, dtype=torch.quint8)
    yield "per tensor", partial(int_repr, make=one), rules.quantize_per_tensor, 255
    # per channel, the product and the sum are rounded one after the other in float32
    yield "per channel", partial(int_repr, make=channels), rules.per_unit, 255
    yield "quint4x2", nibbles, rules.fake_quantize, 15
    yield "fake", fake_codes, rules.fake_quantize, 255


@pytest.mark.parametrize("kernel", list(kernels()), ids=lambda kernel: kernel[0])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 15, 16, 31, 33, 64, 101, 1000])
def test_ties_of_each_kernel_of_pytorch(kernel, n, rng):
    """Vectorised or not (n above and below the width of a register), the ties are the same."""
    _, theirs, ours, top = kernel
    n += n % 2 if kernel[0] == "quint4x2" else 0
    for _ in range(50):
        scale, zero_point = float(np.float32(rng.uniform(0.01, 3))), int(rng.integers(0, top + 1))
        ties = np.float32(rng.integers(-2, top + 2, n) - zero_point + 0.5)
        for x, s in ((np.float32(ties * scale), scale), (ties, 1.0)):
            np.testing.assert_array_equal(theirs(x, s, zero_point), ours(x, s, zero_point, 0, top))


# --- ONNX Runtime ---------------------------------------------------------------------------------


def session(op, inputs, outputs, version=21):
    types = {np.float32: 1, np.uint8: 2, np.int8: 3}
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, [n for n, *_ in inputs], [n for n, *_ in outputs])],
        "g",
        [value(n, types[t], shape) for n, t, shape in inputs],
        [value(n, types[t], shape) for n, t, shape in outputs],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", version)])
    model.ir_version = 10
    return onnxruntime.InferenceSession(model.SerializeToString())


def test_onnx_dynamic_quantization(xs):
    run = session(
        "DynamicQuantizeLinear",
        [("x", np.float32, [None])],
        [("q", np.uint8, [None]), ("scale", np.float32, []), ("zero_point", np.uint8, [])],
    )
    for x in xs:
        codes, scale, zero_point = run.run(None, {"x": x})
        grid = BY_NAME["ONNX, uint8"].encode(x, 8)
        assert (grid.scale, grid.zero_point) == (scale, zero_point)
        np.testing.assert_array_equal(grid.codes, codes)


@pytest.mark.parametrize(("dtype", "name"), [(np.uint8, "ONNX, uint8"), (np.int8, "ONNX, int8")])
def test_onnx_quantize_linear_and_back(dtype, name, xs):
    number = [("scale", np.float32, []), ("zero_point", dtype, [])]
    there = session("QuantizeLinear", [("x", np.float32, [None]), *number], [("q", dtype, [None])])
    back = session("DequantizeLinear", [("q", dtype, [None]), *number], [("x", np.float32, [None])])
    for x in xs:
        grid = BY_NAME[name].encode(x, 8)
        if not 0.5 < x.max() - x.min() < 1e6:
            continue  # a scale of 1e-12 and the like
        given = {"scale": np.array(grid.scale), "zero_point": np.array(grid.zero_point, dtype)}
        [codes] = there.run(None, {"x": x, **given})
        np.testing.assert_array_equal(grid.codes, codes)
        [decoded] = back.run(None, {"q": codes, **given})
        np.testing.assert_array_equal(grid.decoded, decoded)


# --- what is published as a few lines of PyTorch --------------------------------------------------


def test_the_tutorials_absmax_and_zero_point(xs):
    """M. Labonne's two functions, retold. codes_per_unit rounds before it clips, as they do."""
    for x in xs:
        t = torch.from_numpy(x)
        if t.abs().max() > 0:
            W = 127 / t.abs().max()
            codes = (W * t).round()
            grid = BY_NAME["absmax, codes per unit"].encode(x, 8)
            np.testing.assert_array_equal(grid.codes, codes.numpy())
        width = t.max() - t.min()
        W = 255 / (1 if width == 0 else width)
        zero_point = (-W * t.min() - 128).round()
        codes = torch.clip((t * W + zero_point).round(), -128, 127)
        grid = BY_NAME["zero point, codes per unit"].encode(x, 8)
        assert grid.zero_point == float(zero_point)
        np.testing.assert_array_equal(grid.codes, codes.numpy())


def test_kivis_real_offset(xs):
    """quant/new_pack.py of KIVI, retold: subtract the minimum, divide, clamp, round."""
    for x in xs:
        t = torch.from_numpy(x)
        if t.max() == t.min():
            continue
        scale = (t.max() - t.min()) / 255
        codes = ((t - t.min()) / scale).clamp(0, 255).round()
        grid = BY_NAME["minimum as code 0"].encode(x, 8)
        np.testing.assert_array_equal(grid.codes, codes.numpy())
        np.testing.assert_array_equal(grid.decoded, (codes * scale + t.min()).numpy())
