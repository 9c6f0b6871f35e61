// SPDX-License-Identifier: MIT
// The script becomes part of the program. The path is relative to the folder in which make runs.

    .section .rodata
    .global prof_node_preload
    .global prof_node_preload_end
prof_node_preload:
    .incbin "lib/record/node_preload.js"
prof_node_preload_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
