"""Every benchmark, by hand, on a quiet machine: python tests/benchmarks"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy

import ratios
import rows

if __name__ == "__main__":
    rows.main()
    print()
    ratios.three_numbers()
    ratios.main()
