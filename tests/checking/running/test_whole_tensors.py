"""A quantizer whose grid comes from its data: right ones are acquitted, in whatever arithmetic, and
wrong ones are shown to be wrong by a small tensor, and named."""

from itertools import count

import numpy as np
import pytest

from checking.running.whole_cases import PUBLISHED, RIGHT, WRONG, rows_only
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.implementation import check
from refnn.checking.running import mistaken, schemes, tensors, whole_tensors
from refnn.quantization.conventions import CONVENTIONS

NAMES = [c.name for c in CONVENTIONS]


def named(report):
    return {b.name for b in report.behaviours}


# --- what is right is acquitted ---


@pytest.mark.parametrize("what", RIGHT)
def test_a_right_one_is_sound_and_named(what):
    function, name = RIGHT[what]
    report = check(function)
    assert report.broken == () and report.behaviours == () and report.grid is None
    assert name in report.found.conventions and report.found.fits


@pytest.mark.parametrize("c", CONVENTIONS, ids=NAMES)
def test_every_convention_is_acquitted_in_both_precisions(c):
    for bits, dtype in ((8, np.float32), (3, np.float64)):
        function = lambda x, b=bits, t=dtype: c.encode(np.asarray(x, t), b).codes  # noqa: E731
        found, properties, slips = whole_tensors.judge(function, "quantize")
        assert found.fits and slips == [] and all(p.held is not False for p in properties)
        own = c.name in found.conventions or "fake quantization" in c.name  # of one bit less
        assert own, (c.name, found.conventions)


def test_no_random_tensor_convicts_a_right_one(rng):
    """150 of the tensors of a seed are drawn anew. Each seed tries half of the functions."""
    seed = int(rng.integers(1, 10**6))
    for what, (function, _) in list(RIGHT.items())[seed % 2 :: 2]:
        if function is not rows_only:
            found, properties, _ = whole_tensors.judge(function, "quantize", seed)
            assert found.fits and all(p.held is not False for p in properties), what


def test_a_scale_with_something_added_has_no_rule_for_ties_and_is_not_convicted():
    [ties] = [p for p in check(RIGHT["an epsilon in the scale"][0]).properties if p.held is None]
    assert "no single rule" in ties.why


# --- what is wrong is shown, and named ---


def shown(function, report):
    """The tensor of a report really gives these codes, and not the right ones."""
    f = report.found
    got = function(np.array(f.x))
    got = got[0] if isinstance(got, tuple) else got
    assert got.tolist() == list(f.gives) != list(f.right)
    [c] = [c for c in CONVENTIONS if c.name == f.conventions[0]]
    assert c.encode(np.array(f.x), f.bits).codes.tolist() == list(f.right)
    assert all(len(f"{abs(v):g}") <= 5 for v in f.x)


@pytest.mark.parametrize("function", PUBLISHED, ids=lambda f: f.__name__)
def test_four_published_ones_are_named_with_the_smallest_tensor(function):
    wanted, smallest = PUBLISHED[function]
    report = check(function)
    assert named(report) == wanted and report.found.x == smallest
    assert all(b.exact for b in report.behaviours) and wanted <= set(CATALOGUE)
    shown(function, report)


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_one_is_shown_and_named(what):
    function, wanted = WRONG[what]
    with np.errstate(all="ignore"):
        report = check(function)
        assert report.broken and wanted <= named(report) and bool(named(report)) == bool(wanted)
        shown(function, report)
    if what == "half up":  # only ties tell it from a right one
        assert [p.name for p in report.broken] == [whole_tensors.TIES]


def test_what_long_tensors_show_is_shown_by_three_numbers_at_most():
    def ask(x):  # the largest of three numbers or more is not seen
        top = np.sort(np.abs(x))[-2 if len(x) > 2 else -1]
        return schemes.Coded(np.clip(np.rint(x / top * 127), -127, 127))

    seen = [(x, ask(x)) for x in tensors.tensors()[-9:]]
    found, _ = mistaken.find(ask, [8], (-127, 127), seen, np.dtype(int))
    assert len(found.x) <= 3 and not found.fits


