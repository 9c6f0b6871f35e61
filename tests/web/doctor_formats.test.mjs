// SPDX-License-Identifier: MIT
// The doctor's formats for machines, of the states that tests/web/make_doctor.c makes: JSON against its schema,
// JUnit by an XML parser, annotations and Markdown by their syntax; names that try to break out of each.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Ajv from 'ajv';
import { ROOT, profProgram } from './page_code.mjs';

const maker = join(process.env.B || join(ROOT, 'build'), 'web/make_doctor');
const SCENARIOS = ['one', 'eight', 'disturbed', 'healthy', 'gate', 'unknown', 'hostile', 'empty'];
const folder = mkdtempSync(join(tmpdir(), 'prof-formats-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
if (!existsSync(maker)) throw new Error(`there is no ${maker}: run make test-build first, or set B`);
const schema = JSON.parse(readFileSync(join(ROOT, 'docs/doctor.schema.json'), 'utf8'));
const valid = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

function made(scenario, ending) {
    const out = join(folder, scenario + ending);
    execFileSync(maker, [scenario, join(ROOT, 'tests/web/fixture/server.js'), out], { stdio: 'ignore' });
    return readFileSync(out, 'utf8');
}

for (const scenario of SCENARIOS) {
    test(`json of ${scenario} follows the schema`, () => {
        const text = made(scenario, '.json');
        const doctor = JSON.parse(text);
        assert.ok(valid(doctor), JSON.stringify(valid.errors, null, 1));
        assert.equal(made(scenario, '.json'), text, 'the same bytes again');
        assert.doesNotMatch(text, /[<>&]/);
        const flagged = doctor.findings.filter((f) => f.severity !== 'info');
        if (flagged.length) assert.equal(doctor.verdict, flagged[0].id);
    });

    test(`junit of ${scenario} is XML and counts right`, () => {
        const doctor = JSON.parse(made(scenario, '.json'));
        made(scenario, '.xml');
        const count = 'import sys, xml.etree.ElementTree as E; s = E.parse(sys.argv[1]).getroot()[0];'
            + 'n = lambda t: len(list(s.iter(t)));'
            + 'print(*(s.get(k) for k in ("tests", "failures", "skipped")), n("testcase"), n("failure"), n("skipped"))';
        const run = spawnSync('python3', ['-c', count, join(folder, scenario + '.xml')], { encoding: 'utf8' });
        const [tests, failures, skipped, ...elements] = run.stdout.trim().split(' ').map(Number);
        assert.deepEqual([tests, failures, skipped], elements, run.stderr);
        assert.equal(failures, doctor.findings.filter((f) => f.severity !== 'info').length);
        assert.equal(tests, doctor.findings.length + doctor.healthy.length + doctor.not_seen.length);
        assert.equal(skipped, doctor.not_seen.length);
    });

    test(`annotations of ${scenario} are one line for each finding`, () => {
        const doctor = JSON.parse(made(scenario, '.json'));
        const lines = made(scenario, '.github').trimEnd().split('\n');
        assert.equal(lines.length, Math.max(1, doctor.findings.length));
        for (const line of lines) {
            const parts = /^::(notice|warning|error) ([^:]*)::(.*)$/.exec(line);
            assert.ok(parts, line);
            const names = parts[2].split(',').map((property) => property.split('=')[0]);
            for (const name of names) assert.ok(['file', 'line', 'title'].includes(name), line);
            assert.doesNotMatch(parts[3], /%(?!25|0A|0D)/);
        }
        const words = { info: 'notice', warning: 'warning', critical: 'error' };
        doctor.findings.forEach((f, i) => assert.ok(lines[i].startsWith(`::${words[f.severity]} `), lines[i]));
    });

    test(`text of ${scenario} holds no control bytes and keeps its width`, () => {
        const text = made(scenario, '.txt');
        assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        assert.match(text, /^verdict: /m);
        // A command is there to be copied, so its line is not broken.
        const lines = text.split('\n').filter((line, i, all) => all[i - 1]?.trim() !== 'to confirm:');
        for (const line of lines) assert.ok([...line].length <= 80, line);
    });

    test(`markdown of ${scenario} has no markup but ours`, () => {
        const text = made(scenario, '.md');
        const prose = text.replace(/`[^`\n]*`/g, '');
        assert.doesNotMatch(prose.replace(/<\/?(details|summary)>|^> /gm, ''), /[<>@]|\]\(|:\/\//, 'outside of code spans');
        assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f]/);
        const doctor = JSON.parse(made(scenario, '.json'));
        for (const finding of doctor.findings) assert.ok(text.includes('`' + finding.id + '`'));
    });
}

test('a recording without evidence is valid too, and says what was not seen', () => {
    for (const name of ['sample.prof', 'version-1.0.prof', 'node.perfscript', 'plain.folded', 'flat.cpuprofile']) {
        const text = execFileSync(profProgram(), ['report', join(ROOT, 'tests/golden/input', name), '-q', '--view', 'doctor',
            '--format', 'json', '-o', '-'], { encoding: 'utf8' });
        const doctor = JSON.parse(text);
        assert.ok(valid(doctor), name + JSON.stringify(valid.errors, null, 1));
        assert.ok(doctor.not_seen.length > 0, name);
    }
});

test('the schema refuses what is not a diagnosis', () => {
    assert.ok(!valid({ version: 1 }));
    const doctor = { version: 2 };
    assert.ok(!valid(doctor));
});
