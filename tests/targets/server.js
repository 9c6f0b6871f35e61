// SPDX-License-Identifier: MIT
'use strict';
// node server.js [PORT]: GET / says hello; GET /fib/N computes a Fibonacci number in fibonacci(),
// GET /sort sorts in sortNumbers(), GET /cpu tells the CPU time used so far. Prints its port; ends by
// itself after two minutes.
const http = require('http');

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function sortNumbers(count) {
  const numbers = [];
  let seed = 1;
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    numbers.push(seed);
  }
  numbers.sort(function compareNumbers(a, b) { return a - b; });
  return numbers[count >> 1];
}

const server = http.createServer(function handleRequest(request, response) {
  const fib = /^\/fib\/(\d{1,2})$/.exec(request.url);
  let body = 'hello\n';
  if (fib) body = `${fibonacci(Math.min(Number(fib[1]), 38))}\n`;
  else if (request.url === '/cpu') body = JSON.stringify(process.cpuUsage());
  else if (request.url === '/sort') body = `${sortNumbers(20000)}\n`;
  response.end(body);
});

server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
setTimeout(() => process.exit(0), 120000).unref();
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
