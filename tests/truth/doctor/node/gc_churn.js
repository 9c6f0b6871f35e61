// SPDX-License-Identifier: MIT
// Sums up orders. With the defect every request copies all of them, and the copies live long enough to
// be moved by the collector, twice each; without it numbers are added up.
'use strict';
const { start, hasDefect, serve } = require('./program');

const orders = Array.from({ length: 2000 }, (_, i) => ({ id: i, lines: [i, i + 1, i + 2], total: i }));
let history = [];

function summarise() {
  const all = orders.map((order) => ({ ...order, lines: [...order.lines], seen: { at: history.length } }));
  history.push(all);
  if (history.length > 20) history = history.slice(10);
  return all.length;
}

function add() {
  let sum = 0;
  for (const order of orders) sum += order.total;
  return sum;
}

const program = start({
  id: 'gc-churn', expected: ['gc-pressure'],
  acceptable: ['loop-blocked-cpu', 'single-core', 'memory-growth'], guilty: summarise, load: '-c 4 -r 150',
});

serve(program, (request, response, nth = program.requests++) => {
  response.end(`${hasDefect(program, nth) ? summarise() : add()}\n`);
});
