// SPDX-License-Identifier: MIT
'use strict';
// node spin.js [SECONDS]: three functions with 60, 30 and 10 % of the CPU time, measured by the
// process's own clock; prints the shares.
const ns = { jsHotSixty: 0, jsHotThirty: 0, jsHotTen: 0 };

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function jsHotSixty(rounds) {
  let x = 1;
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}

function jsHotThirty(rounds) {
  let x = 1.5;
  for (let i = 0; i < rounds; i++) x = x * 1.000001 + 0.5 / x;
  return x;
}

function jsHotTen(rounds) {
  let text = '';
  for (let i = 0; i < rounds; i++) text = (text + String.fromCharCode(97 + (i % 26))).slice(-8);
  return text;
}

function turn(work, wantedNs) {
  const start = cpuNs();
  do work(20000); while (cpuNs() - start < wantedNs);
  ns[work.name] += cpuNs() - start;
}

const seconds = Number(process.argv[2] || 2);
if (!(seconds > 0 && seconds <= 3600)) {
  console.error('spin.js: seconds must be above 0 and at most 3600');
  process.exit(2);
}
const begin = cpuNs();
let seed = 1;
while (cpuNs() - begin < seconds * 1e9) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  const unitNs = 600000 + (seed >>> 8) % 1200000;
  turn(jsHotSixty, 6 * unitNs);
  turn(jsHotThirty, 3 * unitNs);
  turn(jsHotTen, unitNs);
}
const all = cpuNs() - begin;
const self = Object.fromEntries(Object.entries(ns).map(([name, used]) => [name, used / all]));
console.log(JSON.stringify({ total: self, cpu_ns: all }));
