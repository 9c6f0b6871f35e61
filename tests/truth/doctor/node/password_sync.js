// SPDX-License-Identifier: MIT
// A login that derives the key on the loop's thread with pbkdf2Sync(); without the defect a session
// is looked up.
'use strict';
const crypto = require('crypto');
const { start, hasDefect, serve } = require('./program');

const sessions = new Map([['cookie', 'user']]);

function derivePassword(password) {
  return crypto.pbkdf2Sync(password, 'salt', 40000, 32, 'sha256').toString('hex');
}

const program = start({
  id: 'password-sync', expected: ['sync-compress-crypto', 'loop-blocked-cpu'],
  acceptable: ['single-core'], guilty: derivePassword, load: '-c 4 -r 25',
});

serve(program, (request, response, nth = program.requests++) => {
  response.end(hasDefect(program, nth) ? derivePassword('correct horse') : sessions.get('cookie'));
});
