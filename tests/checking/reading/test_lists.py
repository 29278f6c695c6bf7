"""A printed list says its dtype, and with it bits and sign."""

import pytest

from refnn.checking.reading.lists import items
from refnn.checking.reading.statements import Statement


@pytest.mark.parametrize(
    ("dtype", "signed"), [("int8", True), ("qint8", True), ("uint8", False), ("quint8", False)]
)
def test_a_printed_dtype_states_bits_and_sign_less_than_words_do(dtype, signed):
    found = items(f"words\nq = tensor([1, 2], dtype=torch.{dtype})", 3)[1]
    stated = [Statement("bits", "", 8, 4, "", True), Statement("signed", "", signed, 4, "", True)]
    assert found == stated
    assert items("q = tensor([1, 2], dtype=torch.int16)", 3)[1] == []
