// SPDX-License-Identifier: MIT
// Healthy: says hello as fast as it is asked.
'use strict';
const { start, serve } = require('./program');

const program = start({ id: 'hello', expected: [], acceptable: [], load: '-c 16' });
serve(program, (request, response) => response.end('hello\n'));
