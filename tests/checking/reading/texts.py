"""Texts that people paste, each with the claims that it makes, worked out by hand."""

# ruff: noqa: E501
CASES = {}  # name: (text, [claims], [beginnings of notes])

# --- what others published, retold in numbers ---

CASES["clip and round"] = (
    r"""# Affine, as the field writes it
$$W = \begin{bmatrix} 2.09 & -0.98 & 1.48 \\ 0.05 & -0.14 & -1.08 \end{bmatrix}$$
With scale $S = 1.07$ and zero point $Z = -1$, $q = \mathrm{clip}(\mathrm{round}(W/S) + Z, -2, 1)$, 2 bits, 4 quantization levels:
$$Q(W) = \begin{bmatrix} 1 & -2 & 0 \\ -1 & -1 & -2 \end{bmatrix}$$
$$\hat{W} = S (Q(W) - Z) = \begin{bmatrix} 2.14 & -1.07 & 1.07 \\ 0 & 0 & -1.07 \end{bmatrix}$$
""",
    [
        {
            "kind": "affine",
            "name": "W",
            "x": [["2.09", "-0.98", "1.48"], ["0.05", "-0.14", "-1.08"]],
            "scale": "1.07",
            "zero_point": "-1",
            "qmin": -2,
            "qmax": 1,
            "bits": 2,
            "printed": {
                "codes": [["1", "-2", "0"], ["-1", "-1", "-2"]],
                "decoded": [["2.14", "-1.07", "1.07"], ["0", "0", "-1.07"]],
            },
        }
    ],
    [],
)

CASES["saturating"] = (
    r"""We use 256 quantization levels, $q = \mathrm{clip}(\mathrm{round}(x/S) + Z, 0, 255)$ with $S = 3.5$ and $Z = 58$.
$$W = \begin{bmatrix} 191.6 & -13.5 & 728.6 \end{bmatrix}$$
$$Q(W) = \begin{bmatrix} 113 & 54 & 255 \end{bmatrix}$$
$$\hat{W} = S(Q(W) - Z) = \begin{bmatrix} 192.5 & -14.0 & 689.5 \end{bmatrix}$$
""",
    [
        {
            "kind": "affine",
            "name": "W",
            "x": [["191.6", "-13.5", "728.6"]],
            "scale": "3.5",
            "zero_point": "58",
            "qmin": 0,
            "qmax": 255,
            "bits": 8,
            "printed": {
                "codes": [["113", "54", "255"]],
                "decoded": [["192.5", "-14.0", "689.5"]],
            },
        }
    ],
    [],
)

CASES["ties even"] = (
    r"""We use 256 quantization levels. Scale 2, zero point 1, ties to even: $q = \mathrm{round}(x/2) + 1$.
$$W = \begin{bmatrix} 1 & 3 & 5 & 7 \end{bmatrix}$$
$$Q(W) = \begin{bmatrix} 1 & 3 & 3 & 5 \end{bmatrix}$$
""",
    [
        {
            "kind": "affine",
            "name": "W",
            "x": [["1", "3", "5", "7"]],
            "scale": "2",
            "zero_point": "1",
            "bits": 8,
            "printed": {"codes": [["1", "3", "3", "5"]]},
        }
    ],
    [],
)

CASES["table and fences"] = (
    """# INT4 by hand
Tensor `[-1.5, 0.3, 0.7, 1.2]`, 4 bits (0 to 15).

```
scale = 2.7 / 15
scale = 0.18
zero_point = round(1.5 / 0.18) = 8
q(-1.5) = clamp(round(-1.5 / 0.18 + 8), 0, 15) = 0
```

**Quantized tensor: `[0, 10, 12, 15]`**

| Original | Quantized | Dequantized |
|:--------:|:---------:|:-----------:|
| -1.500   | 0         | -1.440      |
|  0.300   | 10        |  0.360      |
|  0.700   | 12        |  0.720      |
|  1.200   | 15        |  1.260      |
""",
    [
        {
            "kind": "affine",
            "name": "line 11: x",
            "x": ["-1.5", "0.3", "0.7", "1.2"],
            "qmin": 0,
            "qmax": 15,
            "bits": 4,
            "printed": {  # 2.7 is the range of the values: this scale is computed from them
                "scale": "0.18",
                "zero_point": "8",
                "codes": ["0", "10", "12", "15"],
                "decoded": ["-1.440", "0.360", "0.720", "1.260"],
            },
        },
        {
            "kind": "arithmetic",
            "name": "line 5: scale",
            "expression": "2.7 / 15",
            "printed": "0.18",
        },
        {
            "kind": "arithmetic",
            "name": "line 7: zero_point",
            "expression": "round(1.5 / 0.18)",
            "printed": "8",
        },
        {
            "kind": "arithmetic",
            "name": "line 8: q(-1.5)",
            "expression": "clamp(round(-1.5 / 0.18 + 8), 0, 15)",
            "printed": "0",
        },
    ],
    [],
)

