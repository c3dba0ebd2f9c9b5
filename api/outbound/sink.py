"""A mail server for the demo: takes every letter, sends none, and keeps each as a file to read.

``python -m api.outbound.sink PORT DIRECTORY``. It speaks as much of SMTP (RFC 5321) as a sender needs, on this machine
alone.
"""

import asyncio
import itertools
import sys
from pathlib import Path

GREETING = b"220 demo.invalid takes letters and sends none\r\n"
LONGEST = 1_000_000


class Sink:
    """Keeps what it is sent: as files in ``directory``, and the raw letters in ``letters``."""

    def __init__(self, directory: Path, *, refuse: bool = False) -> None:
        """Keep letters there; ``refuse``: say no to each, as a full mailbox does."""
        self.directory, self.refuse = directory, refuse
        self.letters: list[bytes] = []
        self._numbers = itertools.count(1)

    async def serve(self, port: int = 0) -> asyncio.Server:
        """Answer on this port of this machine."""
        self.directory.mkdir(parents=True, exist_ok=True)
        return await asyncio.start_server(self._talk, "127.0.0.1", port, limit=LONGEST)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while line := (await reader.readline()).upper():
            if line.startswith(b"DATA") and not self.refuse:
                writer.write(b"354 go on\r\n")
                self._keep(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 kept\r\n")
            elif line.startswith(b"RCPT") and self.refuse:
                writer.write(b"452 no room\r\n")
            else:
                writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 demo.invalid\r\n")
            await writer.drain()
            if line.startswith(b"QUIT"):
                break
        writer.close()

    def _keep(self, letter: bytes) -> None:
        self.letters.append(letter)
        (self.directory / f"{next(self._numbers):05}.eml").write_bytes(letter)


async def main() -> None:
    """Serve for ever."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    async with await Sink(directory).serve(port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
