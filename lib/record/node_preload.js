// SPDX-License-Identifier: MIT
//
// Runs in every Node.js process of the target before its program, and tells prof what cannot be
// seen from outside: pauses of the collector, the heap's size, the loop's delay. It lies beside a
// folder 'data', makes one file there for each process and appends records of eight doubles to it
// (node_record.h lists them), so that nothing is lost when the process is killed.
//
// It must not change the program: it prints nothing, holds no loop open, throws nothing, and is
// silent where it does not belong. It has to run on Node.js 12.
'use strict';

(() => {
  const PERIOD_MS = 250;
  const RESOLUTION_MS = 10;
  const PAUSES_MAX = 32; // written one by one in a period; more are added up
  const FILE_BYTES_MAX = 64 << 20;
  const RESOURCES_SLOW_MS = 0.5; // a count that takes longer is made every 10 s only
  const HEADER = 0, PERIOD = 1, PAUSE = 2, AFTER_MAJOR = 3;
  const MAGIC = 0x70726f66, VERSION = 1;

  // Package managers start the program that is meant; their own heap is nobody's concern.
  const WRAPPERS = /^(npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack)(-cli)?(-[\d.]+)?(\.[cm]?js)?$/;

  function belongs() {
    const script = (process.argv[1] || '').split('/').pop();
    return require('worker_threads').isMainThread && !WRAPPERS.test(script) &&
      !process.execArgv.includes('--build-snapshot');
  }

  function start() {
    const fs = require('fs'), v8 = require('v8');
    const { PerformanceObserver, performance, constants, monitorEventLoopDelay } =
      require('perf_hooks');
    // The program may replace these by clocks of its own making.
    const hrtime = process.hrtime, nowMs = performance.now.bind(performance);
    const resourcesOf = process.getActiveResourcesInfo;
    const monotonicNs = () => { const [s, ns] = hrtime(); return s * 1e9 + ns; };
    const originNs = monotonicNs() - nowMs() * 1e6;

    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = fs.constants;
    const fd = fs.openSync(`${__dirname}/data/${process.pid}.${monotonicNs()}`,
      O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    const inode = fs.fstatSync(fd).ino;
    let words = [], written = 0, timer = null;

    function flush() {
      const bytes = Buffer.from(Float64Array.from(words).buffer);
      words = [];
      // A program that closes descriptors it does not know may have given the number to another.
      if (written + bytes.length > FILE_BYTES_MAX || fs.fstatSync(fd).ino !== inode)
        throw new Error('no place to write to');
      fs.writeSync(fd, bytes);
      written += bytes.length;
    }

    const kinds = [[constants.NODE_PERFORMANCE_GC_MINOR, 1], [constants.NODE_PERFORMANCE_GC_MAJOR, 2],
      [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 3], [constants.NODE_PERFORMANCE_GC_WEAKCB, 4]];
    const kindOf = new Map(kinds);
    let pauses = 0, sums = new Map();

    function addPause(entry) {
      const kind = kindOf.get(entry.detail ? entry.detail.kind : entry.kind) || 0;
      const startNs = originNs + entry.startTime * 1e6, ns = entry.duration * 1e6;
      if (++pauses <= PAUSES_MAX) {
        words.push(PAUSE, startNs, ns, kind, 1, ns, 0, 0);
      } else {
        const sum = sums.get(kind) || { startNs, ns: 0, count: 0, maxNs: 0 };
        sum.ns += ns;
        sum.count++;
        sum.maxNs = Math.max(sum.maxNs, ns);
        sums.set(kind, sum);
      }
      return kind === 2;
    }

    function onPauses(list) {
      let major = false;
      for (const entry of list.getEntries()) major = addPause(entry) || major;
      if (!major) return;
      const heap = v8.getHeapStatistics();
      words.push(AFTER_MAJOR, monotonicNs(), heap.used_heap_size, heap.external_memory, 0, 0, 0, 0);
    }

    const delays = monitorEventLoopDelay && monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    const utilisation = performance.eventLoopUtilization;
    let lastUse = utilisation && utilisation(), rest = 0, resources = NaN;

    function countResources() {
      if (!resourcesOf || rest-- > 0) return;
      const before = nowMs();
      resources = resourcesOf.call(process).length;
      rest = nowMs() - before > RESOURCES_SLOW_MS ? 10000 / PERIOD_MS : 1000 / PERIOD_MS;
    }

    function takeDelay() {
      if (!delays) return NaN;
      const ns = Math.max(0, delays.max - RESOLUTION_MS * 1e6); // max holds the interval itself
      delays.reset();
      return ns;
    }

    function takeUse() {
      if (!utilisation) return NaN;
      const now = utilisation(), use = utilisation(now, lastUse).utilization;
      lastUse = now;
      return use;
    }

    function period() {
      for (const [kind, sum] of sums)
        words.push(PAUSE, sum.startNs, sum.ns, kind, sum.count, sum.maxNs, 0, 0);
      sums = new Map();
      pauses = 0;
      countResources();
      const heap = v8.getHeapStatistics();
      words.push(PERIOD, monotonicNs(), takeDelay(), takeUse(), heap.used_heap_size,
        heap.external_memory === undefined ? NaN : heap.external_memory, resources, 0);
      flush();
    }

    const observer = new PerformanceObserver((list) => { try { onPauses(list); } catch { stop(); } });
    function stop() {
      clearInterval(timer);
      observer.disconnect();
      if (delays) delays.disable();
    }
    const safePeriod = () => { try { period(); } catch { stop(); } };

    words.push(HEADER, monotonicNs(), MAGIC, VERSION, process.pid, 0, 0, 0);
    flush();
    observer.observe({ entryTypes: ['gc'] });
    if (delays) delays.enable();
    timer = setInterval(safePeriod, PERIOD_MS);
    timer.unref();
    process.on('exit', safePeriod);
  }

  try {
    if (belongs()) start();
  } catch {
    // Without rights, without a disk, in a program that forbids it: then prof goes without.
  }
})();
