// SPDX-License-Identifier: MIT
/*
 * The page's scripts and style, which assets.S takes into the program: the files of web/ one after
 * the other, in the order in which they are to run.
 */
#ifndef PROF_FLAMEGRAPH_ASSETS_H
#define PROF_FLAMEGRAPH_ASSETS_H

#include "base/slice.h"
#include "base/strbuf.h"

struct slice assets_script(void);
struct slice assets_style(void);

/*
 * The same without comment lines and indentation, which a reader of the page does not need. Holds
 * because web/ has no block comments inside code and no literal that spans lines.
 */
void assets_squeeze(struct strbuf *out, struct slice source);

#endif
