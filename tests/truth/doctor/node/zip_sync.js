// SPDX-License-Identifier: MIT
// Compresses each answer on the loop's thread with deflateSync(); without the defect in the pool.
'use strict';
const zlib = require('zlib');
const { start, hasDefect, serve } = require('./program');

const page = Buffer.from(Array.from({ length: 150000 }, (_, i) => `row ${i * 2654435761 % 97}\n`).join(''));

function compressPage() {
  return zlib.deflateSync(page);
}

const program = start({
  id: 'zip-sync', expected: ['sync-compress-crypto', 'loop-blocked-cpu'], acceptable: ['single-core'],
  guilty: compressPage, load: '-c 4 -r 25',
});

serve(program, (request, response, nth = program.requests++) => {
  if (hasDefect(program, nth)) response.end(compressPage().subarray(0, 100));
  else zlib.deflate(page.subarray(0, 4096), (error, packed) => response.end(packed));
});
