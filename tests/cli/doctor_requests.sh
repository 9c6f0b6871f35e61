#!/bin/sh
# SPDX-License-Identifier: MIT
# The --on-port command of 'prof doctor': what it prints goes where it would have gone, and a load
# tool's numbers become part of the recording. Node.js processes tell of themselves.
. "$(dirname "$0")/lib.sh"
need_sampling
need_command node
server=$root/tests/targets/server.js
fetch='node -e "require(\"http\").get(\"http://127.0.0.1:$PORT/fib/20\", r => r.resume())"'

run "$PROF" doctor -q -o a.prof --on-port "$fetch; echo to-output; echo to-error >&2" -- node "$server" 18381
want_status 0 status
want_out to-output output-is-passed-on
want_err to-error error-is-passed-on
want recording-is-there [ -s a.prof ]

cat > tool << 'END'
#!/bin/sh
node -e "setTimeout(() => require('http').get('http://127.0.0.1:$PORT/fib/20', r => r.resume()), 700)"
cat << 'TEXT'
Running 1s test @ http://127.0.0.1/
  1 threads and 5 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   703.38us    1.60ms  17.32ms   91.70%
    Req/Sec    21.24k    12.37k   36.29k    50.00%
  21090 requests in 1.00s, 2.70MB read
Requests/sec:  21075.63
TEXT
END
chmod +x tool
run "$PROF" doctor -q -o b.json -o b.prof --on-port "$work/tool | tee copy" -- node "$server" 18382
want_status 0 tool-status
want tee-still-works grep -q 'Requests/sec:  21075.63' copy
want_out 'Requests/sec:  21075.63' report-of-the-tool-is-passed-on
want the-tool-s-numbers-are-in-the-report grep -q 21075.63 b.json

run "$PROF" doctor -q -o c.html --on-port 'exit 3' -- node "$server" 18383
want_err 'failed with status 3' failure-of-the-load-is-said

run "$PROF" doctor -q -o d.html -- node -p '"only " + "this"'
want_status 0 short-node-status
want nothing-is-added-to-the-output [ "$(cat out)" = 'only this' ]

run "$PROF" doctor -q -o e.html --no-runtime-env -- node -p 'process.env.NODE_OPTIONS || "none"'
want_out none no-runtime-env-leaves-node-alone

run "$PROF" doctor -q -o f.html -- node -p 'process._getActiveHandles().length + " " + process.listenerCount("uncaughtException")'
want_out '0 0' the-script-holds-nothing-open

# As in a chroot or a container, the program may change user and write nowhere.
if [ "$(id -u)" = 0 ]; then
    run "$PROF" doctor -q -o g.html -- setpriv --reuid 65534 --regid 65534 --clear-groups node -p '"other user"'
    want_status 0 other-user-status
    want_out 'other user' another-user-s-node-still-starts
fi
run "$PROF" doctor -q -o h.html -- node -p 'process.env.NODE_OPTIONS.match(/--require (.*)\/prof.cjs/)[1]'
want the-script-had-a-folder [ -n "$(cat out)" ]
want the-folder-is-gone [ ! -e "$(cat out)" ]
finish
