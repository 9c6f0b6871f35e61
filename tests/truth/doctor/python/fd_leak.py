# SPDX-License-Identifier: MIT
"""A server that opens a connection to its cache for each request and keeps a reference to it in a
list of sessions. Without the defect it closes the connection."""
import socket

import program

sessions = []


def open_session(port):
    return socket.create_connection(("127.0.0.1", port))


options = program.start("python-fd-leak", ["fd-leak"], ["connect-per-request", "memory-growth"],
                        open_session, load="-c 1 -r 40", peer="lines:0")


def handle(nth):
    session = open_session(options.peer)
    if program.has_defect(options, nth):
        sessions.append(session)
    else:
        session.close()
    return "in session\n"


program.serve(options, handle)