INT8 = {
    "x": ["-1.2", "0.0", "0.35", "2.4"],
    "scale": "0.0141",
    "zero_point": "-43",
    "bits": 8,
    "signed": True,
}
CODES = ["-128", "-43", "-18", "127"]

CASES["prints"] = (
    """# A print

x is `[-1.2, 0.0, 0.35, 2.4]`, quantized to int8 with scale 0.0141 and zero point -43.

    >>> q
    tensor([-128,  -43,  -18,  127], dtype=torch.int8)
    >>> dequantized
    array([-1.1985,  0.    ,  0.3525,  2.397 ], dtype=float32)
""",
    [
        {
            "kind": "affine",
            "name": "line 6: x",
            **INT8,
            "printed": {"codes": CODES, "decoded": ["-1.1985", "0.", "0.3525", "2.397"]},
        }
    ],
    [],
)

CASES["a fence is code"] = (
    r"""# Do not do this

```
Q(W) = \begin{bmatrix} 0 & 9 \end{bmatrix}   # wrong on purpose
```

With $Q(x) = \lfloor x \times W + B \rfloor \bmod P$ and 8 quantization levels:

$$W = \begin{bmatrix} 0.1 & 0.2 \end{bmatrix}$$

$$Q(W) = \begin{bmatrix} 0 & 1 \end{bmatrix}$$
""",
    [{"kind": "solve", "name": "Q(W)", "x": [["0.1", "0.2"]], "printed": [["0", "1"]]}],
    ["line 4: the block between fences that begins here was not read"],
)

# --- our own, one of each kind ---

CASES["Chinese"] = (
    r"""# 量化示例

权重 `[-1.2, 0.0, 0.35, 2.4]`，采用8位有符号整数量化，缩放因子 $S = 0.0141$，零点 $Z = −43$：

$$q = \text{clip}\left(\left\lfloor \frac{x}{S} \right\rceil + Z, -128, 127\right)$$

量化后的结果为 `[-128, -43, -18, 127]`。

反量化得到 `[-1.1985, 0.0, 0.3525, 2.397]`。
""",
    [
        {
            "kind": "affine",
            "name": "line 7: 权重",
            "x": INT8["x"],
            "scale": "0.0141",
            "zero_point": "-43",
            "qmin": -128,
            "qmax": 127,
            "bits": 8,
            "printed": {"codes": CODES, "decoded": ["-1.1985", "0.0", "0.3525", "2.397"]},
        }
    ],
    [],
)

CASES["Chinese levels"] = (
    """我们使用量化级别为8的量化方法。

| 原始值 | 量化值 |
|---|---|
| 0.1 | 0 |
| 0.2 | 1 |
""",
    [{"kind": "solve", "name": "Q(x)", "x": ["0.1", "0.2"], "printed": ["0", "1"]}],
    [],
)

CASES["PyTorch session"] = (
    """```python
>>> import torch
>>> x = torch.tensor([-1.2, 0.0,
...                   0.35, 2.4])
>>> q = torch.quantize_per_tensor(x, 0.0141, -43, torch.qint8)
>>> q
tensor([-1.1985,  0.0000,  0.3525,  2.3970], size=(4,), dtype=torch.qint8,
       quantization_scheme=torch.per_tensor_affine, scale=0.0141, zero_point=-43)
>>> q.int_repr()
tensor([-128,  -43,  -18,  127], dtype=torch.int8)
```
""",
    [
        {
            "kind": "affine",
            "name": "line 10: x",
            **INT8,
            "printed": {"codes": CODES, "decoded": ["-1.1985", "0.0000", "0.3525", "2.3970"]},
        }
    ],
    [],
)

