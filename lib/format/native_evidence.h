// SPDX-License-Identifier: MIT
/*
 * Chunks of FILE.prof that hold evidence (profile/evidence.h): their readers, rows of the table in
 * native_payload.c. Each reads what stands between r->at and r->end and doubts every number.
 */
#ifndef PROF_FORMAT_NATIVE_EVIDENCE_H
#define PROF_FORMAT_NATIVE_EVIDENCE_H

#include <stdbool.h>

#include "format/native_payload.h"

bool native_read_channel(struct native_payload *r);
bool native_read_spans(struct native_payload *r);
bool native_read_histograms(struct native_payload *r);
bool native_read_tallies(struct native_payload *r);
bool native_read_facts(struct native_payload *r);

#endif
