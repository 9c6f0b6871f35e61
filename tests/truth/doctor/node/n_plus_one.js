// SPDX-License-Identifier: MIT
// A page of thirty comments with their authors. With the defect each author is a query of its own,
// one after the other on one connection; without it one query brings all.
'use strict';
const net = require('net');
const { start, hasDefect, serve } = require('./program');

const queue = [];
let database;

function query(text) {
  return new Promise((resolve) => {
    queue.push(resolve);
    database.write(`${text}\n`);
  });
}

async function loadAuthors(ids) {
  const authors = [];
  for (const id of ids) authors.push(await query(`GET author${id}`));
  return authors;
}

const program = start({
  id: 'node-n-plus-one', expected: ['n-plus-one'], acceptable: ['downstream-wait'],
  guilty: loadAuthors, load: '-c 4 -r 15', peer: 'lines:1',
});

database = net.connect(program.peer, '127.0.0.1');
database.setNoDelay(true);
let rest = '';
database.on('data', (bytes) => {
  const lines = (rest + bytes).split('\n');
  rest = lines.pop();
  for (const line of lines) queue.shift()(line);
});

const ids = Array.from({ length: 30 }, (_, i) => i);
serve(program, async (request, response, nth = program.requests++) => {
  await query('GET comments');
  const authors = hasDefect(program, nth) ? await loadAuthors(ids)
    : await query(`GET ${ids.map((id) => `author${id}`).join(',')}`);
  response.end(`${authors.length}\n`);
});
