// SPDX-License-Identifier: MIT
// What every Node program of the truth suite shares: its options (--strength 0..100 --seconds N
// --port N --peer PORT), and what it says of itself when called with --truth.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

function options() {
  const values = { strength: 60, seconds: 12, port: 0, peer: 0, truth: false };
  const words = process.argv.slice(2);
  while (words.length > 0) {
    const name = words.shift().replace(/^--/, '');
    if (!(name in values)) {
      console.error(`unknown option '--${name}'`);
      process.exit(2);
    }
    values[name] = name === 'truth' ? true : Number(words.shift());
  }
  return values;
}

// The line on which a function of the main script begins.
function lineOf(guilty) {
  const text = fs.readFileSync(process.argv[1], 'utf8');
  return text.slice(0, text.indexOf(guilty.toString())).split('\n').length;
}

// truth: {id, expected, acceptable, guilty: the function to blame, load, peer, env: variables that it
// is to be started with}. Returns the options; ends the process when --truth asks for it, or else when
// its seconds are over.
function start({ id, expected, acceptable, guilty, load, peer, env }) {
  const program = options();
  if (program.truth) {
    console.log(JSON.stringify({
      id, expected: program.strength > 0 ? expected : [], acceptable,
      ...guilty && { function: guilty.name, line: lineOf(guilty) },
      ...load && { load }, ...peer && { peer }, ...env && { env: env(program) },
      file: path.basename(process.argv[1]),
    }));
    process.exit(0);
  }
  program.requests = 0;
  setTimeout(() => process.exit(0), program.seconds * 1000).unref();
  return program;
}

// True for that share of calls, evenly spread.
function hasDefect(program, nth) {
  return Math.floor((nth + 1) * program.strength / 100) > Math.floor(nth * program.strength / 100);
}

// An HTTP server. The handler is node's own listener, with nothing of ours around it; requests are
// counted in program.requests.
function serve(program, handle) {
  const server = http.createServer(handle);
  server.listen(program.port, '127.0.0.1', () =>
    process.stderr.write(`listening on ${server.address().port}\n`));
  return server;
}

module.exports = { start, hasDefect, serve };
