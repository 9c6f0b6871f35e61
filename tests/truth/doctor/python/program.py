# SPDX-License-Identifier: MIT
"""What every Python program of the truth suite shares: its options (--strength 0..100 --seconds N
--port N --peer PORT), and what it says of itself when called with --truth."""
import argparse
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer


def start(id, expected, acceptable=(), guilty=None, load=None, peer=None):
    """guilty: the function to blame. Returns the options; ends the process when --truth asks for it,
    or else when its seconds are over."""
    parser = argparse.ArgumentParser()
    for name, default in (("strength", 60), ("seconds", 12), ("port", 0), ("peer", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--truth", action="store_true")
    program = parser.parse_args()
    if program.truth:
        truth = {"id": id, "expected": list(expected) if program.strength > 0 else [],
                 "acceptable": list(acceptable), "file": os.path.basename(sys.argv[0])}
        if guilty is not None:
            truth.update(function=guilty.__name__, line=guilty.__code__.co_firstlineno)
        truth.update({name: value for name, value in (("load", load), ("peer", peer)) if value})
        print(json.dumps(truth))
        sys.exit(0)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(program.seconds)
    return program


def has_defect(program, nth):
    """True for that share of calls, evenly spread."""
    return (nth + 1) * program.strength // 100 > nth * program.strength // 100


def serve(program, handle, threads=False):
    """An HTTP server for ever; handle(nth) returns the answer's text."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        requests = 0

        def do_GET(self):
            nth = Handler.requests
            Handler.requests += 1
            body = handle(nth).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server_class = ThreadingHTTPServer if threads else HTTPServer
    server = server_class(("127.0.0.1", program.port), Handler)
    print(f"listening on {server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()
