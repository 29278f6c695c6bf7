"""Assignment: verify a worked example.

The source of the student's copy and of the solution: see `assignments`.
"""

# %% markdown
# # Verify a worked example
#
# §4.1 of the article prints weights, their codes and what these decode to, with the quantization
# levels (量化级别) $P = 8$. Printed numbers beside a formula can be checked. You write the formulas
# exactly, on fractions: 0.1 is 1/10. Where your work is marked, refnn cannot be imported.

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
    """The codes of a list of Fractions, a list of whole numbers.

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
# Write it as it stands. Before you write: does it undo the encoder? By how many real units is it
# off?


# %% solution dequantize
def dequantize(q, W, B):
    """The decoded values of a list of codes, a list of Fractions.

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
# "We can compute $W$ and $B$", says §4.1, and does not. Let the smallest value get the code 0 and
# the largest the code $P - 1$, exactly:
#
# $$W = \frac{P - 1}{\max x - \min x} \qquad B = -W \min x$$


# %% solution min_max
def min_max(x, P):
    """(W, B) for a list of Fractions of two values at least.

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
# A printed 0.3 stands for everything within half a unit of its last digit, ends included: from 0.25
# to 0.35. A printed 0.30 stands for less.


# %% solution as_printed
def as_printed(value, text):
    """Is the Fraction within half a unit of the last digit of a text such as "0.3"?

    >>> as_printed(Fraction(1, 3), "0.3"), as_printed(Fraction(1, 3), "0.30")
    (True, False)
    """
    ### BEGIN SOLUTION
    digits = len(text.partition(".")[2])
    return abs(value - Fraction(text)) <= Fraction(1, 2 * 10**digits)
    ### END SOLUTION


# %% check as_printed

# %% markdown
# ## Can there be any W and B?
#
# Three values in equal steps, $x$, $x + d$, $x + 2d$, have three codes. Both steps of $d$ raise
# $x\cdot W$ by the same amount $a$, and $\lfloor y + a\rfloor - \lfloor y\rfloor$ is $\lfloor
# a\rfloor$ or $\lfloor a\rfloor + 1$. So how far apart can the two *differences of the codes* be,
# modulo $P$? If they are no further apart, there is a pair $(W, B)$.


# %% solution possible
def possible(codes, P):
    """Do some W and B print these three codes of three values in equal steps?

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
# three neighbours that no $W$ and $B$ can print. What would you have to change to make the ten
# codes right? Write two sentences.
