// SPDX-License-Identifier: MIT
/* Text as the content or an attribute of HTML and XML: & < > " and ' become references. */
#ifndef PROF_BASE_MARKUP_H
#define PROF_BASE_MARKUP_H

#include "base/slice.h"
#include "base/strbuf.h"

void markup_add(struct strbuf *out, struct slice text);

#endif
