"""What a text computes from its numbers is judged, and what it only states is given."""

import pytest

from refnn.checking.reading.affine_claims import claims
from refnn.checking.reading.grids import Stated
from refnn.checking.reading.groups import Group
from refnn.checking.reading.lists import Item
from refnn.checking.reading.statements import stated


def made(text, **values):
    found = {role: Item(role, "", v, 2, "", "print") for role, v in values.items()}
    return claims(Group(found), Stated(stated([text], 1), []))


@pytest.mark.parametrize(
    ("source", "computed"),
    [
        ("0.2 / 15", True),  # the largest, the smallest, their distance, twice the largest size
        ("1.5 / 15", True),
        ("1.7 / 15", True),
        ("3.0 / 15", True),
        ("1.46 / 15", False),
        ("1.51 / 15", False),
        ("2 / 15", False),  # a whole number is itself
        ("0.4 / 15", False),
        ("4.0 / 15", False),
        ("(max - min) / 15", True),
        ("8 / 15", False),
    ],
)
def test_a_scale_is_computed_from_the_values_if_its_source_holds_an_end_of_them(source, computed):
    [[claim], _] = made(f"scale = {source} = 0.2, zero point = 8", x=["-1.5", "0.2"], codes=[0, 9])
    assert ("scale" in claim["printed"]) is computed
    assert ("scale" in claim) is not computed


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("scale 0.5, zero point 0, 4 bits, range 0 to 15", {"qmin": 0, "qmax": 15, "bits": 4}),
        ("scale 0.5, zero point 0, 4 bits, range -7 to 7", {"qmin": -7, "qmax": 7, "bits": 4}),
        ("scale 0.5, zero point 0, 3 bits, range 0 to 15", {"qmin": 0, "qmax": 15}),
        ("scale 0.5, zero point 0, 16 quantization levels", {"bits": 4}),
        ("scale 0.5, zero point 0, 4 quantization levels", {"bits": 2}),
        ("scale 0.5, zero point 0, 2 quantization levels", {}),
        ("scale 0.5, zero point 0, 12 quantization levels", {}),
        ("scale 0.5, zero point 0, 65536 quantization levels", {"bits": 16}),
        ("scale 0.5, zero point 0, int4", {"bits": 4, "signed": True}),
        ("scale 0.5, zero point 0, symmetric", {"symmetric": True}),
    ],
)
def test_the_grid_is_what_the_text_says_of_it(text, grid):
    [[claim], notes] = made(text, x=["1.5", "2"], codes=["3", "4"])
    given = {
        key: claim[key] for key in ("qmin", "qmax", "bits", "signed", "symmetric") if key in claim
    }
    assert given == grid
    assert any("bits do not fit the range" in note for _, note in notes) is ("3 bits" in text)


@pytest.mark.parametrize(
    ("codes", "signed"), [(["7", "3"], True), (["8", "3"], None), (["15", "0"], None),
                          (["16", "0"], True), (["-1", "8"], True)],
)  # fmt: skip
def test_an_int_whose_codes_fit_only_without_a_sign_is_taken_without_it(codes, signed):
    """int4 ends at 7, and four bits without a sign at 15."""
    [[claim], notes] = made("scale 0.5, zero point 0, int4", x=["1.5", "2"], codes=codes)
    assert claim.get("signed") is signed
    assert any("do not fit signed codes of 4 bits" in n for _, n in notes) is (signed is None)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("scale 0.5, zero point 3, 4 bits", (-8, 7)),
        ("scale 0.5, zero point 3, uint4", (0, 15)),
        ("scale 0.5, zero point 9, 4 bits", (-8, 9)),  # the zero point is a code
        ("scale 0.5, zero point 3", (-1, 6)),
        ("scale 0.5, zero point 3, qmin = -4, qmax = 11", (-4, 11)),
    ],
)
def test_codes_and_decoded_values_alone_are_judged_by_their_decoder(text, ends):
    codes = ["6", "0" if "uint" in text else "-1"]
    [[claim], _] = made(text, codes=codes, decoded=["1.5", "-2"])
    assert claim["kind"] == "affine_dequantize" and (claim["qmin"], claim["qmax"]) == ends
    [none, notes] = made("4 bits", codes=codes, decoded=["1.5", "-2"])
    assert none == [] and "decoded values were not judged" in notes[-1][1].replace("the codes", "")