CASES["NumPy in two axes"] = (
    """The weights are

    [[-1.5  0.3]
     [ 0.7  1.2]]

and with scale 0.18 and zero point 8 (uint4, codes 0 to 15) the quantized weights are

    [[ 0 10]
     [12 15]]

Dequantized:

    [[-1.44  0.36]
     [ 0.72  1.26]]
""",
    [
        {
            "kind": "affine",
            "name": "line 8: x",
            "x": [["-1.5", "0.3"], ["0.7", "1.2"]],
            "scale": "0.18",
            "zero_point": "8",
            "qmin": 0,
            "qmax": 15,
            "bits": 4,
            "printed": {
                "codes": [["0", "10"], ["12", "15"]],
                "decoded": [["-1.44", "0.36"], ["0.72", "1.26"]],
            },
        }
    ],
    [],
)

CASES["a table without outer pipes"] = (
    """Scale = 0.5, zero point = 8, unsigned, in the range [0, 15].

x | q | x_hat
--:|:-:|---
−0.5 | 7 | -0.50
0.3 | 9 | 0.5
""",
    [
        {
            "kind": "affine",
            "name": "line 3: table",
            "x": ["-0.5", "0.3"],
            "scale": "0.5",
            "zero_point": "8",
            "qmin": 0,
            "qmax": 15,
            "printed": {"codes": ["7", "9"], "decoded": ["-0.50", "0.5"]},
        }
    ],
    [],
)

CASES["Windows"] = (
    "x | q\r\n--|--\r\n0.5 | 1\r\n1.0 | 2\r\n\r\nscale 0.5, zero point 0\r\n",
    [
        {
            "kind": "affine",
            "name": "line 1: table",
            "x": ["0.5", "1.0"],
            "scale": "0.5",
            "zero_point": "0",
            "printed": {"codes": ["1", "2"]},
        }
    ],
    [],
)

CASES["no formula"] = (
    "Original:  [-1.2, 0.35, 2.4]\nQuantized: [-128, -18, 127]\n",
    [
        {
            "kind": "affine",
            "name": "line 2: x",
            "x": ["-1.2", "0.35", "2.4"],
            "printed": {"codes": ["-128", "-18", "127"]},
        }
    ],
    [],
)

CASES["nothing is named"] = (
    "[-1.2, 0.35]\n[-128, -18]\nscale = 0.0141, zero_point = -43\n",
    [
        {
            "kind": "affine",
            "name": "line 2: x",
            "x": ["-1.2", "0.35"],
            "scale": "0.0141",
            "zero_point": "-43",
            "printed": {"codes": ["-128", "-18"]},
        }
    ],
    ["line 1: the list [-1.2, 0.35] was taken for the values", "line 2: the list [-128, -18] was"],
)

CASES["a scale is what is printed"] = (
    "For x = [3.0, -5.5, 6.0, -6.0] in int8 (asymmetric) the scale is 0.0470588 and the zero point "
    "is 0.",
    [
        {
            "kind": "affine",
            "name": "line 1: x",
            "x": ["3.0", "-5.5", "6.0", "-6.0"],
            "bits": 8,
            "signed": True,
            "symmetric": False,
            "printed": {"scale": "0.0470588", "zero_point": "0"},
        }
    ],
    [],
)

CASES["no values"] = (
    "int8, scale 0.0009, zero point 0.\n\nq = [-89, 7]\ndequantized = [-0.0801, 0.0063]\n",
    [
        {
            "kind": "affine_dequantize",
            "name": "line 3: x",
            "q": ["-89", "7"],
            "zero_point": "0",
            "scale": "0.0009",
            "qmin": -128,
            "qmax": 127,
            "printed": ["-0.0801", "0.0063"],
        }
    ],
    [],
)

