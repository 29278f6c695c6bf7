"""Files that are read, which must be there, and files that are written: whole, or not at all."""

import os
import tempfile
from pathlib import Path

from refnn.arrays import Refused, describe


class Unwritable(Refused):
    """A path that cannot be written, and why."""

    def __init__(self, why):
        ValueError.__init__(self, why)
        self.error = OSError


def a_file(of):
    """Return the kind (see `validation`) of paths of files that are there; `of`: what they hold."""

    def kind(name, path, arguments):
        if not isinstance(path, (str, Path)) or "\0" in str(path):
            raise Refused(name, f"the path of {of}", describe(path), TypeError)
        if not Path(path).is_file():
            raise Refused(name, "a file", describe(str(path)), FileNotFoundError)
        return path

    return kind


def refuse_unwritable(paths, force=False):
    """Refuse the paths, before the work, unless each can be written.

    Its folder is there and writable, and it is not there yet; with `force` it may be.

    >>> refuse_unwritable(["no/such/folder/a.md"])
    Traceback (most recent call last):
    refnn.teaching.files.Unwritable: the folder no/such/folder must be there, to write a.md
    """
    for path in map(Path, paths):
        folder = path.parent
        if not folder.is_dir():
            raise Unwritable(f"the folder {folder} must be there, to write {path.name}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Unwritable(f"the folder {folder} must be writable")
        if path.is_dir():
            raise Unwritable(f"{path} must be a file, got a folder")
        if (path.exists() or path.is_symlink()) and not force:
            raise Unwritable(f"{path} is there already; --force overwrites it")


def write_whole(texts, force=False):
    """Write {path: text} in UTF-8: each beside its place first, then all renamed into theirs.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole({Path(folder) / "a": "1"})
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('a', '1')]
    """
    refuse_unwritable(texts, force)
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
