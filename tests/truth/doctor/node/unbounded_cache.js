// SPDX-License-Identifier: MIT
// A cache of rendered pages by their whole address, query and all, so that hardly any entry is ever
// used twice. Without the defect it holds the last two hundred.
'use strict';
const { start, hasDefect, serve } = require('./program');

const cache = new Map();

function renderPage(address) {
  const lines = [];
  for (let i = 0; i < 800; i++) lines.push(`<tr><td>${address}</td><td>${i * 7}</td></tr>`);
  return Buffer.from(lines.join('\n'));
}

function cachedPage(address, bounded) {
  let page = cache.get(address);
  if (page === undefined) {
    page = renderPage(address);
    cache.set(address, page);
    if (bounded && cache.size > 200) cache.delete(cache.keys().next().value);
  }
  return page;
}

const program = start({
  id: 'unbounded-cache', expected: ['memory-growth'], acceptable: ['gc-pressure'],
  guilty: renderPage, load: '-c 4 -r 250',
});

serve(program, (request, response, nth = program.requests++) => {
  response.end(cachedPage(`${request.url}?session=${nth}`, !hasDefect(program, nth)));
});
