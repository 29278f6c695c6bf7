"""Files written whole or not at all, and refused before the work."""

import os
import tempfile
from pathlib import Path


def refuse_unwritable(function, paths, force=False):
    """ValueError or OSError unless every path can be written: a folder that is there and writable,
    and no such file in it (with `force` it may be there).

    >>> refuse_unwritable("worksheet", ["no/such/folder/a.md"])
    Traceback (most recent call last):
    FileNotFoundError: worksheet: the folder no/such/folder must be there, to write a.md
    """
    for path in map(Path, paths):
        folder = path.parent
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{function}: the folder {folder} must be there, to write {path.name}"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{function}: the folder {folder} must be writable")
        if path.is_dir():
            raise IsADirectoryError(f"{function}: {path} must be a file, got a folder")
        if (path.exists() or path.is_symlink()) and not force:
            raise FileExistsError(f"{function}: {path} is there already; --force overwrites it")


def write_whole(function, texts, force=False):
    """Write {path: text} in UTF-8: all of it beside its place first, then each renamed into it.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole("f", {Path(folder) / "a": "1"})
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('a', '1')]
    """
    refuse_unwritable(function, texts, force)
    waiting = {}
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(dir=Path(path).parent, prefix=".refnn-")
            waiting[name] = path
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's are for the owner only
        for name, path in list(waiting.items()):
            os.replace(name, path)
            del waiting[name]
    finally:
        for name in waiting:
            os.unlink(name)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
