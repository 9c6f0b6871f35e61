// SPDX-License-Identifier: MIT
// Source lines with their weight: from a program built here with debug data, recorded for a moment.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pageBlock, pageModel, profProgram } from './page_code.mjs';

const PROGRAM = `#include <stdio.h>
static volatile unsigned long sum; /* <b>&amp; </script> */
__attribute__((noinline)) static void spin(void)
{
    for (unsigned long i = 0; i < 3000000000ul; i++)
        sum += i;
}
int main(void)
{
    spin();
    return 0;
}
`;

const compiler = spawnSync('cc', ['--version']).status === 0;

test('hot lines have their weight and their text, unless source is not wanted', { skip: compiler ? false : 'no C compiler' }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'prof-source-'));
    try {
        const source = join(folder, 'spin.c');
        writeFileSync(source, PROGRAM);
        execFileSync('cc', ['-g', '-O1', '-o', join(folder, 'spin'), source]);
        const saved = join(folder, 'spin.prof');
        const recorded = spawnSync(profProgram(), ['record', '-q', '-d', '1', '-o', saved, '--', join(folder, 'spin')], { encoding: 'utf8' });
        if (recorded.status !== 0) return t.skip('cannot record here: ' + recorded.stderr);
        const report = (...options) => {
            const path = join(folder, 'spin.html');
            execFileSync(profProgram(), ['report', '-q', saved, '-o', path, ...options]);
            return path;
        };
        const { model, html } = await pageModel(report());
        const func = [...Array(model.names.funcs).keys()].find((f) => model.names.string(model.names.name[f]) === 'spin');
        const found = JSON.parse(new TextDecoder().decode(pageBlock(html, 'source-data')))[func];
        const hot = [...found.lines].sort((a, b) => b[3] - a[3])[0];
        assert.ok(hot[0] === 5 || hot[0] === 6, `line ${hot[0]} is the hottest`);
        assert.match(found.text[6 - found.from], /sum \+= i;/);
        const bare = readFileSync(report('--no-source'), 'utf8');
        const without = JSON.parse(new TextDecoder().decode(pageBlock(bare, 'source-data')))[func];
        assert.equal(without.text, undefined);
        assert.equal(without.lines.length, found.lines.length);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
    return undefined;
});
