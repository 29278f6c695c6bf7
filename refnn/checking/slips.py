"""The one catalogue of plausible mistakes. A slip is a wrong version of one formula with a name, a hint, and where it
was published. The tests plant each and demand that a named test catches it (tests/test_slips.py).
"""

from refnn.checking import (  # noqa: F401  (each registers its slips)
    slips_affine,
    slips_grids,
    slips_integer,
    slips_network,
    slips_published,
    slips_schedules,
    slips_search,
    slips_structured,
    slips_truth,
)
from refnn.checking.slip import CATALOGUE, Slip  # noqa: F401
