"""Whatever NumPy prints is read back as the numbers that it printed."""

import numpy as np
import pytest

from refnn.checking.reading import prints
from refnn.checking.reading.lists import flat

SHAPES = [(3,), (1,), (2, 3), (7, 1), (2, 2, 3), (40,), (25, 6)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("form", [str, repr, lambda a: repr(a.tolist())])
def test_what_numpy_prints_is_read(rng, shape, dtype, form):
    a = (rng.normal(scale=30, size=shape)).astype(dtype)
    if dtype == np.float64:
        a *= 10.0 ** rng.integers(-9, 9)
    text = f"q = {form(a)}, and then [see below]."
    [one] = prints.found(text)
    assert one.problem == "" and prints.shape(one.values) == shape
    separated = np.array2string(a, separator=", ") if form in (str, repr) else repr(a.tolist())
    assert np.array_equal(
        np.array(flat(one.values), dtype), np.ravel(eval(separated)).astype(dtype)
    )
    assert text[one.begin :].startswith(form(a)) and text[one.end :].startswith(", and")
    if form is repr and dtype in (np.int8, np.uint8, np.float32):
        assert one.dtype == np.dtype(dtype).name


def test_what_pytorch_and_tensorflow_print_is_read():
    one, two, three = prints.found(
        "tensor([[-1.1985,  0.0000],\n        [ 0.3525,  2.3970]], size=(2, 2), "
        "dtype=torch.qint8,\n"
        "       quantization_scheme=torch.per_tensor_affine, scale=0.0141, zero_point=-43) and\n"
        "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)> and "
        "tensor([1., -2.], device='cuda:0', grad_fn=<MulBackward0>)"
    )
    assert one.values == [["-1.1985", "0.0000"], ["0.3525", "2.3970"]] and one.is_quantized
    assert "scale=0.0141" in one.inside and one.dtype == "qint8"
    assert (two.values, two.dtype) == (["1.", "2."], "float32")
    assert three.values == ["1.", "-2."] and not three.is_quantized


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (str(np.arange(2000)), "leaves out"),
        ("[0.1, …, 0.9]", "leaves out"),
        ("[1, nan]", "holds nan"),
        ("[1 -inf]", "holds -inf"),
        ("[[1, 2], [3]]", "differ in length"),
        ("[[1, 2], 3]", "differ in length"),
        ("[[[1], [2]], [[3], [4, 5]]]", "differ in length"),
        ("[1, 2 3]", "between commas"),
        ("[1,, 2]", "missing"),
        ("[, 1]", "missing"),
        ("[1, 1e999]", "too large"),
        ("[" * 9 + "1" + "]" * 9, "too deeply"),
        ("[[1], []]", "empty"),
    ],
)
def test_a_list_of_bad_form_says_its_problem(text, word):
    [one] = prints.found(f"x = {text}")
    assert one.values == [] and word in one.problem


@pytest.mark.parametrize(
    "text", ["[a]", "[1a]", "[1, b]", "[1](http://x)", "[see 1]", "[]", "[", "]1[", "[1", "[1 - 2]"]
)
def test_what_is_no_list_of_numbers_is_left_alone(text):
    assert prints.found(text) == []


def test_numbers_stay_text():
    [one] = prints.found("[0., -1.440, 1e-3, +.5, −61.0, 1/3, 0.10000000000000000000001]")
    assert one.values == [
        "0.",
        "-1.440",
        "1e-3",
        "+.5",
        "-61.0",
        "1/3",
        "0.10000000000000000000001",
    ]


def test_too_many_lists_are_refused():
    with pytest.raises(ValueError, match="at most 2,000 lists"):
        prints.found("[1] " * 2001)
