# SPDX-License-Identifier: MIT
"""A threaded server that asks a price service for every request, synchronously, over a kept
connection, and waits 40 ms for the answer. At strength 0 prices are in memory."""
import http.client
import threading

import program

local = threading.local()


def fetch_price(port):
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection("127.0.0.1", port)
    local.connection.request("GET", "/price")
    return local.connection.getresponse().read().decode()


options = program.start("python-slow-peer", ["downstream-wait"], ["worker-starvation"], fetch_price,
                        load="-c 6 -r 120", peer="http:40")
program.serve(options, lambda nth: fetch_price(options.peer) if program.has_defect(options, nth)
              else "12.90\n", threads=True)
