// SPDX-License-Identifier: MIT
// The flame page: one graph that fills the window.

async function start() {
    const facts = JSON.parse(byId('facts-data').textContent);
    const model = await Model.open(facts, blockBytes);
    byId('static').after(h('main', { id: 'app' }));
    const app = new App(model);
    await app.update();
    window.profReport = app;
    document.documentElement.dataset.ready = 'true';
}

start().catch(bootFailed);
