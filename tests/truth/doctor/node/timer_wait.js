// SPDX-License-Identifier: MIT
// Every request waits 20 ms for a timer, as code does that polls for a result. From outside the loop
// looks idle: what can be said is that requests take far longer than their work.
'use strict';
const { start, hasDefect, serve } = require('./program');

const program = start({
  id: 'timer-wait', expected: ['sleep-polling', 'downstream-wait', 'healthy', 'under-driven'],
  acceptable: [], load: '-c 8',
});

serve(program, (request, response, nth = program.requests++) => {
  if (hasDefect(program, nth)) setTimeout(() => response.end('at last\n'), 20);
  else setImmediate(() => response.end('now\n'));
});
