# ruff: noqa: F401, I001  (each registers its slips, in this order)
"""The one catalogue of plausible mistakes. A slip is a wrong version of one formula with a name, a
hint, and where it was published. The tests plant each and demand that a named test catches it
(tests/checking/test_slips.py).
"""

from refnn.checking.catalogue import slips_written
from refnn.checking.catalogue import slips_affine
from refnn.checking.catalogue import slips_calibration
from refnn.checking.catalogue import slips_grids
from refnn.checking.catalogue import slips_codebook
from refnn.checking.catalogue import slips_integer
from refnn.checking.catalogue import slips_network
from refnn.checking.catalogue import slips_importance
from refnn.checking.catalogue import slips_published
from refnn.checking.catalogue import slips_schedules
from refnn.checking.catalogue import slips_search
from refnn.checking.catalogue import slips_structured
from refnn.checking.catalogue import slips_truth
from refnn.checking.catalogue.slip import CATALOGUE, Slip
