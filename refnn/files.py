"""Check the paths of files before they are read, and write files completely or not at all."""

import os
import tempfile
from pathlib import Path

from refnn.arrays import Refused, describe


class Unwritable(Refused):
    """The error for a path that cannot be written, with the reason."""

    def __init__(self, why):
        ValueError.__init__(self, why)
        self.error = OSError


def a_file(of):
    """Return a kind (see `validation`) that accepts the paths of existing files.

    `of` says in the error message what the file should hold.
    """

    def kind(name, path, arguments):
        if not isinstance(path, (str, Path)) or "\0" in str(path):
            raise Refused(name, f"the path of {of}", describe(path), TypeError)
        if not Path(path).is_file():
            raise Refused(name, "a file", describe(str(path)), FileNotFoundError)
        return path

    return kind


def refuse_unwritable(paths, force=False, inputs=()):
    """Refuse the paths before any work is done, unless each can be written.

    The folder must exist and be writable. The file must not exist yet, unless `force` is True. Even
    then a link, a device or one of the files in `inputs` is refused.

    >>> refuse_unwritable(["no/such/folder/a.md"])
    Traceback (most recent call last):
    refnn.files.Unwritable: the folder no/such/folder must exist before a.md can be written
    """
    for path in map(Path, paths):
        folder = path.parent
        if not folder.is_dir():
            raise Unwritable(f"the folder {folder} must exist before {path.name} can be written")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Unwritable(f"the folder {folder} must be writable")
        if path.is_dir():
            raise Unwritable(f"{path} must be a file, got a folder")
        if path.is_symlink() or (path.exists() and not path.is_file()):
            what = "a link" if path.is_symlink() else "a device"
            raise Unwritable(f"{path} must be a regular file, got {what}")
        if any(path.exists() and Path(i).exists() and path.samefile(i) for i in inputs):
            raise Unwritable(f"{path} must be none of the files that are read")
        if path.exists() and not force:
            raise Unwritable(f"{path} exists already; add --force to overwrite it")


def write_whole(texts, force=False, mode=0o666):
    """Write {path: text or bytes}, text in UTF-8, each file completely or not at all.

    `mode` says who may read and write the files, as far as the system's umask allows it.

    Each text first goes to a temporary file in the same folder. Then all files are renamed. The
    temporary files of a process that was killed are removed by the next one that writes there.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole({Path(folder) / "a": "1"})
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('a', '1')]
    """
    refuse_unwritable(texts, force)
    for folder in {Path(path).parent for path in texts}:
        _remove_orphans(folder)
    waiting = {}
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(dir=Path(path).parent, prefix=f".refnn-{os.getpid()}-")
            waiting[name] = path
            with os.fdopen(handle, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            os.chmod(name, mode & ~_umask())  # mkstemp lets only the owner read and write
        for name, path in list(waiting.items()):
            os.replace(name, path)
            del waiting[name]
    finally:
        for name in waiting:
            os.unlink(name)


def _remove_orphans(folder):
    """Remove the temporary files of processes that have ended."""
    if os.name != "posix":
        return  # there os.kill would end the process
    for path in folder.glob(".refnn-*-*"):
        pid = path.name.split("-")[1]
        if pid.isdecimal() and not _is_alive(int(pid)):
            path.unlink(missing_ok=True)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # it belongs to somebody else
    return True


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
