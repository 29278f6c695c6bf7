"""A small article, and a file that holds it or something else."""


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def article_of(W=r"1 & 2", Q=r"1 & 2", after="", end="bmatrix"):
    x, q = rf"\begin{{bmatrix}} {W} \end{{{end}}}{after}", rf"\begin{{bmatrix}} {Q} \end{{bmatrix}}"
    return f"$W = {x}$ and $Q(W) = {q}$, P = 8"
