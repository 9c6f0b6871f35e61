// SPDX-License-Identifier: MIT
// Healthy: the Fibonacci server done right. The numbers are computed in two worker threads, the loop
// stays free, and the load is what they can do.
'use strict';
const { Worker, isMainThread, parentPort } = require('worker_threads');

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

if (isMainThread) {
  const { start, serve } = require('./program');
  const program = start({ id: 'worker-threads', expected: [], acceptable: [], load: '-c 4 -r 40' });
  const waiting = new Map();
  const workers = [0, 1].map(() => {
    const worker = new Worker(__filename, { argv: process.argv.slice(2) });
    worker.on('message', ({ nth, result }) => {
      waiting.get(nth).end(`${result}\n`);
      waiting.delete(nth);
    });
    return worker;
  });
  serve(program, (request, response, nth = program.requests++) => {
    waiting.set(nth, response);
    workers[nth % workers.length].postMessage(nth);
  });
} else {
  parentPort.on('message', (nth) => parentPort.postMessage({ nth, result: fib(nth % 10 === 0 ? 27 : 18) }));
}
