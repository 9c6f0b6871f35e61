// SPDX-License-Identifier: MIT
// Renders pages. A library compiles its template for every page unless NODE_ENV is production, as
// template engines do; the suite says development.
'use strict';
const { start, serve } = require('./program');

const source = '<ul>' + '<li>{name} costs {price}</li>'.repeat(60) + '</ul>';
const compiled = new Map();

function compileTemplate(text) {
  const parts = text.split(/\{(\w+)\}/).map((part, i) => i % 2 ? `+ it.${part} +` : JSON.stringify(part));
  return new Function('it', `return ${parts.join(' ')};`);
}

function render(text, values) {
  const caching = process.env.NODE_ENV === 'production';
  const template = caching && compiled.get(text) || compileTemplate(text);
  if (caching) compiled.set(text, template);
  return template(values);
}

const program = start({
  id: 'dev-mode', expected: ['dev-mode'], acceptable: ['loop-blocked-cpu', 'interpreter-bound', 'gc-pressure', 'single-core'],
  guilty: compileTemplate, load: '-c 4 -r 400',
  env: ({ strength }) => ({ NODE_ENV: strength > 0 ? 'development' : 'production' }),
});

serve(program, (request, response, nth = program.requests++) => response.end(render(source, { name: 'chair', price: nth })));
