// SPDX-License-Identifier: MIT
// Serves a picture of 8 MB in pieces. With the defect by readFileSync() for each request, without it
// out of memory.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start, hasDefect, serve } = require('./program');

const file = path.join(os.tmpdir(), `read-file-sync-${process.pid}.bin`);
let kept;

function readPicture() {
  return fs.readFileSync(file);
}

const program = start({
  id: 'read-file-sync', expected: ['sync-file-io'],
  acceptable: ['loop-blocked-io', 'loop-blocked-cpu', 'gc-pressure', 'page-fault-storm',
    'single-core', 'memcpy-heavy'],
  guilty: readPicture, load: '-c 4 -r 60',
});

fs.writeFileSync(file, Buffer.alloc(8 << 20, 'p'));
process.on('exit', () => fs.unlinkSync(file));
kept = readPicture();
serve(program, (request, response, nth = program.requests++) => {
  const picture = hasDefect(program, nth) ? readPicture() : kept;
  response.end(picture.subarray(nth % 1000, nth % 1000 + 4096));
});