CASES["sections"] = (
    """# Both
x = [-1.2, 2.4]
## Asymmetric
scale = 0.0141, zero point = -43
q = [-128, 127]
## Symmetric
scale = 0.0189, zero point = 0
q = [-63, 127]
""",
    [
        {
            "kind": "affine",
            "name": "line 5: x",
            "x": ["-1.2", "2.4"],
            "scale": "0.0141",
            "zero_point": "-43",
            "symmetric": False,
            "printed": {"codes": ["-128", "127"]},
        },
        {
            "kind": "affine",
            "name": "line 8: x",
            "x": ["-1.2", "2.4"],
            "scale": "0.0189",
            "zero_point": "0",
            "symmetric": True,
            "printed": {"codes": ["-63", "127"]},
        },
    ],
    [],
)

CASES["each tensor has its grid"] = (
    """S_W = 0.5, Z_W = 0, S_x = 0.25, Z_x = 3
W = [0.5, 1.0]
W_q = [1, 2]
x = [0.5, 1.0]
x_q = [5, 7]
""",
    [
        {
            "kind": "affine",
            "name": "line 3: W",
            "x": ["0.5", "1.0"],
            "scale": "0.5",
            "zero_point": "0",
            "printed": {"codes": ["1", "2"]},
        },
        {
            "kind": "affine",
            "name": "line 5: x",
            "x": ["0.5", "1.0"],
            "scale": "0.25",
            "zero_point": "3",
            "printed": {"codes": ["5", "7"]},
        },
    ],
    [],
)

CASES["two scales"] = (
    "The scale is 0.5.\nAnother one: scale = 0.25.\n\nx = [0.5, 1.0]\nq = [1, 2]\n",
    [
        {
            "kind": "affine",
            "name": "line 5: x",
            "x": ["0.5", "1.0"],
            "printed": {"codes": ["1", "2"]},
        }
    ],
    ["line 1 and line 2: 2 values of the scale are stated (0.5, 0.25), and none of them is used."],
)

CASES["arithmetic over lines"] = (
    r"""```
scale = (max - min) / (2^4 - 1)
      = (1.2 - (-1.5)) / 15
      = 0.18
```
$$ Z = \left\lfloor \frac{1.5}{0.18} \right\rceil = 8 $$
1. q = round(0.3/0.18) + 8 = 10, 1.5/0.18 = 8.333 ≈ 8
2. 10/3 = 3.333...
""",
    [
        {
            "kind": "arithmetic",
            "name": "line 2: scale",
            "expression": "(1.2 - (-1.5)) / 15",
            "printed": "0.18",
        },
        {
            "kind": "arithmetic",
            "name": "line 6: Z",
            "expression": "round( ((1.5)/(0.18)) )",
            "printed": "8",
        },
        {
            "kind": "arithmetic",
            "name": "line 7: q",
            "expression": "round(0.3/0.18) + 8",
            "printed": "10",
        },
        {
            "kind": "arithmetic",
            "name": "line 7",
            "expression": "1.5/0.18",
            "printed": "8.333",
        },
    ],
    ["line 8: 10/3 = 3.333… was not read"],
)

CASES["a fence of prints"] = (
    """```
Original:  [-1.5  0.3]
Quantized: [ 0 10]
Scale: 0.18
Zero point: 8
```
4-bit, unsigned.
""",
    [
        {
            "kind": "affine",
            "name": "line 3: x",
            "x": ["-1.5", "0.3"],
            "scale": "0.18",
            "zero_point": "8",
            "bits": 4,
            "signed": False,
            "printed": {"codes": ["0", "10"]},
        }
    ],
    [],
)

CASES["programs"] = (
    """```python
q = [7, 7]
```

```
for v in x:
    q.append(round(v))
```

~~~
print(q)
~~~

```
q = [9, 9]
Step one: divide
```

x = [0.5, 1.0], q = [1, 2] with scale 0.5 and zero point 0; as in [1] and [2, 3]
""",
    [
        {
            "kind": "affine",
            "name": "line 19: x",
            "x": ["0.5", "1.0"],
            "scale": "0.5",
            "zero_point": "0",
            "printed": {"codes": ["1", "2"]},
        }
    ],
    [
        "line 2: the code that begins here was not read: it is a program.",
        "line 6: the code that begins here was not read: it is a program.",
        "line 11: the code that begins here was not read: it is a program.",
        "line 15: the block between fences that begins here was not read",
        "line 19: the list [2, 3] was not read",
    ],
)

