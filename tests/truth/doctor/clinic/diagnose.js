// SPDX-License-Identifier: MIT
// diagnose.js PROGRAM [ARGS...]: what clinic doctor says of a Node program, as one line of JSON:
// {"category": "event-loop"}. Uses its own collection and its own analysis; draws no page. The
// program is a file for node and ends by itself.
'use strict';
const fs = require('fs');
const { pipeline } = require('stream');
const ClinicDoctor = require('@clinic/doctor');
const Analysis = require('@clinic/doctor/analysis/index.js');
const SystemInfoDecoder = require('@clinic/doctor/format/system-info-decoder.js');
const TraceEventDecoder = require('@clinic/doctor/format/trace-event-decoder.js');
const ProcessStatDecoder = require('@clinic/doctor/format/process-stat-decoder.js');
const getLoggingPaths = require('@clinic/clinic-common').getLoggingPaths('doctor');

function decode(path, decoder) {
  return pipeline(fs.createReadStream(path), decoder, () => {});
}

new ClinicDoctor().collect([process.execPath, ...process.argv.slice(2)], (error, folder) => {
  if (error) throw error;
  const paths = getLoggingPaths({ path: folder });
  const system = decode(paths['/systeminfo'], new SystemInfoDecoder());
  const analysis = new Analysis(system, decode(paths['/traceevent'], new TraceEventDecoder(system)),
    decode(paths['/processstat'], new ProcessStatDecoder()));
  analysis.on('data', (found) => console.log(JSON.stringify({ category: found.issueCategory })));
});
