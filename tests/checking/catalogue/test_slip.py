"""The right text of a slip must stand in one place, and a slip is shown as a difference of a few
lines."""

import pytest

from refnn.checking.catalogue.slip import Slip
from refnn.checking.catalogue.slips import CATALOGUE


def test_the_right_text_must_stand_in_one_place():
    edits = [("np.floor(x)", "np.rint(x)")]
    assert Slip("one", "quantization.rounding.floor", edits, "Which?").wrong(1.75) == 2
    elsewhere = Slip("two", "quantization.rounding.half_even", edits, "Which?")
    with pytest.raises(LookupError, match=r"'np.floor\(x\)' occurs 3 times in refnn.quantization"):
        elsewhere.diff()
    nowhere = Slip("three", "network.loss", [("r ** 2", "r")], "Which?")
    with pytest.raises(LookupError, match=r"'r \*\* 2' occurs 0 times in refnn.network"):
        nowhere.wrong([[1.0]], [[2.0]])


@pytest.mark.parametrize("slip", CATALOGUE.values(), ids=CATALOGUE)
def test_a_slip_is_shown_as_a_difference_of_a_few_lines(slip):
    lines = slip.diff()
    assert 0 < len(lines) <= 4
    assert all(line[0] in "+-" and line[1:5] == "    " for line in lines)