# --- grids that are no affine ones, scales for each row, errors in words ---

CASES["FP8"] = (
    """# FP8
We cast x = [0.3, 1.7, -2.6, 500.0] to FP8 E4M3. The dequantized values are [0.3125, 1.75, -2.5, 448.0].
""",
    [
        {
            "kind": "grid",
            "name": "line 2: x",
            "x": ["0.3", "1.7", "-2.6", "500.0"],
            "format": "fp8_e4m3",
            "printed": ["0.3125", "1.75", "-2.5", "448.0"],
        }
    ],
    [],
)

CASES["quantized to NF4"] = (
    """NF4 with a scale of 2.0.

| x | quantized |
|---|---|
| 1.0 | 0.8814 |
| -2.0 | -2.0 |
""",
    [
        {
            "kind": "grid",
            "name": "line 3: table",
            "x": ["1.0", "-2.0"],
            "format": "nf4",
            "scale": "2.0",
            "printed": ["0.8814", "-2.0"],
        }
    ],
    [],
)

CASES["some FP8"] = (
    """x = [0.3, 1.7] in FP8 becomes x_hat = [0.3125, 1.75].
""",
    [
        {
            "kind": "unread",
            "name": "line 1: x",
            "printed": ["0.3125", "1.75"],
            "why": "The text does not say which FP8 this is, E4M3 or E5M2",
        }
    ],
    [],
)

CASES["FP8 in passing"] = (
    """FP8 (E4M3) is newer. Here scale 0.5 and zero point 0, int8: x = [0.6, 1.7], q = [1, 3].
""",
    [
        {
            "kind": "affine",
            "name": "line 1: x",
            "x": ["0.6", "1.7"],
            "scale": "0.5",
            "zero_point": "0",
            "bits": 8,
            "signed": True,
            "printed": {"codes": ["1", "3"]},
        }
    ],
    [],
)

CASES["scales of the rows"] = (
    """Per-channel, int8.

W = [[0.5, -1.0], [2.0, 4.0], [0.1, 0.3]]

scales = [0.01, 0.05, 0.005], zero points = [0, 1, 2]

q = [[50, -100], [41, 81], [22, 62]]
""",
    [
        {
            "kind": "affine",
            "name": "line 7: W",
            "x": [["0.5", "-1.0"], ["2.0", "4.0"], ["0.1", "0.3"]],
            "scale": ["0.01", "0.05", "0.005"],
            "zero_point": ["0", "1", "2"],
            "axis": 0,
            "bits": 8,
            "signed": True,
            "printed": {"codes": [["50", "-100"], ["41", "81"], ["22", "62"]]},
        }
    ],
    [],
)

CASES["scales that fit no axis"] = (
    """W = [[0.5, -1.0], [2.0, 4.0], [0.1, 0.3]]

The scales per group are [0.01, 0.05, 0.005, 0.1].

q = [[50, -100], [40, 80], [20, 60]]
""",
    [
        {
            "kind": "unread",
            "name": "line 5: W",
            "printed": [["50", "-100"], ["40", "80"], ["20", "60"]],
            "why": "The text states 4 scales, which do not fit these numbers",
        }
    ],
    [],
)

CASES["errors in words"] = (
    """x = [0.52, 1.03], scale 0.1, zero point 0, int8

q = [5, 10]

dequantized = [0.5, 1.0]

The MSE is 0.00065, the maximum error is 0.03.
""",
    [
        {
            "kind": "affine",
            "name": "line 3: x",
            "x": ["0.52", "1.03"],
            "scale": "0.1",
            "zero_point": "0",
            "bits": 8,
            "signed": True,
            "printed": {
                "codes": ["5", "10"],
                "decoded": ["0.5", "1.0"],
                "mse": "0.00065",
                "max_error": "0.03",
            },
        }
    ],
    [],
)
