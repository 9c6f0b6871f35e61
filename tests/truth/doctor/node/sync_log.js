// SPDX-License-Identifier: MIT
// Logs to a file. With the defect each request writes its headers line by line with appendFileSync(),
// without it one line through a stream.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start, hasDefect, serve } = require('./program');

const file = path.join(os.tmpdir(), `sync-log-${process.pid}.log`);

function logRequest(request, nth) {
  for (let i = 0; i < 30; i++)
    fs.appendFileSync(file, `${new Date().toISOString()} debug ${request.method} ${request.url} ${nth} ${i}\n`);
}

const program = start({
  id: 'sync-log', expected: ['logging-heavy', 'sync-file-io'],
  acceptable: ['tiny-io', 'loop-blocked-cpu', 'loop-blocked-io', 'single-core'], guilty: logRequest,
  load: '-c 4 -r 300',
});
const stream = fs.createWriteStream(file, { flags: 'a' });
process.on('exit', () => fs.unlinkSync(file));

serve(program, (request, response, nth = program.requests++) => {
  if (hasDefect(program, nth)) logRequest(request, nth);
  else stream.write(`${request.url} ${nth}\n`);
  response.end('logged\n');
});
