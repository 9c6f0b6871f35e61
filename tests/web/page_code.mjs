// SPDX-License-Identifier: MIT
// The page's scripts in Node, without a browser: the files that assets.S names, in its order, as one script.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import zlib from 'node:zlib';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

const BROWSER_ONLY = ['boot.js', 'main.js', 'flame.js', 'doctor.js'];

// Everything that the scripts define at their top level and that `names` lists.
export function pageCode(...names) {
    const order = [...readFileSync(join(ROOT, 'flamegraph/assets.S'), 'utf8').matchAll(/\.incbin "(.*\.js)"/g)].map((m) => m[1]);
    const files = order.filter((file) => !BROWSER_ONLY.includes(file.split('/').pop()));
    const source = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    return vm.runInNewContext(source + ';({' + names.join(',') + '})', { TextDecoder, URL, Blob, console });
}

export function profProgram() {
    const choices = [process.env.PROF, join(process.env.B || join(ROOT, 'build'), 'prof')];
    const found = choices.find((path) => path && existsSync(path));
    if (!found) throw new Error('no prof program: run make first, or set PROF');
    return found;
}

const folder = mkdtempSync(join(tmpdir(), 'prof-web-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// A report of the given input text; ending names the format. Returns the page's path.
export function makeReport(name, ending, text, ...options) {
    const input = join(folder, name + ending);
    const output = join(folder, name + '.html');
    writeFileSync(input, text);
    execFileSync(profProgram(), ['report', input, '-q', '-o', output, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
    return output;
}

// The doctor's page of a made-up server in one of its states (make_doctor.c). Returns the page's path.
export function makeDoctor(scenario) {
    const program = join(process.env.B || join(ROOT, 'build'), 'web/make_doctor');
    if (!existsSync(program)) throw new Error('no make_doctor program: run make test-build first, or set B');
    const output = join(folder, 'doctor-' + scenario + '.html');
    if (!existsSync(output)) execFileSync(program, [scenario, join(ROOT, 'tests/web/fixture/server.js'), output], { stdio: ['ignore', 'ignore', 'ignore'] });
    return output;
}

export function pageBlock(html, id) {
    const found = new RegExp('id="' + id + '">([^<]*)</script>').exec(html);
    return found ? new Uint8Array(zlib.inflateSync(Buffer.from(found[1], 'base64'))) : null;
}

export function pageFacts(html) {
    return JSON.parse(/id="facts-data">([^<]*)<\/script>/.exec(html)[1]);
}

// The page's Model over a report file.
export async function pageModel(path) {
    const html = readFileSync(path, 'utf8');
    const { Model, STATE_FIRST } = pageCode('Model', 'STATE_FIRST');
    const model = await Model.open(pageFacts(html), async (id) => pageBlock(html, id));
    return { model, first: STATE_FIRST, html };
}

// perf script text: samples of [seconds, pid, tid, [frames, outermost first]], 1 ms of CPU each.
export function perfScript(samples) {
    return samples.map(([time, pid, tid, frames]) => `prog ${pid}/${tid} ${time.toFixed(6)}:    1000000 cpu-clock: \n` +
        [...frames].reverse().map((f, i) => `\t${(0x1000 + i).toString(16).padStart(16)} ${f}+0x10 (/opt/app/prog)\n`).join('')).join('\n') + '\n';
}
