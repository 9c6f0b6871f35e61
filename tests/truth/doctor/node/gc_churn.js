// SPDX-License-Identifier: MIT
// Sums up orders. With the defect every step makes new objects of everything, so that the collector
// takes much of the time; without it numbers are added up.
'use strict';
const { start, hasDefect, serve } = require('./program');

const orders = Array.from({ length: 2000 }, (_, i) => ({ id: i, lines: [i, i + 1, i + 2], total: i }));
let history = [];

function summarise() {
  let all = {};
  for (const order of orders.slice(0, 300)) {
    all = { ...all, [`order${order.id % 100}`]: { ...order, lines: [...order.lines] } };
  }
  history.push(all);
  if (history.length > 3000) history = history.slice(1500);
  return Object.keys(all).length;
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
