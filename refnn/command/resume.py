"""Keep what a stopped `reproduce` had finished, and estimate the time that is left."""

import json
import time
from hashlib import sha1
from pathlib import Path

from refnn.experiments import store
from refnn.files import write_whole

FILE = ".refnn-reproduce.json"
FIRST = 60.0  # seconds, of a claim about which nothing is stored
HERE = Path(__file__).parents[1]


class Done:
    """The texts of the claims that a run has finished, in a file of the folder of the figures.

    The next run with the same options and the same code of refnn begins with them. Without a folder
    nothing is kept.

    >>> done = Done(None, {"claims": ["ladder"]})
    >>> done.add("ladder", "text"); done.text("ladder") is None
    True
    """

    def __init__(self, folder, options):
        self.file = None if folder is None else Path(folder) / FILE
        self.key, self.texts = {**options, "code": digest_of_code()}, {}
        try:
            found = json.loads(self.file.read_text(encoding="utf-8")) if self.file else {}
        except (OSError, ValueError):
            found = {}
        if isinstance(found, dict) and found.get("options") == self.key:
            self.texts = found["texts"]

    def text(self, name):
        """Return the text of a claim that an earlier run finished, or None."""
        return self.texts.get(name)

    def add(self, name, text):
        """Keep the text of a claim."""
        if self.file and len(self.key["claims"]) > 1:
            self.texts[name] = text
            whole = json.dumps({"options": self.key, "texts": self.texts}, ensure_ascii=False)
            write_whole({self.file: whole}, force=True)

    def end(self):
        """Remove the file, because the run is at its end."""
        if self.file:
            self.file.unlink(missing_ok=True)


def digest_of_code():
    """Return a digest of the code of refnn. Results of other code have another digest.

    >>> len(digest_of_code())
    40
    """
    parts = sorted(HERE.rglob("*.py"))
    return sha1(b"".join(path.read_bytes() for path in parts)).hexdigest()


class Clock:
    """An estimate of the time that is left, from the stored seconds of each claim.

    >>> Clock(["ladder", "ranges"]).begin("ladder").startswith("about ")
    True
    """

    def __init__(self, names):
        known = {c.name: c.seconds for c in store.claims()}
        self.left = {name: known.get(name, FIRST) for name in names}
        self.spent = self.expected = 0.0
        self.since, self.running = None, None

    def begin(self, name):
        """Say how long this claim and those after it will take, judged by those before it."""
        now = time.monotonic()
        if self.running is not None:
            self.spent += now - self.since
            self.expected += self.left.pop(self.running)
        names = list(self.left)
        for skipped in names[: names.index(name)]:
            self.left.pop(skipped)
        self.since, self.running = now, name
        pace = self.spent / self.expected if self.expected else 1.0
        minutes = pace * sum(self.left.values()) / 60
        return f"about {minutes:.0f} min left" if minutes >= 1.5 else "about a minute left"
