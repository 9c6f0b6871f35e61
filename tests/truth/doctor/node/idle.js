// SPDX-License-Identifier: MIT
// Healthy: a server that two requests a second reach.
'use strict';
const { start, serve } = require('./program');

const program = start({ id: 'idle', expected: [], acceptable: ['under-driven'], load: '-c 1 -r 2' });
serve(program, (request, response) => response.end('hello\n'));
