# SPDX-License-Identifier: MIT
"""Collects readings from a service: with the defect over a new connection each time, without it over
one that is kept."""
import http.client
import time

import program


def read_on_new_connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/reading", headers={"Connection": "close"})
    answer = connection.getresponse().read()
    connection.close()
    return answer


options = program.start("python-connect-each", ["connect-per-request"],
                        ["downstream-wait", "sleep-polling"], read_on_new_connection, peer="http:1")
kept = http.client.HTTPConnection("127.0.0.1", options.peer)
for nth in range(10 ** 9):
    if program.has_defect(options, nth):
        read_on_new_connection(options.peer)
    else:
        kept.request("GET", "/reading")
        kept.getresponse().read()
    time.sleep(0.005)
