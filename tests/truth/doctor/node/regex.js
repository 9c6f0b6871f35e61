// SPDX-License-Identifier: MIT
// Checks names with a pattern that backtracks without end on some inputs; without the defect those
// inputs do not come.
'use strict';
const { start, hasDefect, serve } = require('./program');

function isName(text) {
  return /^([a-zA-Z]+\s?)+$/.test(text);
}

const program = start({
  id: 'regex', expected: ['regex-backtracking', 'loop-blocked-cpu'], acceptable: ['single-core'],
  guilty: isName, load: '-c 8 -r 100',
});

serve(program, (request, response, nth = program.requests++) => {
  const evil = nth % 10 === 0 && hasDefect(program, nth / 10);
  response.end(`${isName(evil ? 'averyveryverylongname!' : 'Ada Lovelace')}\n`);
});
