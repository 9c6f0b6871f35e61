// SPDX-License-Identifier: MIT
// import.js FILE: reads FILE with the importer of the speedscope package itself and prints what it
// understood: each profile's name, unit, total weight and folded stacks.
//
// The package ships one bundle for the browser. The importer in it needs no page, so the bundle is
// run with the few globals that its top level touches and left just before it would draw.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');

function bundlePath() {
    const folder = path.join(__dirname, 'node_modules/speedscope/dist/release');
    const name = fs.readdirSync(folder).find((file) => /^speedscope-.*\.js$/.test(file));
    if (!name)
        throw new Error(`no speedscope bundle in ${folder}: run npm ci there`);
    return path.join(folder, name);
}

// The name of the bundle's importer module differs from build to build; what it exports does not.
function exposeImporter(code) {
    const exportsName = /(\w+),\{importFromFileSystemDirectoryEntry:/.exec(code)[1];
    const load = new RegExp(`\\.then\\(\\(\\)=>(\\(\\w+\\(\\),${exportsName}\\))\\)`).exec(code)[1];
    const start = code.lastIndexOf('console.log(`speedscope v');
    if (start < 0)
        throw new Error('the bundle is not as expected: look at how it starts');
    return code.slice(0, start) + `globalThis.importer=${load};` + '})();';
}

function fakeElement() {
    return { style: {}, appendChild() {}, setAttribute() {}, addEventListener() {},
        getContext: () => null, classList: { add() {} } };
}

function loadImporter() {
    const sandbox = { console, TextDecoder, TextEncoder, URL, setTimeout, clearTimeout, Buffer,
        performance, Promise, atob, btoa };
    sandbox.window = sandbox.self = sandbox.globalThis = sandbox;
    sandbox.location = { hash: '', protocol: 'file:', href: 'file:///' };
    sandbox.navigator = { userAgent: '', platform: '' };
    sandbox.localStorage = { getItem: () => null, setItem() {} };
    sandbox.matchMedia = () => ({ matches: false, addListener() {}, addEventListener() {} });
    sandbox.addEventListener = sandbox.requestAnimationFrame = () => {};
    sandbox.document = { ...fakeElement(), createElement: fakeElement, createTextNode: fakeElement,
        head: fakeElement(), body: fakeElement(), documentElement: fakeElement(),
        getElementsByTagName: () => [fakeElement()], querySelector: () => null };
    vm.createContext(sandbox);
    vm.runInContext(exposeImporter(fs.readFileSync(bundlePath(), 'utf8')), sandbox);
    return sandbox.importer;
}

function folded(profile) {
    const stacks = new Map();
    const stack = [];
    let last = 0;
    const add = (value) => {
        if (value > last && stack.length) {
            const key = stack.join(';');
            stacks.set(key, (stacks.get(key) || 0) + value - last);
        }
        last = value;
    };
    profile.forEachCall(
        (node, value) => { add(value); stack.push(node.frame.name); },
        (node, value) => { add(value); stack.pop(); });
    return [...stacks].map(([key, weight]) => `  ${key} ${weight}`).sort();
}

async function main() {
    const file = process.argv[2];
    const importer = loadImporter();
    const bytes = fs.readFileSync(file);
    const group = /\.json$/.test(file)
        ? await importer.importProfileGroupFromText(path.basename(file), bytes.toString('utf8'))
        : await importer.importProfilesFromArrayBuffer(path.basename(file),
            bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    if (!group)
        throw new Error('speedscope does not know this format');
    console.log(`group ${JSON.stringify(group.name)}, shows profile ${group.indexToView}`);
    for (const profile of group.profiles) {
        console.log(`profile ${JSON.stringify(profile.getName())} ${profile.getWeightUnit()} ` +
            `${profile.getTotalNonIdleWeight()}`);
        for (const line of folded(profile))
            console.log(JSON.stringify(line).slice(1, -1));
    }
}

main().catch((e) => { console.error(`import.js: ${e.stack}`); process.exit(1); });
