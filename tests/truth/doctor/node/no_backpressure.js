// SPDX-License-Identifier: MIT
// Sends each measurement to a slow subscriber. With the defect write()'s answer is not looked at and
// the data piles up in memory; without it what the subscriber cannot take is left out.
'use strict';
const net = require('net');
const { start, hasDefect } = require('./program');

function publish(socket, measurement) {
  socket.write(measurement);
}

const program = start({
  id: 'no-backpressure', expected: ['no-backpressure', 'memory-growth'], acceptable: ['gc-pressure'],
  guilty: publish, peer: 'http:1000',
});

const subscriber = net.connect(program.peer, '127.0.0.1');
let nth = 0;
const timer = setInterval(() => {
  for (let i = 0; i < 8; i++) {
    if (subscriber.writableNeedDrain && !hasDefect(program, nth++)) continue;
    publish(subscriber, Buffer.alloc(16384, `GET /${nth} HTTP/1.1\r\n\r\n`));
  }
}, 10);
subscriber.on('close', () => clearInterval(timer));
setTimeout(() => {}, program.seconds * 1000);
