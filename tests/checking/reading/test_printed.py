"""The number of levels is read from words."""

from refnn.checking.reading.printed import levels_in


def test_levels_in_words():
    for text, P in (
        ("We use 256 quantization levels.", 256),
        ("$P = 2^3 = 8$", 8),
        ("$P = 2^{8} = 256$", 256),
        (r"\lfloor x \rfloor \mod 8", 8),
        (r"\pmod{16}", 16),
        ("floor(x*W + B) mod 8", 8),
        ("$P=8$", 8),
        ("P = 8.", 8),
        ("P = 8, B = 3", 8),
        ("quantization levels: 8", 8),
        ("quantization levels of 4", 4),
        ("量化级别为 16", 16),
    ):
        assert levels_in(text) == P, text
    for text in (r"\mod P", "P = 8.5", "P = 25^2", "P = 2^8", "sp = 3", "P = 8 * 2"):
        assert levels_in(text) is None, text
