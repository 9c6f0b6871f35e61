// SPDX-License-Identifier: MIT
/*
 * The page's scripts and styles, which assets.S takes into the program: the files of web/ one after
 * the other, in the order in which they are to run.
 */
#ifndef PROF_FLAMEGRAPH_ASSETS_H
#define PROF_FLAMEGRAPH_ASSETS_H

#include "base/slice.h"
#include "base/strbuf.h"

enum asset {
    ASSET_BOOT, /* the script that stands in the page as it is, and unpacks the next two */
    ASSET_SCRIPT,
    ASSET_APP_STYLE, /* of the interactive report */
    ASSET_STYLE,     /* of the plain report; stands in the page as it is */
    ASSETS,
};

struct slice asset_text(enum asset asset);

/*
 * The same without comment lines and indentation, which a reader of the page does not need. Holds
 * because web/ has no block comments inside code and no literal that spans lines.
 */
void asset_squeeze(struct strbuf *out, struct slice source);

#endif
