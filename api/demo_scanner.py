"""A scanner for the demo and the tests: speaks clamd's INSTREAM, knows the EICAR test file and nothing else.

It guards nobody. A deployment runs clamd (``docs/deployment.md``).
"""

import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import BinaryIO, Final

#: The file that every scanner finds, in two pieces so that none finds it here.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """Answers at ``address`` until it is closed; ``says`` overrides its answer, ``read`` is what it was sent."""

    def __init__(self, path: Path | None = None) -> None:
        """Listen on a free port, or at a path."""
        self.says: bytes | None = None
        self.read: list[bytes] = []
        if path is None:
            self._door = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        else:
            self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._door.bind(str(path))
            self._door.listen()
            self.address = str(path)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            with caller, caller.makefile("rb") as stream:
                try:
                    caller.sendall(self._answer(stream))
                except (OSError, struct.error):
                    continue

    def _answer(self, stream: BinaryIO) -> bytes:
        if stream.read(10) != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        whole = b""
        while size := struct.unpack("!L", stream.read(4))[0]:
            whole += stream.read(size)
        self.read = [*self.read[-9:], whole]
        if self.says is not None:
            return self.says
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in whole else b"stream: OK\0"


def main() -> None:
    """Answer at the path given until a signal ends it."""
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    scanner = Scanner(path)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    scanner.close()
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
