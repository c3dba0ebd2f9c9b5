"""A scanner that speaks clamd's protocol over a real socket and finds the EICAR test file, nothing else."""

import socket
import struct
import threading
from pathlib import Path

#: The file that every scanner finds, in two pieces so that none finds it here.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """Answers at ``address`` until it is closed; ``says`` overrides its answer."""

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
                if stream.read(10) != b"zINSTREAM\0":
                    caller.sendall(b"UNKNOWN COMMAND\0")
                    continue
                caller.sendall(self._judged(stream))

    def _judged(self, stream: object) -> bytes:
        whole = b""
        while size := struct.unpack("!L", stream.read(4))[0]:  # type: ignore[attr-defined]
            whole += stream.read(size)  # type: ignore[attr-defined]
        self.read.append(whole)
        if self.says is not None:
            return self.says
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in whole else b"stream: OK\0"
