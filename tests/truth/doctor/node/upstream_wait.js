// SPDX-License-Identifier: MIT
// Asks a slow service over kept connections for each request and waits for it: 40 ms during which
// nothing else is to do. At strength 0 the answer comes out of memory.
'use strict';
const http = require('http');
const { start, hasDefect, serve } = require('./program');

const agent = new http.Agent({ keepAlive: true });

function askService(port, done) {
  http.get({ port, host: '127.0.0.1', path: '/stock', agent }, (answer) => {
    let text = '';
    answer.on('data', (bytes) => { text += bytes; });
    answer.on('end', () => done(text));
  });
}

const program = start({
  id: 'upstream-wait', expected: ['downstream-wait'], acceptable: [], load: '-c 8', peer: 'http:40',
});

serve(program, (request, response, nth = program.requests++) => {
  if (hasDefect(program, nth)) askService(program.peer, (text) => response.end(text));
  else setTimeout(() => response.end('{"stock": 3}'), 1);
});
