"""Ask the student to verify the numbers of a worked example.

`assignments` makes the student's copy and the solution from this file.
"""

# %% markdown
# # Verify a worked example
#
# §4.1 of the article prints weights, their codes and the decoded values. The number of quantization
# levels (量化级别) is $P = 8$. If a formula is known, its printed results can be checked. You write
# the formulas exactly, with fractions: 0.1 is 1/10. You cannot import refnn when your work is
# marked.

# %% code
from fractions import Fraction

# %% markdown
# ## The encoder as written (§3.1.1 参数量化)
#
# $$Q(x) = \lfloor x\cdot W + B \rfloor \bmod P$$
#
# Before you write: what are $\lfloor -0.5 \rfloor$, and $-1 \bmod 8$?


# %% solution quantize
def quantize(x, W, B, P):
    """Return the codes of a list of Fractions, as a list of whole numbers.

    >>> quantize([Fraction(-3, 10), Fraction(1, 20), Fraction(1)], W=10, B=3, P=8)
    [0, 3, 5]
    """
    ### BEGIN SOLUTION
    return [(v * W + B) // 1 % P for v in x]
    ### END SOLUTION


# %% check quantize

# %% markdown
# ## The decoder as written (§3.1.2 权重调整)
#
# $$\hat x = \frac{Q(x) + B}{W}$$
#
# Write the formula as it stands. Before you write: does it undo the encoder? By how many real units
# is the result wrong?


# %% solution dequantize
def dequantize(q, W, B):
    """Return the decoded values of a list of codes, as a list of Fractions.

    >>> dequantize([0, 5], Fraction(10), Fraction(3))
    [Fraction(3, 10), Fraction(4, 5)]
    """
    ### BEGIN SOLUTION
    return [(c + B) / W for c in q]
    ### END SOLUTION


# %% check dequantize

# %% markdown
# ## W and B from the data (缩放因子, 偏移量)
#
# §4.1 says "We can compute $W$ and $B$", but it does not compute them. Let the smallest value get
# exactly the code 0, and let the largest get exactly the code $P - 1$:
#
# $$W = \frac{P - 1}{\max x - \min x} \qquad B = -W \min x$$


# %% solution min_max
def min_max(x, P):
    """Return (W, B) for a list of Fractions with at least two different values.

    >>> min_max([Fraction(1, 10), Fraction(1, 2)], P=8)
    (Fraction(35, 2), Fraction(-7, 4))
    """
    ### BEGIN SOLUTION
    W = (P - 1) / (max(x) - min(x))
    return W, -W * min(x)
    ### END SOLUTION


# %% check min_max

# %% markdown
# ## Does it round to what is printed?
#
# A printed 0.3 stands for every number within half a unit of its last digit: from 0.25 to 0.35,
# with both ends included. A printed 0.30 stands for a smaller range.


# %% solution as_printed
def as_printed(value, text):
    """Return True if the Fraction is within half a unit of the last digit of a text like "0.3".

    >>> as_printed(Fraction(1, 3), "0.3"), as_printed(Fraction(1, 3), "0.30")
    (True, False)
    """
    ### BEGIN SOLUTION
    digits = len(text.partition(".")[2])
    return abs(value - Fraction(text)) <= Fraction(1, 2 * 10**digits)
    ### END SOLUTION


# %% check as_printed

# %% markdown
# ## Can any W and B exist?
#
# Three values in equal steps, $x$, $x + d$ and $x + 2d$, have three codes. Each step $d$ raises
# $x\cdot W$ by the same amount $a$, and $\lfloor y + a\rfloor - \lfloor y\rfloor$ is $\lfloor
# a\rfloor$ or $\lfloor a\rfloor + 1$. How far apart can the two *differences of the codes* then be,
# modulo $P$? If they are not further apart than that, a pair $(W, B)$ exists.


# %% solution possible
def possible(codes, P):
    """Return True if some W and B give these three codes for three values in equal steps.

    >>> possible([0, 1, 2], 8), possible([7, 0, 2], 8)
    (True, True)
    """
    ### BEGIN SOLUTION
    first, second, third = codes
    apart = ((third - second) - (second - first)) % P
    return min(apart, P - apart) <= 1
    ### END SOLUTION


# %% check possible

# %% markdown
# ## The article
#
# §4.1 prints the codes 0 1 2 3 4 for 0.1 to 0.5 and 1 2 3 4 5 for 0.6 to 1.0, as one tensor. Find
# three neighbouring codes that no $W$ and $B$ can give. What would you have to change to make the
# ten codes right? Write two sentences.
