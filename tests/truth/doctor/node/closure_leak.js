// SPDX-License-Identifier: MIT
// Listeners that are never removed keep every request's buffers alive. Without the defect they are
// removed when the answer has gone out.
'use strict';
const { EventEmitter } = require('events');
const { start, hasDefect, serve } = require('./program');

const prices = new EventEmitter();
prices.setMaxListeners(0);

function watchPrices(response, remove) {
  const page = new Array(3000).fill(Math.random());
  const listener = () => page.push(1);
  prices.on('change', listener);
  if (remove) response.on('finish', () => prices.removeListener('change', listener));
}

const program = start({
  id: 'closure-leak', expected: ['memory-growth'], acceptable: ['gc-pressure'], guilty: watchPrices,
  load: '-c 4 -r 200',
});

serve(program, (request, response, nth = program.requests++) => {
  watchPrices(response, !hasDefect(program, nth));
  response.end('watching\n');
});
