// SPDX-License-Identifier: MIT
// A catalogue of 1.2 MB. With the defect each request parses, changes and writes all of it, without
// it one article.
'use strict';
const { start, hasDefect, serve } = require('./program');

const article = (i) => ({ id: i, name: `article ${i}`, tags: ['new', 'sale', 'blue'], price: i * 1.19 });
const catalogue = JSON.stringify(Array.from({ length: 16000 }, (_, i) => article(i)));

function changePrice(text, nth) {
  const articles = JSON.parse(text);
  articles[nth % articles.length].price *= 0.9;
  return JSON.stringify(articles);
}

const program = start({
  id: 'big-json', expected: ['json-heavy', 'loop-blocked-cpu'],
  acceptable: ['single-core', 'gc-pressure'], guilty: changePrice, load: '-c 4 -r 40',
});

serve(program, (request, response, nth = program.requests++) => {
  const one = JSON.stringify([article(nth)]);
  response.end(`${changePrice(hasDefect(program, nth) ? catalogue : one, nth).length}\n`);
});
