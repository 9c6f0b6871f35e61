// SPDX-License-Identifier: MIT
/*
 * The pages' scripts and styles, which assets.S takes into the program: the files of web/ one after
 * the other, in the order in which they are to run. shell.c puts them together for each page.
 */
#ifndef PROF_FLAMEGRAPH_ASSETS_H
#define PROF_FLAMEGRAPH_ASSETS_H

#include "base/slice.h"
#include "base/strbuf.h"

enum asset {
    ASSET_BOOT,   /* stands in the page as it is, and unpacks the page's other script and style */
    ASSET_SCRIPT, /* of every page */
    ASSET_FLAME_SCRIPT,
    ASSET_DOCTOR_SCRIPT,
    ASSET_STYLE, /* of every page; these stand in the page as they are */
    ASSET_DOCTOR_STYLE,
    ASSET_APP_STYLE, /* of the interactive graph */
    ASSET_FLAME_APP_STYLE,
    ASSET_DOCTOR_APP_STYLE,
    ASSETS,
};

struct slice asset_text(enum asset asset);

/*
 * The same without comment lines and indentation, which a reader of the page does not need. Holds
 * because web/ has no block comments inside code and no literal that spans lines.
 */
void asset_squeeze(struct strbuf *out, struct slice source);

#endif