def test_a_large_tensor_is_made_as_small_as_it_can_be():
    def shows(x):
        return (x > 1.4).sum() >= 2

    x = tensors.smaller(np.linspace(-2, 2, 3000), shows)
    assert len(x) == 2 and all(len(str(v)) == 3 for v in x.tolist())


# --- scale and zero point ---


def with_grid(scale=lambda s: s, point=lambda z: z, pack=tuple):
    def quantize(x):
        low, high = min(x.min(), 0), max(x.max(), 0)
        s = (high - low) / 255 or 1.0
        z = round(-low / s)
        return pack((np.clip(np.rint(x / s) + z, 0, 255).astype(np.uint8), scale(s), point(z)))

    return quantize


def test_a_scale_and_a_zero_point_that_are_returned_are_judged():
    assert check(with_grid()).broken == check(with_grid(pack=list)).broken == ()
    [why] = [p.why for p in check(with_grid(scale=lambda s: 1 / s)).broken]
    assert why.startswith("x = -3, -2 gives scale 85, but ONNX, uint8 gives 0.0117647")
    both = with_grid(scale=lambda s: 1 / s, point=lambda z: -z)  # right for codes of Distiller only
    assert len(check(both).broken) == 2
    for point in (lambda z: -z, lambda z: z - 128, lambda z: z + 0.4):
        [broken] = check(with_grid(point=point)).broken
        assert broken.name == "the zero point is that of the codes"


def test_a_zero_point_of_distillers_sign_is_right_with_distiller():
    def distiller(x):
        low, high = min(x.min(), 0), max(x.max(), 0)
        W = 255 / (high - low) if high > low else 1.0
        z = np.rint(low * W)
        return np.clip(np.rint(x * W - z), 0, 255), W, z

    assert check(distiller).broken == ()


def test_a_decoder_is_given_the_scale_and_the_zero_point():
    quantize = with_grid()
    right = check(quantize, lambda q, scale, zero_point: (q.astype(float) - zero_point) * scale)
    assert right.broken == ()
    wrong = check(quantize, lambda q, scale, zero_point: (q.astype(float) + zero_point) * scale)
    assert named(wrong) == {"plus_zero_point"}
    symmetric, _ = RIGHT["absmax / 127"]
    assert check(symmetric, lambda q, scale: q * scale).broken == ()
    fixed = check(quantize, lambda q: q * 0.1)
    [unknown] = [p for p in fixed.properties if p.held is None]
    assert fixed.broken == () and "takes no scale" in unknown.why


def test_a_fixed_grid_may_be_returned_with_the_codes():
    def quantize(x):
        return np.clip(np.rint(x / 0.5) + 3, 0, 7).astype(np.uint8), 0.5, 3

    report = check(quantize, lambda q, scale, zero_point: (q.astype(float) - zero_point) * scale)
    assert report.broken == () and report.found is None and report.grid.zero_point == 3


def test_what_counts_is_robust_and_what_is_a_tie_is_not():
    onnx = schemes.published(8)[NAMES.index("ONNX, uint8")]
    x = np.array([-1.0, 1.0, 0.3])  # the zero point is exactly 127.5
    codes = schemes.value(onnx, x).codes
    assert not schemes.differs(onnx, x, schemes.Coded(codes - 1)).any()
    assert schemes.differs(onnx, x, schemes.Coded(codes - 3)).all()

    def of_its_precision(x):
        return schemes.Coded(np.full(x.shape, float(x.dtype == np.float64)), 1.0, 0.0)

    scheme = schemes.Scheme("ONNX, uint8", (), of_its_precision)
    assert not schemes.differs(scheme, x, schemes.Coded(np.zeros(3))).any()


def test_a_code_that_changes_from_call_to_call_is_shown():
    """The fourth number of the probe is 1, whose code is 127/400, that is 0."""
    calls = count()

    def quantize(x):
        codes = np.rint(x / np.abs(x).max() * 127)
        codes[3] += next(calls) % 2
        return codes

    found, properties, behaviours = whole_tensors.judge(quantize, "quantize")
    assert found is None and behaviours == []
    assert properties[-1].name == "the same input gives the same codes"
    assert properties[-1].why == "x = 1 gives 0 in one call and 1 in another"
