// SPDX-License-Identifier: MIT
// A login. With the defect every request derives a key with many rounds in libuv's pool, so that its
// four threads are never free and the loop idles; without it a session is looked up.
'use strict';
const crypto = require('crypto');
const { start, hasDefect, serve } = require('./program');

function checkPassword(password, done) {
  crypto.pbkdf2(password, 'salt', 30000, 32, 'sha256', done);
}

const program = start({
  id: 'pool-pbkdf2', expected: ['pool-saturated'], acceptable: ['sync-compress-crypto'],
  guilty: checkPassword, load: '-c 16',
});
const sessions = new Map([['cookie', 'user']]);

serve(program, (request, response, nth = program.requests++) => {
  if (!hasDefect(program, nth)) {
    setTimeout(() => response.end(`${sessions.get('cookie')}\n`), 5);
    return;
  }
  checkPassword('correct horse', (error, key) => response.end(key.toString('hex')));
});
