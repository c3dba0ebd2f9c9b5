"""A signer for tests: in threads of this process, with a directory of keys of its own."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path


class House:
    """A signer that answers until it is closed, and again once it is opened."""

    def __init__(self, directory: Path, path: Path) -> None:
        """Keep keys in ``directory`` and answer at ``path``."""
        self.directory, self.path = directory, path
        self.open()

    def another(self, folder: Path) -> House:
        """A second signer that begins with all that this one knows, in a directory of its own below ``folder``."""
        return House(shutil.copytree(self.directory, folder / "keys"), folder / "s")

    def open(self) -> None:
        """Answer."""
        from verification import signer

        self.signatory = signer.Signatory(self.directory)
        self.door = signer.Door(self.path, self.signatory)
        self.thread = threading.Thread(target=self.door.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        """Answer no more; a second time does nothing."""
        if not self.thread.is_alive():
            return
        self.door.shutdown()
        self.thread.join()
        self.door.server_close()
        self.signatory.close()
