// SPDX-License-Identifier: MIT
// A gateway that asks its own backend over TLS. With the defect each question makes a connection and
// shakes hands anew, without it connections are kept.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const https = require('https');
const os = require('os');
const path = require('path');
const { start, hasDefect, serve } = require('./program');

function askBackend(port, agent, done) {
  https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent }, (answer) => {
    answer.resume();
    answer.on('end', done);
  });
}

const program = start({
  id: 'tls-each', expected: ['tls-handshake'], acceptable: ['connect-per-request', 'loop-blocked-cpu', 'sync-compress-crypto'],
  load: '-c 4 -r 120',
});

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-each-'));
const [key, cert] = ['key', 'cert'].map((name) => path.join(folder, name));
try {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj',
    '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
} catch (error) {
  console.error('openssl is not installed');
  process.exit(77);
}
const kept = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
const backend = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) },
  (request, response) => response.end('3 left\n'));
fs.rmSync(folder, { recursive: true });
backend.listen(0, '127.0.0.1', () => {
  const { port } = backend.address();
  serve(program, (request, response, nth = program.requests++) =>
    askBackend(port, hasDefect(program, nth) ? new https.Agent({ maxCachedSessions: 0 }) : kept,
      () => response.end('yes\n')));
});
