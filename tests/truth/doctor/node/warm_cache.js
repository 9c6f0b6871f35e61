// SPDX-License-Identifier: MIT
// Healthy: a cache of at most 30 MB that fills in the first seconds and then stays.
'use strict';
const { start, serve } = require('./program');

const program = start({ id: 'warm-cache', expected: [], acceptable: [], load: '-c 4 -r 500' });
const cache = new Map();

serve(program, (request, response, nth = program.requests++) => {
  const key = nth % 1500;
  if (!cache.has(key)) cache.set(key, Buffer.alloc(20000, `${key};`));
  response.end(cache.get(key).subarray(0, 1000));
});
