// SPDX-License-Identifier: MIT
// Synthetic folded stacks: `node gen_folded.mjs STACKS > out.folded`. 20,000 names of 15 to 55 characters drawn
// cubic-skewed, depth 20 to 60, stacks that share prefixes as recorded ones do (about 3 tree nodes a stack).
// The same number gives the same bytes.

import { writeSync } from 'node:fs';

const SYMBOLS = 20000;
const stacks = Number(process.argv[2] || 10000);
let seed = 0x9e3779b9;

function random() {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) / 4294967296;
}

const words = ['parse', 'read', 'buffer', 'node', 'handle', 'request', 'stream', 'map', 'alloc', 'tree', 'find', 'insert', 'hash', 'write', 'loop', 'event', 'string', 'copy', 'lock', 'queue'];
const pick = (list) => list[Math.floor(random() * list.length)];
const symbols = Array.from({ length: SYMBOLS }, (_, i) => {
    let name = pick(words) + '::' + pick(words) + '_' + pick(words);
    while (name.length < 15 + random() * 35) name += '_' + pick(words);
    return name + '_' + i;
});
const draw = () => symbols[Math.floor(SYMBOLS * random() ** 3)];

let path = [];
let text = '';
for (let i = 0; i < stacks; i++) {
    const depth = 20 + Math.floor(random() * 40);
    const keep = Math.max(0, Math.min(path.length, depth) - 1 - Math.floor(4 * random() ** 2));
    path.length = i % 500 === 0 ? 0 : keep;
    const target = Math.min(60, Math.max(20, path.length + 1 + Math.floor(random() * 5)));
    while (path.length < target) path.push(draw());
    text += path.join(';') + ' ' + (1 + Math.floor(random() * 4)) + '\n';
    if (text.length > 1 << 20) {
        writeSync(1, text);
        text = '';
    }
}
writeSync(1, text);
