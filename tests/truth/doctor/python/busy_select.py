# SPDX-License-Identifier: MIT
"""A relay that waits for messages with select(). With the defect the time-out is 0 and it goes round
without sleeping, without it the call waits."""
import select
import socket
import threading
import time

import program


def next_message(reader, timeout):
    ready, _, _ = select.select([reader], [], [], timeout)
    return reader.recv(100) if ready else None


options = program.start("python-busy-select", ["busy-polling"], ["single-core", "interpreter-bound", "spinning"],
                        next_message)
reader, writer = socket.socketpair()


def send():
    while True:
        writer.send(b"message")
        time.sleep(0.02)


threading.Thread(target=send, daemon=True).start()
while True:
    next_message(reader, 0 if options.strength > 0 else 1)
