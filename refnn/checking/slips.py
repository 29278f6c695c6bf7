"""The one catalogue of plausible mistakes. A slip is a wrong version of one formula with a name, a hint, and where it
was published. The tests plant each and demand that a named test catches it (tests/test_slips.py).
"""

from refnn.checking import (  # noqa: F401, I001  (each registers its slips, in this order)
    slips_written,
    slips_affine,
    slips_calibration,
    slips_grids,
    slips_codebook,
    slips_integer,
    slips_network,
    slips_importance,
    slips_published,
    slips_schedules,
    slips_search,
    slips_structured,
    slips_truth,
)
from refnn.checking.slip import CATALOGUE, Slip  # noqa: F401
