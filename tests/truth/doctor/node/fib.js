// SPDX-License-Identifier: MIT
// Answers with Fibonacci numbers, one request in twenty with a large one by naive recursion.
'use strict';
const { start, hasDefect, serve } = require('./program');

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

const program = start({
  id: 'fib', expected: ['loop-blocked-cpu'], acceptable: ['single-core'], guilty: fib,
  load: '-c 8 -r 200',
});

serve(program, (request, response, nth = program.requests++) => {
  const large = nth % 20 === 0 && hasDefect(program, nth / 20);
  response.end(`${fib(large ? 32 : 10)}\n`);
});
