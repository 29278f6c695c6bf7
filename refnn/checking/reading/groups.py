"""This module puts the numbers of a text together: values, their codes and what these decode to.

Numbers belong together by their name (W, Q(W), W_hat), or else by their order: codes belong to the
last values before them."""

from dataclasses import dataclass, field
from fractions import Fraction

from refnn.checking.reading.lists import flat
from refnn.checking.reading.prints import shape
from refnn.checking.reading.roles import CODES, DECODED, OTHER, X

ROLES = (X, CODES, DECODED)
IS = {X: "values", CODES: "codes", DECODED: "decoded values"}


@dataclass
class Group:
    """Values, codes and decoded values that belong together, each an Item or None.

    They have one shape."""

    found: dict = field(default_factory=dict)  # role -> Item

    def values(self, role):
        """Return the nested lists of a role, or None."""
        return self.found[role].values if role in self.found else None

    @property
    def base(self):
        """Return the name of the values, or of the codes without values."""
        return next((self.found[role].base for role in ROLES if role in self.found), "")

    @property
    def line(self):
        """Return the line of the codes, or else of the decoded values, or else of the values."""
        order = (CODES, DECODED, X)
        return next(self.found[role].line for role in order if role in self.found)


def assemble(items):
    """Return (groups, notes) of the items of a text.

    A note is a pair (line, sentence).

    >>> from refnn.checking.reading.lists import Item
    >>> x, q = (Item(role, "", v, 1, "", "print") for role, v in (("x", ["0.5"]), ("codes", ["1"])))
    >>> groups, notes = assemble([x, q])
    >>> groups[0].values("codes"), notes
    (['1'], [])
    """
    groups, notes, current = [], [], None
    for item in items:
        item = _inferred(item, current, notes)
        if item is None:
            continue
        if item.role == CODES and not item.is_whole:
            _note(notes, item, "was not read: codes are whole numbers")
            continue
        current = _into(groups, current, item, notes)
        if current not in groups:
            groups.append(current)
    return groups, notes


def _note(notes, item, words):
    notes.append((item.line, f"line {item.line}: {item.label} {words}."))


def _inferred(item, current, notes):
    """Return the item with its role, or None if its role cannot be found. A note is added if the
    role was inferred from the place of the item, or was not found."""
    if item.role == OTHER:
        _note(notes, item, "was not read: the text does not say that it holds values or codes")
        return None
    if item.role:
        return item
    found = current.found if current else {}
    fits = bool(found) and len(flat(item.values)) == _count(current)
    if X not in found or not fits:
        role = X if not item.is_whole else OTHER
    elif CODES not in found and item.is_whole:
        role = CODES
    else:
        role = DECODED if CODES in found and DECODED not in found else OTHER
    if role == OTHER:
        return _inferred(item._replace(role=OTHER), current, notes)
    _note(notes, item, f"was taken for the {IS[role]}, since the text does not name it")
    return item._replace(role=role)


def _count(group):
    return len(flat(next(iter(group.found.values())).values))


def _into(groups, current, item, notes):
    """Return the group that an item belongs to, with the item in it."""
    if item.role == X:
        same = [g for g in groups if X in g.found and _same(g.found[X], item)]
        named = [g for g in same if g.base == item.base or not item.base or not g.base]
        if named:
            return named[-1]
        if current and X not in current.found and _fits(current, item):
            current.found[X] = _shaped(item, current)
            return current
        return Group({X: item})
    named = [g for g in groups if item.base and item.base == g.base]
    group = named[-1] if named else current
    several = sum(X in g.found for g in groups) > 1
    if not named and several and item.base and current.base:
        groups.append(Group({item.role: item}))  # the codes of a tensor that is not printed
        return current
    if group is None:
        return Group({item.role: item})
    if not _fits(group, item):
        lone = groups[-1] if X not in groups[-1].found and _fits(groups[-1], item) else None
        if lone and item.role not in lone.found:
            lone.found[item.role] = _shaped(item, lone)
            return group
        if X in group.found:
            _note(notes, item, f"was not put beside {group.found[X].label}: it has another shape")
        groups.append(Group({item.role: item}))
        return group
    item = _shaped(item, group)
    before = group.found.get(item.role)
    if before is None:
        group.found[item.role] = item
    elif not _same(before, item):
        kept = (X,) if item.role == CODES else (X, CODES)
        return Group({**{r: i for r, i in group.found.items() if r in kept}, item.role: item})
    return group


def _same(one, other):
    a, b = flat(one.values), flat(other.values)
    return len(a) == len(b) and all(u == v or Fraction(u) == Fraction(v) for u, v in zip(a, b))


def _fits(group, item):
    """Return True if an item has the shape of a group.

    An item with as many numbers as the group also fits, if one of the two is in one line.
    """
    own, other = shape(next(iter(group.found.values())).values), shape(item.values)
    in_line = min(len(own), len(other)) == 1 or max(own) == _count(group)
    return own == other or (in_line and _count(group) == len(flat(item.values)))


def _shaped(item, group):
    """Return an item in the shape of its group."""
    wanted, values = shape(next(iter(group.found.values())).values), flat(item.values)
    for size in reversed(wanted[1:]):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return item._replace(values=values)
